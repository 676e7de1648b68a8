"""Tests of a store in use: one transaction a call, threads, forks, and nothing done for nothing."""

from __future__ import annotations

import gc
import os
import sqlite3
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from braid_db.errors import DatabaseBusy, DatabaseUnreachable, SettingsError
from braid_db.settings import database_url as url_of
from braid_db.store import Store, Transaction
from braid_db.store.statements import Statement
from braid_db.store.tables import record, run
from tests.store.rows import ADD_RUN, add_runs, raw, runs, sqlite_path


def test_what_fails_writes_nothing_and_the_next_call_works(store: Store) -> None:
    def work(tx: Transaction) -> None:
        tx.write(ADD_RUN, [("a", None, None, tx.now)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write(work)
    assert runs(store) == []
    add_runs(store, ["b"])
    assert runs(store) == ["b"]


def test_what_was_committed_is_there_for_others(store: Store, database_url: str) -> None:
    add_runs(store, ["a"])
    other = Store(database_url)
    assert runs(other) == ["a"]
    other.close()


def test_a_reader_sees_one_state_while_others_write(store: Store, database_url: str) -> None:
    other = Store(database_url)
    find = Statement(select(run.c.run_id).order_by(run.c.run_id))
    add_runs(other, ["a"])

    def work(tx: Transaction) -> tuple[object, object]:
        before = tx.rows(find)
        add_runs(other, ["b"])
        return before, tx.rows(find)

    assert store.read(work) == ([("a",)], [("a",)])
    assert runs(store) == ["a", "b"]
    other.close()


def test_a_call_in_a_call_of_the_same_thread_is_refused_instead_of_waiting_for_itself(
    store: Store,
) -> None:
    def work(tx: Transaction) -> None:
        with pytest.raises(DatabaseBusy, match="this thread has under way"):
            add_runs(store, ["inner"])
        tx.write(ADD_RUN, [("outer", None, None, tx.now)])

    store.write(work)
    assert runs(store) == ["outer"]


def test_a_thread_waits_no_longer_than_the_timeout_for_another(database_url: str) -> None:
    store = Store(database_url, busy_timeout_s=0.1, connections=1)
    entered, leave = threading.Event(), threading.Event()

    def work(tx: Transaction) -> None:
        entered.set()
        leave.wait(60)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(store.write, work)
        entered.wait(60)
        with pytest.raises(DatabaseBusy, match="another thread"):
            add_runs(store, ["second"])
        leave.set()
        first.result()
    store.close()


def test_threads_share_a_store_and_lose_nothing(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: add_runs(store, [f"{name:03}"]), range(200)))
    assert runs(store) == [f"{name:03}" for name in range(200)]


def test_a_forgotten_store_closes_its_connection_without_a_word(database_url: str) -> None:
    store = Store(database_url)
    add_runs(store, ["a"])
    connection = store._links._kept.driver._connection
    del store
    gc.collect()
    with pytest.raises(Exception, match="closed"):
        connection.execute("SELECT 1")


def test_numbers_are_new_and_ascend(store: Store) -> None:
    first = store.write(lambda tx: tx.new_ids(record, 3))
    assert first == sorted(set(first))
    assert store.write(lambda tx: tx.new_ids(record, 0)) == []

    def work(tx: Transaction) -> list[int]:
        return tx.new_ids(record, 2) + tx.new_ids(record, 2)

    numbers = store.write(work)
    assert numbers == sorted(set(numbers))


def test_a_second_store_changes_nothing_and_asks_little(sqlite_store: Store) -> None:
    runs(sqlite_store)
    asked: list[str] = []
    real = sqlite3.connect

    def traced(*arguments: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*arguments, **options)  # type: ignore[call-overload]
        connection.set_trace_callback(asked.append)
        return connection

    second = Store(str(sqlite_store.engine.url))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", traced)
        add_runs(second, ["a"])
    second.close()
    opening = asked[: asked.index("BEGIN IMMEDIATE")]
    assert not [sql for sql in opening if sql.split()[0] not in ("PRAGMA", "SELECT")]
    assert len(opening) <= 10, opening
    assert len(asked) == len(opening) + 3


def test_a_call_on_an_open_store_asks_for_nothing_else(sqlite_store: Store) -> None:
    runs(sqlite_store)
    asked: list[str] = []
    sqlite_store._links._kept.driver._connection.set_trace_callback(asked.append)
    add_runs(sqlite_store, ["a"])
    sqlite_store._links._kept.driver._connection.set_trace_callback(None)
    begin, insert, commit = asked
    assert (begin, insert.split()[0], commit) == ("BEGIN IMMEDIATE", "INSERT", "COMMIT")


def test_a_file_is_readable_by_its_owner_alone(sqlite_url: str) -> None:
    before = os.umask(0)
    try:
        store = Store(sqlite_url)
        add_runs(store, ["a"])
        for path in sqlite_path(sqlite_url).parent.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        store.close()
    finally:
        os.umask(before)


def test_a_folder_that_is_made_for_a_file_is_open_to_its_owner_alone(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / '.braid_db' / 'braid.db'}")
    add_runs(store, ["a"])
    assert stat.S_IMODE((tmp_path / ".braid_db").stat().st_mode) == 0o700
    store.close()


def test_reading_makes_no_file(sqlite_url: str) -> None:
    store = Store(sqlite_url, create=False)
    for ask in (runs, Store.schema_state):
        with pytest.raises(DatabaseUnreachable, match="does not exist"):
            ask(store)
    assert list(sqlite_path(sqlite_url).parent.iterdir()) == []


def test_a_relative_path_means_the_same_file_wherever_the_process_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    store = Store("sqlite:///here.db")
    add_runs(store, ["a"])
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert runs(store) == ["a"]
    store.close()
    assert (tmp_path / "here.db").exists()
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("name", ["with space.db", "a%20b.db", "a#b.db", "dönër.db", "a&b=c?.db"])
def test_a_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    store = Store(url_of(str(tmp_path / name)))
    add_runs(store, ["a"])
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "mysql://u:hunter2@host/name",
        "nosuch://u:hunter2@host/name",
        "postgresql+asyncpg://u:hunter2@host/name",
        "postgresql+psycopg://u:hunter2@ter2@host/name",
        "postgresql+psycopg://u:hunter2@host:port/name",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_in_one_sentence(url: str) -> None:
    with pytest.raises(SettingsError, match="expected") as caught:
        Store(url)
    assert "ter2" not in str(caught.value)


def test_a_file_that_another_keeps_locked_is_busy_after_the_timeout(sqlite_url: str) -> None:
    store = Store(sqlite_url, busy_timeout_s=0.2)
    add_runs(store, ["a"])
    holder = raw(sqlite_url)
    holder.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    with pytest.raises(DatabaseBusy, match="was locked by other writers for too long") as caught:
        add_runs(store, ["b"])
    assert 0.2 < time.monotonic() - start < 5
    assert "database is locked" not in str(caught.value)
    assert runs(store) == ["a"]
    holder.execute("ROLLBACK")
    holder.close()
    add_runs(store, ["b"])
    store.close()


def test_a_lock_that_another_gives_up_in_time_is_waited_for(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    add_runs(store, ["a"])
    holder = sqlite3.connect(sqlite_path(sqlite_url), isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    releaser = threading.Timer(0.3, lambda: holder.execute("ROLLBACK"))
    releaser.start()
    add_runs(store, ["b"])
    releaser.join()
    holder.close()
    assert runs(store) == ["a", "b"]
    store.close()


def test_opening_waits_for_who_has_the_whole_file_locked(sqlite_url: str) -> None:
    """As another process has that turns the log on."""
    sqlite_path(sqlite_url).touch()
    holder = sqlite3.connect(sqlite_path(sqlite_url), isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseBusy):
        runs(Store(sqlite_url, busy_timeout_s=0.1))
    releaser = threading.Timer(0.3, lambda: holder.execute("ROLLBACK"))
    releaser.start()
    store = Store(sqlite_url)
    add_runs(store, ["a"])
    releaser.join()
    holder.close()
    store.close()
