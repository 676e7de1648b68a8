"""Tests that a server which takes connections and answers nothing is not waited for without end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, make_url, select

from braid_db.errors import DatabaseError, DatabaseUnreachable, OutcomeUnknown
from braid_db.store import Store, Transaction
from braid_db.store.statements import Statement
from tests.databases.proxy import Proxy, proxy_to
from tests.store.rows import ADD_RUN, add_runs, runs

PATIENCE_S = 2
LONG_S = 3.5
SLEEP = Statement(select(func.pg_sleep(LONG_S)))
ONE = Statement(select(func.length("1")))


@pytest.fixture
def proxy(postgresql_url: str) -> Iterator[Proxy]:
    """What stands between the store and its server."""
    with proxy_to(f"{make_url(postgresql_url).query['host']}/.s.PGSQL.5432") as proxy:
        yield proxy


@pytest.fixture
def store(postgresql_url: str, proxy: Proxy) -> Iterator[Store]:
    """A database whose server is reached through the proxy, and waited for two seconds."""
    name = make_url(postgresql_url).database
    place = f"postgresql+psycopg://braid@127.0.0.1:{proxy.port}/{name}"
    store = Store(f"{place}?connect_timeout={PATIENCE_S}")
    assert runs(store) == []
    yield store
    store.close()


def given_up(call: Callable[[], object]) -> DatabaseError:
    """Return the error that a call ends with after being patient, and not for ever."""
    found: list[DatabaseError] = []

    def run() -> None:
        with pytest.raises(DatabaseError) as caught:
            call()
        found.append(caught.value)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert found, "it is still waiting"
    return found[0]


def test_a_port_that_takes_connections_and_says_nothing_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        store = Store(f"postgresql+psycopg://u@127.0.0.1:{port}/n?connect_timeout={PATIENCE_S}")
        error = given_up(lambda: runs(store))
    assert isinstance(error, DatabaseUnreachable)
    assert "cannot be reached" in str(error)


def test_a_server_that_falls_silent_between_calls_is_unreachable(
    store: Store, proxy: Proxy
) -> None:
    proxy.fall_silent()
    assert isinstance(given_up(lambda: runs(store)), DatabaseUnreachable)


def test_a_server_that_falls_silent_in_a_call_is_unreachable(store: Store, proxy: Proxy) -> None:
    def work(tx: Transaction) -> None:
        tx.write(ADD_RUN, [("a", None, None, tx.now)])
        tx.rows(ONE)
        proxy.fall_silent()
        tx.rows(ONE)

    assert isinstance(given_up(lambda: store.write(work)), DatabaseUnreachable)


def test_a_server_that_falls_silent_while_committing_leaves_the_outcome_unknown(
    store: Store, proxy: Proxy
) -> None:
    def work(tx: Transaction) -> None:
        tx.write(ADD_RUN, [("a", None, None, tx.now)])
        tx.rows(ONE)
        proxy.fall_silent()

    assert isinstance(given_up(lambda: store.write(work)), OutcomeUnknown)


def test_a_server_that_is_silent_for_a_while_costs_nothing_but_time(
    store: Store, proxy: Proxy
) -> None:
    """The connection was given up, and the call is run again as a whole on a new one."""
    attempts: list[threading.Timer] = []

    def work(tx: Transaction) -> None:
        if not attempts:
            proxy.fall_silent()
            attempts.append(threading.Timer(2.5 * PATIENCE_S, proxy.talk_again))
            attempts[0].start()
        tx.write(ADD_RUN, [("a", None, None, tx.now)])
        tx.rows(ONE)

    store.write(work)
    attempts[0].join()
    assert runs(store) == ["a"]


def test_a_statement_that_takes_long_is_waited_for(store: Store, proxy: Proxy) -> None:
    before = proxy.connections
    start = time.monotonic()
    store.read(lambda tx: tx.rows(SLEEP))
    assert time.monotonic() - start >= LONG_S
    assert proxy.connections == before + 1


def test_a_lock_that_is_kept_long_is_waited_for(store: Store, postgresql_url: str) -> None:
    holder = Store(postgresql_url)
    runs(holder)
    taken = threading.Event()

    def hold(tx: Transaction) -> None:
        tx.rows(ONE)
        taken.set()
        tx.rows(SLEEP)

    thread = threading.Thread(target=lambda: holder.write(hold, alone=True))
    thread.start()
    taken.wait(60)
    add_runs(store, ["a"])
    thread.join()
    assert runs(store) == ["a"]
    holder.close()
