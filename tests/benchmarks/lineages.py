"""All ancestors and all descendants, beside the faster of two raw queries for them.

The raw sides are a recursive query over the index, and a frontier that asks for the next level of
many contents at once. Neither knows roles, versions or descriptions, and the recursive query no
distances. Ours is :func:`reach_of`, which answers contents with their distances.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from math import isqrt
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from braid_db.records.lineage import reach_of
from braid_db.store import Store
from braid_db.views import Direction
from tests.benchmarks.turns import ROUNDS, Compared, alternate, seconds_per_call
from tests.databases.shared import SharedServers

FAN_IN = 3
_AT_ONCE = 500
_MOST_ROUNDS = 201
"""How often a short question is asked: one that waits for others in between tells nothing."""

_TIME = "2026-01-01T00:00:00.000000Z"

Ask = Callable[[str, Sequence[Any]], Sequence[tuple[Any, ...]]]
Rows = Iterator[tuple[Any, ...]]


def chain(count: int) -> Iterator[tuple[int, int]]:
    """Yield predecessor and derived content of a chain, counted from 1."""
    return zip(range(1, count), range(2, count + 1), strict=True)


def layers(count: int) -> Iterator[tuple[int, int]]:
    """Yield as many layers as each has contents, derived from several of the layer before."""
    width = isqrt(count)
    for place in range(width, count):
        layer, across = divmod(place, width)
        for beside in range(FAN_IN):
            yield (layer - 1) * width + (across + beside) % width + 1, place + 1


SHAPES = {"chain": chain, "layers": layers}


def sqlite(shape: str, count: int, folder: Path) -> Iterator[Compared]:
    """Yield what lineage costs on SQLite, up and down."""
    path = folder / f"lineage-{shape}-{count}.db"
    with closing(Store(f"sqlite:///{path}")) as store:
        store.read(lambda tx: None)
        with closing(sqlite3.connect(path, isolation_level=None)) as raw:
            raw.execute("BEGIN")
            for table, columns, rows in tables(shape, count):
                marks = ", ".join("?" * len(columns))
                sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
                raw.executemany(sql, rows)
            raw.execute("COMMIT")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

            def ask(sql: str, values: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
                return raw.execute(sql, values).fetchall()

            yield from compared(f"{count:,}, {shape}, SQLite", store, ask, "?", count)


def postgresql(shape: str, count: int, servers: SharedServers) -> Iterator[Compared]:
    """Yield what lineage costs on PostgreSQL, up and down."""
    with servers.postgresql(durable=True).new_database() as url, closing(Store(url)) as store:
        store.read(lambda tx: None)
        parsed = make_url(url)
        place: dict[str, Any] = dict(parsed.query)
        connect = {"dbname": parsed.database, "user": parsed.username, **place}
        with psycopg.connect(autocommit=True, **connect) as raw:
            with raw.transaction(), raw.cursor() as cursor:
                for table, columns, rows in tables(shape, count):
                    sql = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
                    with cursor.copy(sql.encode()) as copy:
                        for row in rows:
                            copy.write_row(row)
            raw.execute("VACUUM ANALYZE")

            def ask(sql: str, values: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
                return raw.execute(sql.encode(), values, prepare=True).fetchall()

            yield from compared(f"{count:,}, {shape}, PostgreSQL", store, ask, "%s", count)


def tables(shape: str, count: int) -> Iterator[tuple[str, Sequence[str], Rows]]:
    """Yield the rows of a shape: tables, their columns, and values."""
    ids = range(1, count + 1)
    origin = f"{1:032x}"
    yield (
        "record",
        ("record_id", "uid", "origin", "kind", "current_version_id", "created_at"),
        ((n, f"{n:032x}", origin, "data", n, _TIME) for n in ids),
    )
    yield (
        "version",
        ("version_id", "uid", "record_id", "number", "content_id", "name", "created_at"),
        ((n, f"{n:032x}", n, 1, n, f"thing {n}", _TIME) for n in ids),
    )
    yield (
        "derivation",
        ("derived_id", "predecessor_id", "role", "created_at"),
        ((derived, source, "derived", _TIME) for source, derived in SHAPES[shape](count)),
    )


def compared(name: str, store: Store, ask: Ask, mark: str, count: int) -> Iterator[Compared]:
    """Yield both directions, each beside the raw query that is faster here."""
    for direction, start in ((Direction.UP, count), (Direction.DOWN, 1)):
        near, far = "derived_id", "predecessor_id"
        if direction is Direction.DOWN:
            near, far = far, near
        raws = [
            lambda near=near, far=far, start=start: recursive(ask, near, far, mark, start),
            lambda near=near, far=far, start=start: frontier(ask, near, far, mark, start),
        ]
        sizes = {raw() for raw in raws}
        best = min(raws, key=lambda raw: seconds_per_call(raw, 1))
        rounds = min(_MOST_ROUNDS, ROUNDS + int(1 / seconds_per_call(best, 1)))

        def ours(direction: Direction = direction, start: int = start) -> int:
            found = store.read(lambda tx: reach_of(tx, start, direction=direction))
            return len(found.contents)

        found = ours()
        assert sizes == {found}, (sizes, found)
        which = "recursive query" if best is raws[0] else "frontier"
        yield alternate(
            f"{direction} {name}: {found:,} ({which})",
            lambda ours=ours: seconds_per_call(ours, 1),
            lambda best=best: seconds_per_call(best, 1),
            at_most=1.5,
            rounds=rounds,
        )


def recursive(ask: Ask, near: str, far: str, mark: str, start: int) -> int:
    """Return how many contents one recursive query finds."""
    sql = f"""WITH RECURSIVE reach(content) AS (SELECT CAST({mark} AS BIGINT) UNION
    SELECT {far} FROM derivation JOIN reach ON {near} = content) SELECT content FROM reach"""
    return len(ask(sql, (start,)))


def frontier(ask: Ask, near: str, far: str, mark: str, start: int) -> int:
    """Return how many contents are found by asking for one level after another."""
    found, front = {start}, [start]
    while front:
        beyond: set[int] = set()
        for at in range(0, len(front), _AT_ONCE):
            group = front[at : at + _AT_ONCE]
            marks = ", ".join([mark] * len(group))
            sql = f"SELECT {far} FROM derivation WHERE {near} IN ({marks})"
            beyond.update(row[0] for row in ask(sql, group))
        front = list(beyond - found)
        found.update(front)
    return len(found)
