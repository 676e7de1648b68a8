"""Tests that threads of one process work side by side on a server, and in turn on a file."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import func, select

from braid_db.errors import DatabaseBusy
from braid_db.store import Store, Transaction
from braid_db.store.statements import Statement
from tests.store.rows import ADD_RUN, add_runs, runs

WHO_AM_I = Statement(select(func.pg_backend_pid()))
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
def administrator(postgresql_url: str) -> Iterator[psycopg.Connection]:
    url = postgresql_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def session_of(tx: Transaction) -> int:
    session: int = tx.rows(WHO_AM_I)[0][0]
    return session


def sessions(administrator: psycopg.Connection) -> int:
    """Return how many others are connected to the database, once they have come and gone."""
    time.sleep(0.1)
    [(count,)] = administrator.execute(f"SELECT count(*) {OTHERS}".encode()).fetchall()
    return int(count)


def open_side_by_side(store: Store, threads: int) -> list[int]:
    """Let threads have a transaction each at once; return their sessions."""
    together = threading.Barrier(threads)

    def work(tx: Transaction) -> int:
        together.wait(30)
        return session_of(tx)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda _: store.read(work), range(threads)))


def test_threads_have_transactions_at_once_on_a_server(postgresql_store: Store) -> None:
    together = threading.Barrier(3)

    def write(name: str) -> None:
        def work(tx: Transaction) -> None:
            tx.write(ADD_RUN, [(name, None, None, tx.now)])
            session_of(tx)
            together.wait(30)

        postgresql_store.write(work)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, "abc"))
    assert runs(postgresql_store) == ["a", "b", "c"]


def test_one_thread_keeps_one_connection(
    postgresql_store: Store, administrator: psycopg.Connection
) -> None:
    assert len({postgresql_store.read(session_of) for _ in range(5)}) == 1
    assert sessions(administrator) == 1


def test_connections_are_used_again(
    postgresql_store: Store, administrator: psycopg.Connection
) -> None:
    before = open_side_by_side(postgresql_store, 3)
    assert len(set(before)) == 3
    assert set(open_side_by_side(postgresql_store, 3)) == set(before)
    assert sessions(administrator) == 3


def test_a_thread_without_a_connection_waits_until_one_is_free(postgresql_url: str) -> None:
    store = Store(postgresql_url, connections=2)
    runs(store)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: add_runs(store, [f"{name:03}"]), range(100)))
    assert runs(store) == [f"{name:03}" for name in range(100)]
    store.close()


@pytest.mark.parametrize("kept", ["the first connection", "another"])
def test_whichever_connection_becomes_free_goes_to_who_waits(
    postgresql_url: str, kept: str
) -> None:
    store = Store(postgresql_url, connections=2, busy_timeout_s=30)
    runs(store)
    inside = [threading.Event(), threading.Event()]
    leave = [threading.Event(), threading.Event()]

    def stay(number: int) -> None:
        def work(tx: Transaction) -> None:
            inside[number].set()
            assert leave[number].wait(60)

        store.read(work)

    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(stay, 0)]
        inside[0].wait(30)
        calls.append(pool.submit(stay, 1))
        inside[1].wait(30)
        waiting = pool.submit(runs, store)
        time.sleep(0.1)
        assert not waiting.done()
        first = 0 if kept == "another" else 1
        leave[first].set()
        assert waiting.result(10) == []
        leave[1 - first].set()
        for call in calls:
            call.result(30)
    store.close()


def test_all_connections_kept_for_too_long_are_busy_in_one_sentence(postgresql_url: str) -> None:
    store = Store(postgresql_url, connections=2, busy_timeout_s=0.2)
    runs(store)
    inside, leave = threading.Barrier(3), threading.Event()

    def work(tx: Transaction) -> None:
        inside.wait(30)
        leave.wait(60)

    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(store.read, work) for _ in range(2)]
        inside.wait(30)
        expected = "2 connections, and other threads kept them all.*BRAID_DB_CONNECTIONS"
        with pytest.raises(DatabaseBusy, match=expected):
            runs(store)
        leave.set()
        for call in calls:
            call.result(30)
    assert runs(store) == []
    store.close()


def test_a_call_in_a_call_is_refused_on_every_connection(postgresql_store: Store) -> None:
    together = threading.Barrier(2)

    def work(tx: Transaction) -> None:
        together.wait(30)
        with pytest.raises(DatabaseBusy, match="this thread has under way"):
            runs(postgresql_store)

    with ThreadPoolExecutor(2) as pool:
        for call in [pool.submit(postgresql_store.write, work) for _ in range(2)]:
            call.result(30)


def test_a_connection_that_was_lost_while_it_was_idle_costs_no_attempt(
    postgresql_store: Store, administrator: psycopg.Connection
) -> None:
    lost = open_side_by_side(postgresql_store, 3)
    kept = postgresql_store.read(session_of)
    administrator.execute(f"SELECT pg_terminate_backend(pid, 10000) {OTHERS}".encode())
    attempts: list[int] = []
    together = threading.Barrier(3)

    def work(tx: Transaction) -> None:
        attempts.append(session_of(tx))
        together.wait(30)

    with ThreadPoolExecutor(3) as pool:
        for call in [pool.submit(postgresql_store.read, work) for _ in range(3)]:
            call.result(30)
    assert kept in lost
    assert len(attempts) == 3
    assert not set(attempts).intersection(lost)


def test_closing_waits_for_who_is_at_work_and_closes_all(
    postgresql_store: Store, administrator: psycopg.Connection
) -> None:
    open_side_by_side(postgresql_store, 3)
    inside, ended = threading.Event(), threading.Event()

    def work(tx: Transaction) -> None:
        inside.set()
        time.sleep(0.3)
        ended.set()

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(postgresql_store.read, work)
        inside.wait(30)
        postgresql_store.close()
        assert ended.is_set()
        call.result(30)
    assert sessions(administrator) == 0
    assert len(set(open_side_by_side(postgresql_store, 3))) == 3


def test_a_store_is_not_closed_in_a_call_of_its_own(store: Store) -> None:
    def work(tx: Transaction) -> None:
        with pytest.raises(DatabaseBusy, match="this thread has under way"):
            store.close()

    store.read(work)
    assert runs(store) == []


def test_a_forgotten_store_closes_all_its_connections_without_a_word(
    postgresql_url: str, administrator: psycopg.Connection
) -> None:
    store = Store(postgresql_url)
    open_side_by_side(store, 3)
    del store
    gc.collect()
    assert sessions(administrator) == 0


def test_threads_that_meet_an_empty_database_make_it_once(database_url: str) -> None:
    store = Store(database_url)
    together = threading.Barrier(6)

    def write(name: str) -> None:
        together.wait(30)
        add_runs(store, [name])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, "abcdef"))
    assert runs(store) == list("abcdef")
    store.close()
