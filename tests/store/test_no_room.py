"""Tests that a full disk costs the call that met it, and nothing else.

A limit on the size of files is what an ordinary user can have for a full disk.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest

from braid_db.errors import DatabaseFull
from braid_db.store import Store
from tests.store.rows import add_runs, runs, sqlite_path

BEGINNING = """
import resource, sys
from braid_db.errors import BraidError, DatabaseFull
from braid_db.store import Store
from tests.store.rows import add_runs, runs

def no_file_larger_than(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

def refused(call):
    try:
        call()
    except DatabaseFull as error:
        told = str(error)
        assert "has no room left on its disk. Nothing was written: make room there" in told, told
        assert "sqlite3" not in told and "I/O" not in told, told
    else:
        raise AssertionError("it was written")

store = Store(sys.argv[1])
large = [f"{number:06}" + 100 * "x" for number in range(5000)]
"""

WRITING = """
add_runs(store, ["before"])
no_file_larger_than(300_000)
refused(lambda: add_runs(store, large))
assert runs(store) == ["before"]
add_runs(store, ["small"])
no_file_larger_than(resource.RLIM_INFINITY)
add_runs(store, large)
assert len(runs(store)) == 5002
store.close()
"""

MAKING = """
no_file_larger_than(20_000)
refused(lambda: runs(store))
no_file_larger_than(resource.RLIM_INFINITY)
add_runs(store, ["after"])
assert runs(store) == ["after"]
store.close()
"""


@pytest.mark.parametrize("program", [WRITING, MAKING], ids=["writing", "making"])
def test_a_full_disk_is_told_of_and_the_next_call_works_when_there_is_room(
    sqlite_url: str, program: str
) -> None:
    command = [sys.executable, "-c", BEGINNING + program, sqlite_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_database_is_told_of_like_a_full_disk(sqlite_store: Store) -> None:
    add_runs(sqlite_store, ["before"])
    connection = sqlite_store._links._kept.driver._connection
    [pages] = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(DatabaseFull):
        add_runs(sqlite_store, [f"{number:06}" + 100 * "x" for number in range(5000)])
    connection.execute("PRAGMA max_page_count=1000000")
    add_runs(sqlite_store, ["after"])
    assert runs(sqlite_store) == ["after", "before"]


def test_what_a_full_disk_left_is_whole(sqlite_url: str) -> None:
    command = [sys.executable, "-c", BEGINNING + WRITING, sqlite_url]
    subprocess.run(command, check=True, timeout=120)
    connection = sqlite3.connect(sqlite_path(sqlite_url))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
