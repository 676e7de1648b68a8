"""Tests that many processes at once neither fail nor lose anything."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from subprocess import PIPE

import psycopg

from braid_db.store import Store
from tests.store import workers
from tests.store.processes import at_once
from tests.store.rows import add_runs, count_runs, runs, sqlite_path

FORTY = 40


def test_forty_processes_make_a_new_database_and_write_at_once(database_url: str) -> None:
    seen = at_once(FORTY, workers.create_and_write, database_url)
    everybody = [f"run-{number:02}" for number in range(FORTY)]
    assert all(own in names for own, names in zip(everybody, seen, strict=True))
    store = Store(database_url, create=False)
    assert runs(store) == everybody
    store.close()


def test_thirty_two_processes_on_one_file_lose_nothing(
    sqlite_store: Store, sqlite_url: str, costly: Callable[[int], int]
) -> None:
    count_runs(sqlite_store)
    took = at_once(32, workers.write_for, sqlite_url, 1.0 + 0.5 * costly(10))
    assert count_runs(sqlite_store) == sum(took)
    assert all(took)


MAKE = """
import sys, psycopg
from braid_db.store import Store
print("ready", flush=True)
Store(sys.argv[1]).read(lambda tx: None)
print("made", flush=True)
input()
"""


def test_whoever_is_killed_while_making_a_database_leaves_none_half_made(
    database_url: str, costly: Callable[[int], int]
) -> None:
    """Killed early more often than late: what is made once beside other work takes long."""
    chance = random.Random(0)
    longest_s = time_to_make(database_url)
    forget(database_url)
    unfinished = 0
    for _ in range(max(5, costly(20))):
        unfinished += kill_a_maker(database_url, after_s=longest_s * chance.random() ** 3)
        store = Store(database_url)
        add_runs(store, ["a"])
        assert runs(store) == ["a"]
        store.close()
        forget(database_url)
    assert unfinished


@contextmanager
def a_maker(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that makes a database; give it once it is about to."""
    command = [sys.executable, "-c", MAKE, url]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process
        finally:
            process.kill()


def time_to_make(url: str) -> float:
    with a_maker(url) as process:
        assert process.stdout is not None
        start = time.monotonic()
        assert process.stdout.readline() == b"made\n"
        return time.monotonic() - start


def kill_a_maker(url: str, *, after_s: float) -> bool:
    """Return whether it was killed before it was done."""
    with a_maker(url) as process:
        time.sleep(after_s)
        process.kill()
        assert process.stdout is not None
        return process.stdout.read() == b""


def forget(url: str) -> None:
    """Make a database empty, as if nobody had ever used it."""
    if url.startswith("sqlite"):
        for path in sqlite_path(url).parent.iterdir():
            path.unlink()
    else:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
