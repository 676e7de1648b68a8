"""Tests that a lost connection costs at most the call that was under way, and says so."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import func, select

from braid_db.errors import DatabaseBusy, DatabaseUnreachable, OutcomeUnknown
from braid_db.store import Store, Transaction
from braid_db.store.driver import Access
from braid_db.store.statements import Statement
from tests.databases.postgresql import PostgresServer
from tests.store.rows import ADD_RUN, add_runs, runs

WHO_AM_I = Statement(select(func.pg_backend_pid()))


class Administrator:
    """Someone who ends other people's sessions on a server."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)

    def end(self, session: int) -> None:
        """End a session, and return when it is over."""
        assert self.connection.execute(
            "SELECT pg_terminate_backend(%s, 10000)", (session,)
        ).fetchone() == (True,)


@pytest.fixture
def administrator(postgresql_url: str) -> Iterator[Administrator]:
    administrator = Administrator(postgresql_url)
    yield administrator
    administrator.connection.close()


def session_of(tx: Transaction) -> int:
    session: int = tx.rows(WHO_AM_I)[0][0]
    return session


def test_a_connection_lost_between_calls_is_opened_anew(
    postgresql_store: Store, administrator: Administrator
) -> None:
    for name in ("a", "b"):
        administrator.end(postgresql_store.read(session_of))
        add_runs(postgresql_store, [name])
    administrator.end(postgresql_store.read(session_of))
    assert runs(postgresql_store) == ["a", "b"]


def test_a_transaction_whose_connection_is_lost_is_run_again_as_a_whole(
    postgresql_store: Store, administrator: Administrator
) -> None:
    sessions: list[int] = []

    def work(tx: Transaction) -> None:
        tx.write(ADD_RUN, [("first", None, None, tx.now)])
        sessions.append(session_of(tx))
        if len(sessions) == 1:
            administrator.end(sessions[0])
        tx.write(ADD_RUN, [("second", None, None, tx.now)])
        session_of(tx)

    postgresql_store.write(work)
    assert len(set(sessions)) == 2
    assert runs(postgresql_store) == ["first", "second"]


def test_a_connection_that_is_lost_again_and_again_is_given_up(
    postgresql_store: Store, administrator: Administrator
) -> None:
    sessions: list[int] = []

    def work(tx: Transaction) -> None:
        sessions.append(session_of(tx))
        administrator.end(sessions[-1])
        session_of(tx)

    with pytest.raises(DatabaseUnreachable):
        postgresql_store.write(work)
    assert len(sessions) == 2
    assert runs(postgresql_store) == []


def test_a_connection_lost_while_committing_leaves_the_outcome_unknown(
    postgresql_store: Store, administrator: Administrator
) -> None:
    def work(tx: Transaction) -> None:
        tx.write(ADD_RUN, [("a", None, None, tx.now)])
        administrator.end(session_of(tx))

    with pytest.raises(OutcomeUnknown, match="same idempotency_key"):
        postgresql_store.write(work)
    assert runs(postgresql_store) == []


def test_a_read_is_run_again_even_if_its_connection_is_lost_at_its_end(
    postgresql_store: Store, administrator: Administrator
) -> None:
    sessions: list[int] = []

    def work(tx: Transaction) -> str:
        sessions.append(session_of(tx))
        if len(sessions) == 1:
            administrator.end(sessions[0])
        return "answer"

    assert postgresql_store.read(work) == "answer"
    assert len(sessions) == 2


def test_an_unreachable_server_is_told_of_in_one_sentence_without_its_password() -> None:
    for url in (
        "postgresql+psycopg://user:hunter2@127.0.0.1:1/name",
        "postgresql+psycopg://user@127.0.0.1:1/name?password=hunter2",
    ):
        store = Store(url)
        with pytest.raises(DatabaseUnreachable) as caught:
            runs(store)
        told = str(caught.value)
        assert "hunter2" not in told + repr(caught.value) + repr(vars(caught.value))
        assert "127.0.0.1" in told
        assert "cannot be reached. Check that its server runs" in told
        assert "psycopg" not in told.replace("postgresql+psycopg", "")
        assert "\n" not in told


def test_a_database_that_a_server_does_not_have_is_unreachable(
    postgresql_server: PostgresServer,
) -> None:
    with pytest.raises(DatabaseUnreachable, match="user, password and name"):
        runs(Store(postgresql_server.url("absent")))


def test_a_server_that_is_full_of_others_is_waited_for(
    postgresql_url: str, administrator: Administrator
) -> None:
    user = f"impatient_{uuid.uuid4().hex}"
    administrator.connection.execute(f"CREATE ROLE {user} LOGIN CONNECTION LIMIT 0")
    url = postgresql_url.replace("//braid@", f"//{user}@")
    try:
        start = time.monotonic()
        with pytest.raises(DatabaseBusy, match="takes no more connections"):
            runs(Store(url, busy_timeout_s=0.2))
        assert time.monotonic() - start > 0.2
    finally:
        administrator.connection.execute(f"DROP ROLE {user}")


def test_a_user_who_may_not_make_tables_is_told_so(
    postgresql_url: str, administrator: Administrator
) -> None:
    user = f"guest_{uuid.uuid4().hex}"
    administrator.connection.execute(f"CREATE ROLE {user} LOGIN")
    administrator.connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    administrator.connection.execute(f"GRANT USAGE ON SCHEMA public TO {user}")
    try:
        with pytest.raises(DatabaseUnreachable, match="may not be written by this user"):
            runs(Store(postgresql_url.replace("//braid@", f"//{user}@")))
    finally:
        administrator.connection.execute(f"DROP OWNED BY {user}; DROP ROLE {user}")


@pytest.mark.parametrize("access", [Access.RECORD, Access.ALONE])
def test_a_database_that_another_keeps_locked_is_busy_after_the_timeout(
    postgresql_url: str, access: Access
) -> None:
    holder, waiter = Store(postgresql_url), Store(postgresql_url, busy_timeout_s=0.2)
    runs(waiter)

    def work(tx: Transaction) -> None:
        session_of(tx)
        with pytest.raises(DatabaseBusy, match="Nothing was written: call again"):
            waiter.write(lambda tx: None, alone=access is Access.ALONE)

    holder.write(work, alone=True)
    waiter.write(lambda tx: None)
    holder.close()
    waiter.close()
