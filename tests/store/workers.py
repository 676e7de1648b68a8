"""What the processes of these tests do; each function is called in a process of its own."""

from __future__ import annotations

import time

from braid_db.store import Store
from tests.store.rows import add_runs, runs


def create_and_write(number: int, url: str) -> list[str]:
    """Open a database that may not be there yet, write one row, and return all that are seen."""
    store = Store(url)
    add_runs(store, [f"run-{number:02}"])
    seen = runs(store)
    store.close()
    return seen


def write_for(number: int, url: str, seconds: float) -> int:
    """Write one small transaction after another for a while; return how many."""
    store = Store(url)
    count = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        add_runs(store, [f"run-{number:02}-{count}"])
        count += 1
    store.close()
    return count
