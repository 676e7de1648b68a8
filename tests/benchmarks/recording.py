"""One recorded step beside the same rows written by raw SQL, and whether it stays as fast."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path

from tests.benchmarks.sides import RawPostgres, RawSqlite, recorder
from tests.benchmarks.turns import Compared, alternate, seconds_per_call
from tests.databases.shared import SharedServers

CALLS_A_TURN = 300
RECORDS_IN_THE_END = 100_000

_spawn = multiprocessing.get_context("spawn")


def begin(url: str) -> None:
    """Make a database with a few steps in it."""
    record = recorder(url)
    for _ in range(3):
        record()


def sqlite(folder: Path) -> Compared:
    """Return what a step costs on SQLite, WAL and synchronous=FULL on both sides."""
    begin(str(folder / "raw.db"))
    raw = RawSqlite(str(folder / "raw.db"))
    ours = recorder(str(folder / "ours.db"))
    return alternate(
        "one step, SQLite",
        lambda: seconds_per_call(ours, CALLS_A_TURN),
        lambda: seconds_per_call(raw, CALLS_A_TURN),
        at_most=1.8,
    )


def postgresql(servers: SharedServers) -> Compared:
    """Return what a step costs on PostgreSQL, beside one round trip with the same rows."""
    server = servers.postgresql(durable=True)
    with server.new_database() as raw_url, server.new_database() as our_url:
        begin(raw_url)
        raw = RawPostgres(raw_url)
        ours = recorder(our_url)
        return alternate(
            "one step, PostgreSQL",
            lambda: seconds_per_call(ours, CALLS_A_TURN),
            lambda: seconds_per_call(raw, CALLS_A_TURN),
            at_most=1.5,
        )


def growth(folder: Path) -> Compared:
    """Return what a step costs in a database of 100,000 records beside an almost empty one.

    Both are ours, each in a process that keeps its connection as a worker does, and take turns, so
    that the machine's drift does not count.
    """
    large, small = Recording(folder / "large.db"), Recording(folder / "small.db")
    start = time.perf_counter()
    large.seconds_per_call(RECORDS_IN_THE_END)
    print(f"{RECORDS_IN_THE_END:,} steps recorded in {time.perf_counter() - start:,.0f} s")
    try:
        return alternate(
            "one step at 100,000 records beside one at few",
            lambda: large.seconds_per_call(CALLS_A_TURN),
            lambda: small.seconds_per_call(CALLS_A_TURN),
            at_most=1.1,
        )
    finally:
        large.end()
        small.end()


class Recording:
    """A process that records steps into one database when it is told to."""

    def __init__(self, path: Path) -> None:
        self._pipe, theirs = _spawn.Pipe()
        self._process = _spawn.Process(target=_record_when_told, args=(str(path), theirs))
        self._process.start()

    def seconds_per_call(self, calls: int) -> float:
        """Let it record so many steps; return the time of one."""
        self._pipe.send(calls)
        return float(self._pipe.recv())

    def end(self) -> None:
        """Let it end."""
        self._pipe.send(0)
        self._process.join()


def _record_when_told(path: str, pipe: Connection) -> None:
    record = recorder(path)
    while calls := pipe.recv():
        pipe.send(seconds_per_call(record, calls))
