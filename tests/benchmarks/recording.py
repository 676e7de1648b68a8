"""One recorded step beside the same rows written by raw SQL, and whether it stays as fast."""

from __future__ import annotations

import time
from pathlib import Path

from tests.benchmarks.sides import RawPostgres, RawSqlite, recorder
from tests.benchmarks.turns import Compared, alternate, seconds_per_call
from tests.databases.shared import SharedServers

CALLS_A_TURN = 300
RECORDS_IN_THE_END = 100_000


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

    Both are ours, and take turns, so that the machine's drift does not count.
    """
    large = recorder(str(folder / "large.db"))
    start = time.perf_counter()
    for _ in range(RECORDS_IN_THE_END):
        large()
    print(f"{RECORDS_IN_THE_END:,} steps recorded in {time.perf_counter() - start:,.0f} s")

    def steps_in(path: Path) -> float:
        record = recorder(str(path))
        return seconds_per_call(record, CALLS_A_TURN)

    return alternate(
        "one step at 100,000 records beside one at few",
        lambda: steps_in(folder / "large.db"),
        lambda: steps_in(folder / "small.db"),
        at_most=1.1,
    )
