"""Tests of what is PostgreSQL's own: pipelines, prepared statements, deadlocks, advisory locks."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import bindparam, func, select, text, update

from braid_db.errors import DatabaseError
from braid_db.model import Kind
from braid_db.store import Store, Transaction
from braid_db.store.statements import Statement, inserting
from braid_db.store.tables import record, run
from braid_db.uuid7 import uuid7
from tests.store.rows import ADD_RUN, add_runs, runs

SET_FLOW = Statement(
    update(run).where(run.c.run_id == bindparam("name")).values(flow_id=bindparam("flow")),
    "name",
    "flow",
)
FLOWS = Statement(select(run.c.run_id, run.c.flow_id).order_by(run.c.run_id))
ONE = Statement(select(func.length("1")))
PREPARED = Statement(
    select(text("statement FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared%'"))
)
ADD_RECORD = inserting(record)


def test_statements_are_prepared_once(postgresql_store: Store) -> None:
    for name in "abc":
        add_runs(postgresql_store, [name])
    prepared = [sql for (sql,) in postgresql_store.read(lambda tx: tx.rows(PREPARED))]
    assert [sql for sql in prepared if sql.startswith("INSERT INTO run")]
    assert len(prepared) == len(set(prepared))


def test_no_query_is_compiled_for_longer_than_it_runs(postgresql_store: Store) -> None:
    jit = Statement(select(func.current_setting("jit")))
    assert postgresql_store.read(lambda tx: tx.rows(jit)) == [("off",)]


def test_the_server_watches_over_a_connection_whose_machine_may_vanish(
    postgresql_store: Store,
) -> None:
    said = Statement(select(text("name FROM pg_settings WHERE source = 'session'")))
    names = {name for (name,) in postgresql_store.read(lambda tx: tx.rows(said))}
    assert names > {f"tcp_keepalives_{name}" for name in ("idle", "interval", "count")}


def test_what_is_written_is_not_waited_for(postgresql_store: Store) -> None:
    """Two writes and a question are one round trip, of a server that sleeps in the first."""
    sleep = Statement(select(func.pg_sleep(0.3)))
    runs(postgresql_store)

    def work(tx: Transaction) -> float:
        start = time.monotonic()
        tx.write(sleep, [()])
        tx.write(ADD_RUN, [("a", None, None, tx.now)])
        answer = tx.ask(ONE, [()])
        sent = time.monotonic() - start
        answer()
        assert time.monotonic() - start >= 0.3
        return sent

    assert postgresql_store.write(work) < 0.2


def test_answers_may_be_fetched_in_any_order(postgresql_store: Store) -> None:
    find = Statement(select(run.c.run_id).where(run.c.run_id == bindparam("name")), "name")

    def work(tx: Transaction) -> tuple[Any, Any, Any]:
        before = tx.ask(find, [("a",)])
        tx.write(ADD_RUN, [("a", None, None, tx.now)])
        after = tx.ask(find, [("a",), ("b",)])
        count = tx.ask_ids((record,), 3)
        return after(), before(), len(count())

    assert postgresql_store.write(work) == ([[("a",)], []], [[]], 3)


def test_many_rows_are_written_in_few_statements_and_all_are_there(
    postgresql_store: Store,
) -> None:
    names = [f"{number:04}" for number in range(1777)]
    add_runs(postgresql_store, names)
    assert runs(postgresql_store) == names


def test_after_a_refused_statement_the_same_connection_works(postgresql_store: Store) -> None:
    session = Statement(select(func.pg_backend_pid()))
    before = postgresql_store.read(lambda tx: tx.rows(session))
    for _ in range(3):
        with pytest.raises(DatabaseError, match="refused a statement"):
            add_runs(postgresql_store, ["same", "same"])
    assert postgresql_store.read(lambda tx: tx.rows(session)) == before


def test_a_deadlock_is_resolved_by_running_one_transaction_again(postgresql_url: str) -> None:
    stores = [Store(postgresql_url), Store(postgresql_url)]
    add_runs(stores[0], ["a", "b"])
    both_hold_one = threading.Barrier(2)
    attempts: list[str] = []

    one_is_through = threading.Event()

    def flow(first: str, second: str) -> Any:
        times = 0

        def work(tx: Transaction) -> None:
            nonlocal times
            times += 1
            attempts.append(first)
            if times > 1:
                # Else it may take its row again before the other is woken up: a second deadlock.
                one_is_through.wait(30)
            tx.write(SET_FLOW, [(first, first)])
            tx.rows(ONE)
            if times == 1:
                both_hold_one.wait(30)
            tx.write(SET_FLOW, [(second, first)])

        return work

    def write(store: Store, work: Any) -> None:
        store.write(work)
        one_is_through.set()

    with ThreadPoolExecutor() as pool:
        calls = [
            pool.submit(write, stores[0], flow("a", "b")),
            pool.submit(write, stores[1], flow("b", "a")),
        ]
        for call in calls:
            call.result(60)
    assert len(attempts) == 3
    found = stores[0].read(lambda tx: tx.rows(FLOWS))
    assert found in ([("a", "a"), ("b", "a")], [("a", "b"), ("b", "b")])
    for store in stores:
        store.close()


def test_recorders_work_beside_each_other_and_a_recall_waits_for_all(postgresql_url: str) -> None:
    recorders, recaller = [Store(postgresql_url), Store(postgresql_url)], Store(postgresql_url)
    for store in (*recorders, recaller):
        runs(store)
    both_inside = threading.Barrier(2)
    ended: list[str] = []

    def record_slowly(tx: Transaction) -> None:
        tx.rows(ONE)
        both_inside.wait(30)
        time.sleep(0.3)
        ended.append("recorder")

    with ThreadPoolExecutor() as pool:
        calls = [pool.submit(store.write, record_slowly) for store in recorders]
        time.sleep(0.1)

        def recall(tx: Transaction) -> None:
            tx.rows(ONE)
            ended.append("recall")

        recaller.write(recall, alone=True)
        for call in calls:
            call.result(60)
    assert ended == ["recorder", "recorder", "recall"]
    for store in (*recorders, recaller):
        store.close()


def test_who_must_be_alone_begins_anew_where_others_may_record(store: Store) -> None:
    attempts: list[int] = []

    def work(tx: Transaction) -> None:
        attempts.append(1)
        tx.write(ADD_RUN, [("a", None, None, tx.now)])
        tx.need_to_be_alone()

    store.write(work)
    assert len(attempts) == (2 if store.engine.dialect.name == "postgresql" else 1)
    assert runs(store) == ["a"]


def add_record(store: Store, kind: Kind) -> int:
    def work(tx: Transaction) -> int:
        [number] = tx.new_ids(record, 1)
        uid = str(uuid7())
        tx.write(ADD_RECORD, [(number, uid, uid, kind.value, None, number, None, tx.now)])
        return number

    return store.write(work)


@pytest.mark.parametrize(("kind", "waits"), [(Kind.DATA, True), (Kind.STEP, False)])
def test_writers_of_one_record_take_turns_unless_it_has_one_content_for_ever(
    postgresql_url: str, kind: Kind, waits: bool
) -> None:
    first, second = Store(postgresql_url), Store(postgresql_url)
    number = add_record(first, kind)
    runs(second)
    order: list[str] = []
    locked = threading.Event()

    def holder(tx: Transaction) -> None:
        tx.lock_records([number])
        tx.rows(ONE)
        locked.set()
        time.sleep(0.4)
        order.append("holder")

    def other(tx: Transaction) -> None:
        tx.lock_records([number])
        tx.rows(ONE)
        order.append("other")

    with ThreadPoolExecutor() as pool:
        call = pool.submit(first.write, holder)
        locked.wait(30)
        second.write(other)
        call.result(60)
    assert order == (["holder", "other"] if waits else ["other", "holder"])
    first.close()
    second.close()


def test_a_reading_transaction_cannot_write(postgresql_store: Store) -> None:
    with pytest.raises(DatabaseError, match="may not be written"):
        postgresql_store.read(lambda tx: tx.write(ADD_RUN, [("a", None, None, tx.now)]))
    assert runs(postgresql_store) == []


def test_a_statement_that_the_driver_itself_refuses_does_not_look_like_a_lost_server(
    postgresql_store: Store,
) -> None:
    with pytest.raises(DatabaseError, match="refused a statement") as caught:
        add_runs(postgresql_store, ["nul \0"])
    assert type(caught.value) is DatabaseError
    assert runs(postgresql_store) == []


def test_without_its_driver_a_server_is_refused_with_what_to_install() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from braid_db.errors import SettingsError\n"
        "from braid_db.store import Store\n"
        "try: Store('postgresql+psycopg://u@h/n')\n"
        "except SettingsError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "needs the package psycopg" in done.stdout
    assert "pip install 'braid-db[postgres]'" in done.stdout
    assert done.stderr == ""


def test_the_schema_of_another_user_is_not_looked_at(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA theirs")
        connection.execute("CREATE TABLE theirs.records (x int)")
    store = Store(postgresql_url)
    add_runs(store, ["a"])
    assert runs(store) == ["a"]
    store.close()
