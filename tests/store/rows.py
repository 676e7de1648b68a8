"""The smallest rows a test can write and find again: runs of flows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import func, make_url, select

from braid_db.store import Store, Transaction
from braid_db.store.statements import Statement, inserting
from braid_db.store.tables import run

ADD_RUN = inserting(run)
_ALL_RUNS = Statement(select(run.c.run_id).order_by(run.c.run_id))
_COUNT = Statement(select(func.count()).select_from(run))


def add_runs(store: Store, names: Iterable[str]) -> None:
    """Write one run of each name, all in one transaction."""
    wanted = list(names)

    def work(tx: Transaction) -> None:
        tx.write(ADD_RUN, [(name, None, None, tx.now) for name in wanted])

    store.write(work)


def runs(store: Store) -> list[str]:
    """Return the names of all runs, in order."""
    return [name for (name,) in store.read(lambda tx: tx.rows(_ALL_RUNS))]


def count_runs(store: Store) -> int:
    """Return how many runs there are."""
    count: int = store.read(lambda tx: tx.rows(_COUNT))[0][0]
    return count


def sqlite_path(url: str) -> Path:
    """Return the file of an SQLite URL."""
    return Path(make_url(url).database or "")


def raw(url: str) -> sqlite3.Connection:
    """Return a connection to an SQLite file that knows nothing of ours; each statement commits."""
    return sqlite3.connect(sqlite_path(url), isolation_level=None, timeout=60)
