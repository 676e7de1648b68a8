"""Tests of a database file that is deleted, moved or replaced while a store is open on it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE

import pytest

from braid_db.errors import DatabaseUnreachable
from braid_db.store import Store
from tests.store.rows import add_runs, raw, runs, sqlite_path


def names_in(path: Path) -> list[str]:
    """Return the runs in a file, read by SQLite alone, and check that the file is whole."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    found = connection.execute("SELECT run_id FROM run ORDER BY run_id").fetchall()
    connection.close()
    return [name for (name,) in found]


def a_store(url: str, *names: str) -> Store:
    store = Store(url)
    add_runs(store, names)
    return store


def write_in_another_process(url: str, name: str) -> None:
    program = (
        "import sys\n"
        "from braid_db.store import Store\n"
        "from tests.store.rows import add_runs\n"
        "store = Store(sys.argv[1]); add_runs(store, [sys.argv[2]]); store.close()\n"
    )
    subprocess.run([sys.executable, "-c", program, url, name], check=True)


@pytest.mark.parametrize("and_what_lies_beside", [True, False])
def test_after_a_file_was_deleted_the_next_call_makes_a_new_one(
    sqlite_url: str, and_what_lies_beside: bool
) -> None:
    store = a_store(sqlite_url, "old")
    sqlite_path(sqlite_url).unlink()
    if and_what_lies_beside:
        for path in sqlite_path(sqlite_url).parent.iterdir():
            path.unlink()
    add_runs(store, ["new"])
    assert runs(store) == ["new"]
    store.close()
    assert names_in(sqlite_path(sqlite_url)) == ["new"]


def test_a_deleted_file_is_not_made_anew_by_who_must_not_make_one(sqlite_url: str) -> None:
    a_store(sqlite_url, "old").close()
    reader = Store(sqlite_url, create=False)
    assert runs(reader) == ["old"]
    sqlite_path(sqlite_url).unlink()
    with pytest.raises(DatabaseUnreachable, match="does not exist"):
        runs(reader)
    assert not sqlite_path(sqlite_url).exists()


def test_a_moved_file_keeps_all_that_was_written_and_the_new_one_gets_none_of_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    store = a_store(sqlite_url, "old-1", "old-2")
    sqlite_path(sqlite_url).rename(tmp_path / "moved.db")
    add_runs(store, ["new"])
    store.close()
    assert names_in(sqlite_path(sqlite_url)) == ["new"]
    assert names_in(tmp_path / "moved.db") == ["old-1", "old-2"]


def test_another_database_put_in_place_of_a_file_is_used_and_stays_whole(
    sqlite_url: str, tmp_path: Path
) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    a_store(other, "other").close()
    store = a_store(sqlite_url, "old")
    shutil.copy(tmp_path / "other.db", tmp_path / "copy.db")
    (tmp_path / "copy.db").rename(sqlite_path(sqlite_url))
    assert runs(store) == ["other"]
    add_runs(store, ["new"])
    store.close()
    assert names_in(sqlite_path(sqlite_url)) == ["new", "other"]


def test_two_stores_see_a_replaced_file_one_after_the_other_and_harm_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    """The second must not take the log of the new file, which the first has written to, away."""
    first, second = a_store(sqlite_url, "old-1"), a_store(sqlite_url, "old-2")
    sqlite_path(sqlite_url).rename(tmp_path / "moved.db")
    add_runs(first, ["new-1"])
    write_in_another_process(sqlite_url, "new-2")
    add_runs(second, ["new-3"])
    add_runs(first, ["new-4"])
    first.close()
    second.close()
    assert names_in(sqlite_path(sqlite_url)) == ["new-1", "new-2", "new-3", "new-4"]
    assert names_in(tmp_path / "moved.db") == ["old-1", "old-2"]


def test_another_process_makes_the_file_anew_while_a_store_is_open_on_the_old_one(
    sqlite_url: str,
) -> None:
    store = a_store(sqlite_url, "old")
    sqlite_path(sqlite_url).unlink()
    write_in_another_process(sqlite_url, "new-1")
    add_runs(store, ["new-2"])
    write_in_another_process(sqlite_url, "new-3")
    store.close()
    assert names_in(sqlite_path(sqlite_url)) == ["new-1", "new-2", "new-3"]


def test_a_database_that_lost_its_log_mode_gets_it_back(sqlite_url: str) -> None:
    """As a copy that was made by ``VACUUM INTO`` has it."""
    a_store(sqlite_url, "a").close()
    connection = raw(sqlite_url)
    assert connection.execute("PRAGMA journal_mode=DELETE").fetchone() == ("delete",)
    connection.close()
    store = Store(sqlite_url)
    assert runs(store) == ["a"]
    store.close()
    connection = raw(sqlite_url)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


SERVE = """
import sys
from braid_db.store import Store
from tests.store.rows import add_runs
store = Store(sys.argv[1])
for line in sys.stdin:
    add_runs(store, [line.strip()])
    print("written", flush=True)
store.close()
"""


@contextmanager
def a_process_that_writes(url: str) -> Iterator[Callable[[str], None]]:
    """Start a process that keeps a store open, and give what lets it write a row."""
    command = [sys.executable, "-c", SERVE, url]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        says, tell = process.stdout, process.stdin
        assert says is not None
        assert tell is not None

        def write(name: str) -> None:
            tell.write(f"{name}\n")
            tell.flush()
            assert says.readline() == "written\n"

        yield write
        tell.close()
        assert process.wait(60) == 0


def test_who_notices_first_that_a_file_was_replaced_keeps_the_new_one_from_the_last(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Or the last would move the log of the new file into the old one."""
    other = f"sqlite:///{tmp_path / 'other.db'}"
    a_store(other, "other").close()
    with a_process_that_writes(sqlite_url) as write:
        write("old-1")
        store = a_store(sqlite_url, "old-2")
        sqlite_path(sqlite_url).rename(tmp_path / "moved.db")
        sqlite_path(other).rename(sqlite_path(sqlite_url))
        add_runs(store, ["new-1"])
        write("new-2")
        assert runs(store) == ["new-1", "new-2", "other"]
        store.close()
    assert names_in(sqlite_path(sqlite_url)) == ["new-1", "new-2", "other"]
    assert names_in(tmp_path / "moved.db") == ["old-1", "old-2"]


def test_a_log_that_somebody_deleted_is_missed_and_nothing_lost(sqlite_url: str) -> None:
    with a_process_that_writes(sqlite_url) as write:
        write("1")
        store = a_store(sqlite_url, "2")
        for ending in ("-wal", "-shm"):
            path = sqlite_path(sqlite_url)
            path.with_name(path.name + ending).unlink()
        add_runs(store, ["3"])
        write("4")
        write_in_another_process(sqlite_url, "5")
        add_runs(store, ["6"])
        write("7")
        assert runs(store) == ["1", "2", "3", "4", "5", "6", "7"]
        store.close()
    assert names_in(sqlite_path(sqlite_url)) == ["1", "2", "3", "4", "5", "6", "7"]
