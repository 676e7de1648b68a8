"""What the processes of these tests do; each function is called in a process of its own."""

from __future__ import annotations

import sqlite3
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


def write_for(number: int, url: str, seconds: float) -> list[float]:
    """Write one small transaction after another, and return how long each took, in seconds."""
    store = Store(url)
    took: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        add_runs(store, [f"run-{number:02}-{len(took)}"])
        took.append(time.monotonic() - start)
    store.close()
    return took


def write_raw_for(number: int, path: str, seconds: float) -> list[float]:
    """Do the same with sqlite3 alone, which waits in its own way."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=60)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    took: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO run (run_id, created_at) VALUES (?, ?)",
            (f"raw-{number:02}-{len(took)}", "2026-11-22T18:00:00.000000Z"),
        )
        connection.execute("COMMIT")
        took.append(time.monotonic() - start)
    connection.close()
    return took
