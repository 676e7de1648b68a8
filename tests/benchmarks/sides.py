"""The two sides: the function's public door, and raw SQL that writes the same rows."""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import make_url

from braid_db.compute.sources import load, read_file
from braid_db.resources import folder

WRITTEN = ("record", "version", "derivation", "tag", "uri")
"""The tables that a call writes rows of, in an order that keeps their foreign keys."""

ROWS_A_CALL = {"record": 1, "version": 1, "derivation": 1, "tag": 4, "uri": 2}


def recorder(url: str) -> Callable[[], object]:
    """Return what records one step after another: 1 predecessor, 3 tags, 2 URIs."""
    os.environ["BRAID_DB_URL"] = url
    add = load(read_file(folder("functions") / "add_record_for_action_step.py"))
    number = itertools.count()
    previous = [add(step_name="the first")]

    def record() -> object:
        n = next(number)
        previous[0] = add(
            step_name=f"step {n}",
            tags={"frame": n, "fit": {"loss": 0.5 * n}, "sample": f"crystal {n}"},
            uris=[f"file:///data/run/{n}/image.h5", f"file:///data/run/{n}/spots.json"],
            previous_step_output=previous[0],
        )
        return previous[0]

    return record


class RawRows:
    """Rows like those of one recorded step, made anew for each call.

    :param rows: the rows of the last call that our side recorded, by table and column.
    """

    def __init__(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        self.rows = rows
        self.columns = {table: list(found[0]) for table, found in rows.items()}
        self.number = rows["record"][0]["record_id"]

    def next(self) -> dict[str, list[Sequence[Any]]]:
        """Return the rows of the next call, with ids of their own."""
        self.number += 1
        fresh = {
            "record_id": self.number,
            "version_id": self.number,
            "content_id": self.number,
            "current_version_id": self.number,
            "derived_id": self.number,
            "predecessor_id": self.number - 1,
        }
        return {
            table: [self._row(row, fresh) for row in found] for table, found in self.rows.items()
        }

    def _row(self, row: dict[str, Any], fresh: dict[str, Any]) -> Sequence[Any]:
        values = row | {name: value for name, value in fresh.items() if name in row}
        if "uid" in row:
            values["uid"] = uuid4().hex
        if "value" in row and row["type"] != 1:
            values |= {"value": str(self.number), "num": float(self.number)}
        if "uri" in row:
            values["uri"] = f"{row['uri']}{self.number}"
        return list(values.values())


class RawSqlite:
    """sqlite3 alone, on a database that our side began, with the pragmas that it has."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=60)
        self._pragma("journal_mode", "wal")
        self._pragma("synchronous", 2)
        self.rows = RawRows({table: self._last_rows(table) for table in WRITTEN})
        self.sql = {table: self._insertion(table) for table in WRITTEN}

    def _pragma(self, name: str, value: object) -> None:
        self.connection.execute(f"PRAGMA {name}={value}")
        [found] = self.connection.execute(f"PRAGMA {name}").fetchone()
        assert found == value, f"PRAGMA {name} is {found}"

    def _last_rows(self, table: str) -> list[dict[str, Any]]:
        cursor = self.connection.execute(last_rows(table))
        return without_numbers([column[0] for column in cursor.description], cursor)

    def _insertion(self, table: str) -> str:
        columns = self.rows.columns[table]
        return (
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        )

    def __call__(self) -> None:
        rows = self.rows.next()
        run = self.connection.execute
        run("BEGIN IMMEDIATE")
        for table in WRITTEN:
            for row in rows[table]:
                run(self.sql[table], row)
        run("COMMIT")


class RawPostgres:
    """psycopg alone: one statement, and so one round trip, writes all rows of a call."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        place = {key: str(value) for key, value in parsed.query.items()}
        self.connection = psycopg.connect(
            dbname=parsed.database, user=parsed.username, autocommit=True, **place
        )
        for name in ("fsync", "synchronous_commit"):
            found = self.connection.execute(f"SHOW {name}".encode()).fetchone()
            assert found == ("on",), f"{name} is {found}"
        self.rows = RawRows({table: self._last_rows(table) for table in WRITTEN})
        *first, last = [self._insertion(table) for table in WRITTEN]
        named = ", ".join(f"w{number} AS ({sql})" for number, sql in enumerate(first))
        self.sql = f"WITH {named} {last}".encode()

    def _last_rows(self, table: str) -> list[dict[str, Any]]:
        cursor = self.connection.execute(last_rows(table).encode())
        return without_numbers([column.name for column in cursor.description or ()], cursor)

    def _insertion(self, table: str) -> str:
        columns = self.rows.columns[table]
        marks = f"({', '.join(['%s'] * len(columns))})"
        values = ", ".join([marks] * len(self.rows.rows[table]))
        return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}"

    def __call__(self) -> None:
        rows = self.rows.next()
        values = [value for table in WRITTEN for row in rows[table] for value in row]
        self.connection.execute(self.sql, values, prepare=True)


def last_rows(table: str) -> str:
    """Return the SQL that reads the rows of the last call."""
    key = "derived_id" if table == "derivation" else f"{table}_id"
    return f"SELECT * FROM {table} ORDER BY {key} DESC LIMIT {ROWS_A_CALL[table]}"


def without_numbers(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return rows by column, without the keys that the database numbers."""
    kept = [dict(zip(names, row, strict=True)) for row in rows]
    return [{k: v for k, v in row.items() if k not in ("tag_id", "uri_id")} for row in kept]
