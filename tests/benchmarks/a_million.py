"""A database of a million records with tags, URIs and runs, filled past the use cases.

The tables and indexes are the real ones. Rows go in through the raw driver, and the indexes are
made anew afterwards, as that takes a third of the time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import psycopg
from sqlalchemy import make_url

from braid_db.model import Kind, TagType
from braid_db.store import Store

RECORDS = 1_000_000
RECORDS_A_RUN = 20
KINDS = (Kind.STEP, Kind.DATA, Kind.DATA, Kind.FACT, Kind.DATA, Kind.MODEL)
T = "2026-01-{day:02}T{hour:02}:00:00.000000Z"

Row = tuple[Any, ...]

COLUMNS = {
    "run": "run_id, flow_id, created_at",
    "record": "record_id, uid, origin, kind, run_id, current_version_id, created_at",
    "version": "version_id, uid, record_id, number, content_id, name, sha256, created_at",
    "tag": "record_id, key, type, value, num, since, created_at",
    "uri": "record_id, position, uri, since, created_at",
}


def loss_of(number: int) -> float:
    """Return a loss between 0 and 1: each once, and without any order."""
    return (number * 611_953 % RECORDS) / RECORDS


def time_of(number: int) -> str:
    """Return when a record was made: over the days of a month, in order."""
    hours = number * 28 * 24 // RECORDS
    return T.format(day=1 + hours // 24 % 28, hour=hours % 24)


def rows_of(table: str) -> Iterator[Row]:
    """Yield the rows of a table, for the columns that are named above."""
    for n in range(1, RECORDS + 1):
        yield from _ROWS[table](n)


def _run(n: int) -> Iterator[Row]:
    if n % RECORDS_A_RUN == 0:
        yield f"run-{n // RECORDS_A_RUN}", "flow", time_of(n)


def _record(n: int) -> Iterator[Row]:
    run_id = f"run-{1 + (n - 1) // RECORDS_A_RUN}"
    yield n, f"{n:032x}", "0" * 32, KINDS[n % len(KINDS)].value, run_id, n, time_of(n)


def _version(n: int) -> Iterator[Row]:
    yield n, f"{n:032x}", n, 1, n, f"scan {n:07}", f"{n * 2**200 + n:064x}", time_of(n)


def _tag(n: int) -> Iterator[Row]:
    loss = loss_of(n)
    yield n, "loss", TagType.FLOAT.value, repr(loss), loss, 1, time_of(n)
    yield n, "beamline", TagType.STRING.value, f"{n % 10}-ID", None, 1, time_of(n)
    yield n, "frame", TagType.INTEGER.value, str(n), float(n), 1, time_of(n)


def _uri(n: int) -> Iterator[Row]:
    yield n, 0, f"file://beamline/data/{n % 100}/scan-{n:07}.h5", 1, time_of(n)


_ROWS: dict[str, Callable[[int], Iterator[Row]]] = {
    "run": _run,
    "record": _record,
    "version": _version,
    "tag": _tag,
    "uri": _uri,
}


def fill(url: str) -> None:
    """Make a provenance database and fill it."""
    store = Store(url)
    store.read(lambda tx: None)
    store.close()
    if make_url(url).get_backend_name() == "sqlite":
        fill_sqlite(str(make_url(url).database))
    else:
        fill_postgresql(url)


def fill_sqlite(path: str) -> None:
    """Fill an SQLite file, without syncing it."""
    connection = sqlite3.connect(path, isolation_level=None)
    run = connection.execute
    run("PRAGMA synchronous=OFF")
    run("PRAGMA cache_size=-200000")
    made = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    indexes = run(made).fetchall()
    run("BEGIN")
    for name, _ in indexes:
        run(f"DROP INDEX {name}")
    for table, columns in COLUMNS.items():
        marks = ", ".join("?" * (columns.count(",") + 1))
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows_of(table))
    for _, sql in indexes:
        run(sql)
    run("COMMIT")
    run("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def fill_postgresql(url: str) -> None:
    """Fill a PostgreSQL database, and let it see what it holds as its autovacuum would."""
    with connected(url) as connection:
        constrained = "SELECT conindid FROM pg_constraint WHERE conindid <> 0"
        made = connection.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index JOIN "
            f"pg_class ON oid = indrelid WHERE relnamespace = 'public'::regnamespace AND "
            f"indexrelid NOT IN ({constrained})".encode()
        ).fetchall()
        run_all(connection, (f"DROP INDEX {name}" for name, _ in made))
        for table, columns in COLUMNS.items():
            with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                for row in rows_of(table):
                    copy.write_row(row)
        run_all(connection, [sql for _, sql in made])
        run_all(connection, ["VACUUM ANALYZE"])


def run_all(connection: psycopg.Connection[Any], statements: Iterable[str]) -> None:
    """Run statements, one by one."""
    for sql in statements:
        connection.execute(sql.encode())


def connected(url: str) -> psycopg.Connection[Any]:
    """Return a connection of the raw driver, which commits each statement."""
    parsed = make_url(url)
    place = {key: str(value) for key, value in parsed.query.items()}
    return psycopg.connect(dbname=parsed.database, user=parsed.username, autocommit=True, **place)
