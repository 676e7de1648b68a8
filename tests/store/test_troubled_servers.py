"""Tests of a PostgreSQL server in trouble: what is run again, and what is told in one sentence."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import bindparam, func, select, text

from braid_db.errors import DatabaseBusy, DatabaseError, DatabaseUnreachable, OutcomeUnknown
from braid_db.store import Store, Transaction
from braid_db.store.statements import Statement
from tests.databases.postgresql import PostgresServer
from tests.databases.shared import SharedServers
from tests.store.rows import ADD_RUN, add_runs, runs

SLEEP = Statement(select(func.pg_sleep(5)))


def told_in_one_sentence(error: DatabaseError) -> bool:
    told = str(error)
    return "\n" not in told and "Error" not in told and "canceling" not in told


FAIL_TIMES = """
CREATE SEQUENCE attempts;
CREATE FUNCTION fail(code text, times integer) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('attempts') <= times THEN
    RAISE EXCEPTION 'made to fail' USING ERRCODE = code;
  END IF;
  RETURN currval('attempts');
END $$
"""
FAIL = Statement(select(func.fail(bindparam("code"), bindparam("times"))), "code", "times")


@pytest.fixture
def failing(postgresql_url: str) -> None:
    """A function in the database that raises an error of its server for some times."""
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA braid_tests")
        connection.execute("SET search_path TO braid_tests")
        connection.execute(FAIL_TIMES)
        name = connection.info.dbname
        connection.execute(
            f'ALTER DATABASE "{name}" SET search_path TO public, braid_tests'.encode()
        )


SERIALIZATION, DEADLOCK = "40001", "40P01"


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("code", [SERIALIZATION, DEADLOCK])
def test_what_the_server_asks_to_run_again_is_run_again_as_a_whole(
    postgresql_store: Store, code: str
) -> None:
    attempts: list[int] = []

    def work(tx: Transaction) -> None:
        attempts.append(1)
        tx.write(ADD_RUN, [("a", None, None, tx.now)])
        tx.rows(FAIL, code, 3)
        tx.write(ADD_RUN, [("b", None, None, tx.now)])

    postgresql_store.write(work)
    assert len(attempts) == 4
    assert runs(postgresql_store) == ["a", "b"]


@pytest.mark.usefixtures("failing")
def test_what_is_always_in_the_way_is_busy_after_the_timeout(postgresql_url: str) -> None:
    store = Store(postgresql_url, busy_timeout_s=0.3)
    with pytest.raises(DatabaseBusy, match="kept this call waiting") as caught:
        store.write(lambda tx: tx.rows(FAIL, SERIALIZATION, 10**6))
    assert told_in_one_sentence(caught.value)
    assert runs(store) == []
    store.close()


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("53200", "has no memory or connections left"),
        ("57014", "ended a statement"),
        ("25P04", "ended its session with this call"),
    ],
)
def test_what_the_server_cannot_do_now_is_busy_in_one_sentence(
    postgresql_store: Store, code: str, told: str
) -> None:
    with pytest.raises(DatabaseBusy, match=told) as caught:
        postgresql_store.write(lambda tx: tx.rows(FAIL, code, 1))
    assert told_in_one_sentence(caught.value)
    assert runs(postgresql_store) == []


def test_a_statement_that_its_server_ends_is_told_in_one_sentence(postgresql_url: str) -> None:
    store = Store(f"{postgresql_url}&options=-c statement_timeout=200")

    def work(tx: Transaction) -> None:
        tx.write(ADD_RUN, [("a", None, None, tx.now)])
        tx.rows(SLEEP)

    with pytest.raises(DatabaseBusy, match=r"ended a statement.*statement_timeout") as caught:
        store.write(work)
    assert told_in_one_sentence(caught.value)
    assert runs(store) == []
    store.close()


def test_an_idle_connection_that_its_server_ends_is_opened_anew(postgresql_url: str) -> None:
    store = Store(f"{postgresql_url}&options=-c idle_session_timeout=100")
    for name in "abc":
        add_runs(store, [name])
        time.sleep(0.3)
    assert runs(store) == ["a", "b", "c"]
    store.close()


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that nobody else uses, and that keeps what is committed."""
    folder = Path(tempfile.mkdtemp(prefix="braid-db-tests-"))
    servers = SharedServers(folder)
    servers.own()
    yield servers.postgresql(durable=True)
    servers.stop()
    shutil.rmtree(folder)


class Writers:
    """Threads that write one run after another, and what they were told of each."""

    def __init__(self, store: Store, threads: int) -> None:
        self.store = store
        self.told: dict[type[object], list[str]] = defaultdict(list)
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(threads)]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        count = 0
        while not self._enough.is_set():
            name, count = f"{number}-{count:06}", count + 1
            try:
                add_runs(self.store, [name])
                self.told[type(None)].append(name)
            except DatabaseError as error:
                self.told[type(error)].append(name)
                time.sleep(0.02)

    def wait_until_one_more_is_written(self) -> None:
        before = len(self.told[type(None)])
        deadline = time.monotonic() + 60
        while len(self.told[type(None)]) == before:
            assert time.monotonic() < deadline, "nobody wrote for a minute"
            time.sleep(0.01)


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_server_that_is_restarted_beside_writers_keeps_what_they_were_told(
    own_server: PostgresServer, how: str
) -> None:
    with own_server.new_database() as url:
        store = Store(url, connections=4)
        runs(store)
        with Writers(store, threads=6) as writers:
            for _ in range(3):
                writers.wait_until_one_more_is_written()
                own_server.restart(how)
            writers.wait_until_one_more_is_written()
        found = set(runs(store))
        told = writers.told
        assert set(told) <= {type(None), OutcomeUnknown, DatabaseUnreachable}
        written, perhaps = set(told[type(None)]), set(told[OutcomeUnknown])
        assert written <= found <= written | perhaps
        assert told[DatabaseUnreachable] or perhaps
        store.close()


def test_sessions_that_are_ended_all_the_time_lose_nothing(postgresql_url: str) -> None:
    store = Store(postgresql_url, connections=4)
    runs(store)
    others = text("pid FROM pg_stat_activity WHERE datname = current_database()")
    with (
        psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as administrator,
        Writers(store, threads=6) as writers,
    ):
        for _ in range(40):
            administrator.execute(
                f"SELECT pg_terminate_backend(pid) FROM (SELECT {others} "
                "AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1) AS one".encode()
            )
            time.sleep(0.02)
        writers.wait_until_one_more_is_written()
    found, told = set(runs(store)), writers.told
    assert set(told) <= {type(None), OutcomeUnknown, DatabaseUnreachable}
    written, perhaps = set(told[type(None)]), set(told[OutcomeUnknown])
    assert written <= found <= written | perhaps
    store.close()
