"""Tests of a transaction that stays open from call to call."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from braid_db.errors import (
    DatabaseBusy,
    DatabaseError,
    OutcomeUnknown,
    SessionOpen,
    TransactionLost,
)
from braid_db.model import Kind
from braid_db.store import Store, Transaction
from braid_db.store.open_transaction import OpenTransaction, refuse_beside_open
from braid_db.store.statements import Statement
from braid_db.store.tables import run
from tests.records.planting import plant_records
from tests.store.rows import ADD_RUN, add_runs, runs


@pytest.fixture
def opened(store: Store) -> Iterator[OpenTransaction]:
    opened = OpenTransaction(store)
    yield opened
    opened.close()


FIND_RUNS = Statement(select(run.c.run_id).order_by(run.c.run_id))


def add(name: str) -> Callable[[Transaction], None]:
    return lambda tx: tx.write(ADD_RUN, [(name, None, None, tx.now)])


def ids_in(tx: Transaction) -> list[str]:
    return [name for (name,) in tx.rows(FIND_RUNS)]


def test_what_is_open_is_seen_by_itself_alone_until_it_is_committed(
    store: Store, opened: OpenTransaction
) -> None:
    opened.run(add("a"))
    opened.run(add("b"))
    assert opened.run(ids_in) == ["a", "b"]
    assert runs(store) == []
    opened.commit()
    assert runs(store) == ["a", "b"]


def test_what_is_rolled_back_was_never_there(store: Store, opened: OpenTransaction) -> None:
    opened.run(add("a"))
    opened.rollback()
    assert not opened.is_open
    assert runs(store) == []
    opened.run(add("b"))
    opened.commit()
    assert runs(store) == ["b"]


def test_to_commit_or_roll_back_nothing_does_nothing(opened: OpenTransaction) -> None:
    opened.commit()
    opened.rollback()
    assert not opened.is_open


def test_a_refusal_leaves_it_open(store: Store, opened: OpenTransaction) -> None:
    opened.run(add("a"))
    with pytest.raises(ZeroDivisionError):
        opened.run(lambda tx: 1 // 0)
    assert opened.is_open
    opened.commit()
    assert runs(store) == ["a"]


def test_a_refusal_of_what_it_begins_with_leaves_nothing(
    store: Store, opened: OpenTransaction
) -> None:
    def work(tx: Transaction) -> None:
        tx.write(ADD_RUN, [("a", None, None, tx.now)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        opened.run(work)
    assert not opened.is_open
    add_runs(store, ["b"])
    assert runs(store) == ["b"]


def test_beside_it_its_thread_reads_but_is_refused_to_write(
    store: Store, database_url: str, opened: OpenTransaction
) -> None:
    refuse_beside_open(store.engine)
    opened.run(add("a"))
    assert runs(store) == []
    other = Store(database_url)
    with pytest.raises(SessionOpen, match="session=") as refused:
        refuse_beside_open(other.engine)
    assert refused.value.code == "session-open"
    with ThreadPoolExecutor() as pool:
        pool.submit(refuse_beside_open, store.engine).result()
    opened.commit()
    refuse_beside_open(other.engine)
    other.close()


def test_a_thread_has_one_open_at_a_time(store: Store, opened: OpenTransaction) -> None:
    second = OpenTransaction(store)
    opened.run(add("a"))
    with pytest.raises(SessionOpen):
        second.run(add("b"))
    opened.commit()
    second.run(add("b"))
    second.commit()
    assert runs(store) == ["a", "b"]
    second.close()


def test_one_that_nobody_holds_any_more_is_rolled_back(store: Store) -> None:
    OpenTransaction(store).run(add("a"))
    gc.collect()
    add_runs(store, ["b"])
    assert runs(store) == ["b"]


def test_it_begins_again_alone_where_that_is_needed_and_nobody_has_seen_an_answer(
    postgresql_url: str,
) -> None:
    store = Store(postgresql_url)
    opened = OpenTransaction(store)
    began: list[int] = []

    def work(tx: Transaction) -> None:
        began.append(1)
        tx.write(ADD_RUN, [("a", None, None, tx.now)])
        tx.need_to_be_alone()

    opened.run(work)
    assert len(began) == 2
    assert nobody_else_may_record(postgresql_url)
    opened.commit()
    assert runs(store) == ["a"]
    opened.close()
    store.close()


@pytest.mark.parametrize("how", ["the work", "who runs it"])
def test_later_it_keeps_the_others_out_from_there_on(postgresql_url: str, how: str) -> None:
    store = Store(postgresql_url)
    opened = OpenTransaction(store)
    opened.run(add("a"))
    assert not nobody_else_may_record(postgresql_url)
    if how == "the work":
        opened.run(lambda tx: tx.need_to_be_alone())
    else:
        opened.run(add("b"), alone=True)
    assert nobody_else_may_record(postgresql_url)
    opened.commit()
    assert not nobody_else_may_record(postgresql_url)
    opened.close()
    store.close()


def nobody_else_may_record(url: str) -> bool:
    other = Store(url, busy_timeout_s=0.1)
    try:
        other.write(lambda tx: None)
    except DatabaseBusy:
        return True
    finally:
        other.close()
    return False


def test_of_two_that_wait_for_each_other_one_is_told_that_all_of_it_is_lost(
    postgresql_url: str,
) -> None:
    store = Store(postgresql_url)
    both_hold_one = threading.Barrier(2)
    [one, two] = store.write(lambda tx: plant_records(tx, [Kind.DATA] * 2))

    def lock(first: int, second: int) -> bool:
        opened = OpenTransaction(store)
        opened.run(lambda tx: tx.lock_records([first]))
        both_hold_one.wait(60)
        try:
            opened.run(lambda tx: tx.lock_records([second]))
            opened.commit()
        except TransactionLost:
            opened.run(add("again"))
            opened.commit()
            return False
        finally:
            opened.close()
        return True

    with ThreadPoolExecutor() as pool:
        ended = [pool.submit(lock, one, two), pool.submit(lock, two, one)]
        assert sorted(future.result() for future in ended) == [False, True]
    assert runs(store) == ["again"]
    store.close()


def test_what_it_begins_with_is_tried_again_after_a_deadlock(postgresql_url: str) -> None:
    store = Store(postgresql_url)
    [one, two] = store.write(lambda tx: plant_records(tx, [Kind.DATA] * 2))
    both_hold_one = threading.Barrier(2)
    tries: list[int] = []

    def lock(first: int, second: int) -> None:
        opened = OpenTransaction(store)

        def work(tx: Transaction) -> None:
            tries.append(first)
            tx.lock_records([first])
            ids_in(tx)
            if tries.count(first) == 1:
                both_hold_one.wait(60)
            tx.lock_records([second])

        opened.run(work)
        opened.commit()
        opened.close()

    with ThreadPoolExecutor() as pool:
        for future in [pool.submit(lock, one, two), pool.submit(lock, two, one)]:
            future.result()
    assert len(tries) >= 3
    store.close()


def test_a_lost_connection_is_told(postgresql_url: str) -> None:
    store = Store(postgresql_url)
    opened = OpenTransaction(store)
    opened.run(add("a"))
    end_connections(postgresql_url)
    with pytest.raises(TransactionLost):
        opened.run(add("b"))
    opened.run(add("c"))
    end_connections(postgresql_url)
    with pytest.raises(OutcomeUnknown):
        opened.commit()
    opened.close()
    assert runs(store) == []
    store.close()


def end_connections(url: str) -> None:
    address = url.replace("postgresql+psycopg:", "postgresql:")
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    mine = " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(end + mine)


def test_a_file_that_is_gone_meanwhile_is_told(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    opened = OpenTransaction(store)
    opened.run(add("a"))
    Path(sqlite_url.removeprefix("sqlite:///")).unlink()
    with pytest.raises(TransactionLost):
        opened.commit()
    opened.run(add("b"))
    opened.commit()
    assert runs(store) == ["b"]
    opened.close()
    store.close()


def test_a_statement_that_fails_ends_it_and_shows_no_driver(opened: OpenTransaction) -> None:
    opened.run(add("a"))
    with pytest.raises(DatabaseError) as refused:
        opened.run(add("a"))
    assert refused.value.code == "database"
    assert not opened.is_open


IN_A_SESSION = """
import os, sys
from braid_db.errors import DatabaseBusy
from braid_db.store import Store
from braid_db.store.open_transaction import OpenTransaction, refuse_beside_open
from tests.store.rows import ADD_RUN, add_runs, runs
url = sys.argv[1]
store = Store(url)
add_runs(store, ["before"])
add = lambda name: lambda tx: tx.write(ADD_RUN, [(name, None, None, tx.now)])
opened, idle = OpenTransaction(store), OpenTransaction(store)
idle.run(add("idle"))
idle.commit()
opened.run(add("parent-1"))
child = os.fork()
if child == 0:
    try:
        opened.run(add("child"))
        os._exit(1)
    except DatabaseBusy as refused:
        assert "parent" in str(refused), refused
    refuse_beside_open(store.engine)
    opened.rollback()
    assert not opened.is_open
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
opened.run(add("parent-2"))
opened.commit()
child = os.fork()
if child == 0:
    for transaction in (opened, idle):
        transaction.run(add(f"child-{id(transaction)}"))
        transaction.commit()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
idle.run(add("parent-3"))
idle.commit()
for transaction in (opened, idle, store):
    transaction.close()
"""


def test_a_fork_leaves_what_is_open_to_the_parent(database_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_A_SESSION, database_url],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    store = Store(database_url)
    found = runs(store)
    assert [name for name in found if not name.startswith("child-")] == [
        "before",
        "idle",
        "parent-1",
        "parent-2",
        "parent-3",
    ]
    assert len(found) == 7
    store.close()
