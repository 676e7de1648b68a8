"""Recalls that reach 100,000 contents, beside raw SQL that finds and writes the same rows.

The raw side is one recursive query over the derivations and one row for each content that it
finds, in one transaction: it knows no ways, no order of steps, no actions and no answer.
"""

from __future__ import annotations

import multiprocessing
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import psycopg
from sqlalchemy import make_url

from braid_db.model import Kind, Reference, Role
from braid_db.recall.recalls import invalidate
from braid_db.recall.targets import Targets
from braid_db.store import Store, Transaction
from tests.benchmarks.turns import Compared, alternate
from tests.databases.shared import SharedServers
from tests.records.planting import Edge, plant_edges, plant_records

CONTENTS = 100_000
MOST_MEGABYTES = 500
WIDTH = 1_000
FAN_IN = 3

Edges = Iterator[tuple[int, int]]
"""Places of a predecessor and of what was derived from it, counted from 0, which leads to all."""


def chain() -> Edges:
    """Yield a chain, each content derived from the one before."""
    for place in range(1, CONTENTS):
        yield place - 1, place


def fan_out() -> Edges:
    """Yield the derivations of all contents from one."""
    for place in range(1, CONTENTS):
        yield 0, place


def layers() -> Edges:
    """Yield layers; each content is derived from several of the layer before, the first from 0."""
    for place in range(1, CONTENTS):
        layer, across = divmod(place - 1, WIDTH)
        if layer == 0:
            yield 0, place
        else:
            for beside in range(FAN_IN):
                yield 1 + (layer - 1) * WIDTH + (across + beside) % WIDTH, place


SHAPES: dict[str, Callable[[], Edges]] = {"chain": chain, "layers": layers, "fan-out": fan_out}

_REACH = """
    WITH RECURSIVE reach(content) AS (
        SELECT CAST({root} AS BIGINT)
        UNION
        SELECT derived_id FROM derivation JOIN reach ON predecessor_id = content
        WHERE role <> 'transferred'
    )
    INSERT INTO invalidation SELECT {recall}, content, 'data', {at} FROM reach
"""
_RECALL = """
    INSERT INTO recall (recall_id, uid, version_id, cause, follow_order, cascades, created_at)
    VALUES ({recall}, '00000000-0000-0000-0000-000000000000', {root}, 'wrong', {no}, {yes}, {at})
"""


class RawSide(Protocol):
    """SQL without Braid-DB, on a database of the same rows."""

    def recall(self) -> None:
        """Recall the first content, and all that came of it."""

    def forget(self) -> None:
        """Leave no recall behind."""


class RawSqlite:
    """sqlite3 alone, as durable as our side but without its check of foreign keys."""

    def __init__(self, url: str) -> None:
        path = make_url(url).database
        assert path is not None
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._values = {
            "root": 1,
            "recall": 1,
            "no": 0,
            "yes": 1,
            "at": "2026-01-01T00:00:00.000000Z",
        }

    def recall(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for sql in (_RECALL, _REACH):
            named = sql.format(**{name: f":{name}" for name in self._values})
            self._connection.execute(named, self._values)
        self._connection.execute("COMMIT")

    def forget(self) -> None:
        for table in ("invalidation", "recall"):
            self._connection.execute(f"DELETE FROM {table}")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


class RawPostgres:
    """psycopg alone."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        place: dict[str, Any] = dict(parsed.query)
        self._connection = psycopg.connect(
            dbname=parsed.database, user=parsed.username, autocommit=True, **place
        )
        self._values = {"root": 1, "recall": 1, "at": "'2026-01-01 00:00:00+00'::timestamptz"}

    def recall(self) -> None:
        literals = self._values | {"no": "false", "yes": "true"}
        with self._connection.transaction():
            for sql in (_RECALL, _REACH):
                self._connection.execute(sql.format(**literals).encode())

    def forget(self) -> None:
        self._connection.execute("TRUNCATE action_run, invalidation, recall")
        self._connection.execute("VACUUM ANALYZE")
        self._connection.execute("CHECKPOINT")


def sqlite(shape: str, folder: Path) -> Compared:
    """Return what a recall of a shape costs on SQLite."""
    ours, raw = (f"sqlite:///{folder / shape}-{side}.db" for side in ("ours", "raw"))
    return _compare(f"{shape}, SQLite", shape, ours, raw, RawSqlite)


def postgresql(shape: str, servers: SharedServers) -> Compared:
    """Return what a recall of a shape costs on PostgreSQL."""
    server = servers.postgresql(durable=True)
    with server.new_database() as ours, server.new_database() as raw:
        return _compare(f"{shape}, PostgreSQL", shape, ours, raw, RawPostgres)


def _compare(
    name: str, shape: str, ours: str, raw: str, raw_side: Callable[[str], RawSide]
) -> Compared:
    """Return the comparison of two databases of the same rows."""
    for url in (ours, raw):
        with closing(Store(url)) as store:
            store.write(lambda tx: plant(tx, shape))
    clean, floor = raw_side(ours), raw_side(raw)
    clean.forget(), floor.forget()
    with recalling(ours) as recall:
        result = alternate(
            f"recall of {CONTENTS:,}, {name}",
            lambda: _timed(recall, clean.forget),
            lambda: _timed(floor.recall, floor.forget),
            at_most=2.0,
        )
    peak_mb = peak_megabytes(ours)
    print(f"{name}: a process that recalls takes {peak_mb:,.0f} MB at most")
    assert peak_mb < MOST_MEGABYTES, f"{name}: more than the {MOST_MEGABYTES} MB promised"
    return result


def plant(tx: Transaction, shape: str) -> None:
    """Write a shape's contents, in a database that holds no others."""
    ids = plant_records(tx, [Kind.DATA] * CONTENTS)
    edges: list[Edge] = [
        (ids[source], ids[derived], Role.DERIVED) for source, derived in SHAPES[shape]()
    ]
    plant_edges(tx, edges)


@contextmanager
def recalling(url: str) -> Iterator[Callable[[], None]]:
    """Let our side recall the first content, and all that came of it."""
    with closing(Store(url)) as store:
        yield partial(_recall, store)


def _recall(store: Store) -> None:
    targets = Targets(records=(Reference(1),))
    [made] = store.write(lambda tx: invalidate(tx, targets, cause="wrong"))
    assert sum(made.reached.values()) == CONTENTS


def _timed(work: Callable[[], None], forget: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    took = time.perf_counter() - start
    forget()
    return took


def peak_megabytes(url: str) -> float:
    """Return the most memory that a fresh process holds which does nothing but recall."""
    pool = multiprocessing.get_context("spawn").Pool(1)
    with pool:
        return pool.apply(_peak_of_one, (url,))


def _peak_of_one(url: str) -> float:
    with recalling(url) as recall:
        recall()
    [line] = [one for one in Path("/proc/self/status").read_text().split("\n") if "VmHWM" in one]
    return int(line.split()[1]) / 1024
