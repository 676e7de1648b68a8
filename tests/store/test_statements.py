"""Tests that values pass through both databases as they are, and of what a statement promises."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    Table,
    bindparam,
    func,
    select,
)
from sqlalchemy.schema import CreateTable

from braid_db.errors import DatabaseError
from braid_db.store import Store, Transaction
from braid_db.store.statements import Statement, inserting
from braid_db.store.tables import run
from braid_db.store.types import ByCodePoint, Digest, Flag, Number, Uid, UtcTime
from tests.effort import costly
from tests.store.rows import ADD_RUN, runs

VALUES = Table(
    "every_type",
    MetaData(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("text", ByCodePoint),
    Column("big", BigInteger),
    Column("double", Number),
    Column("flag", Flag),
    Column("time", UtcTime),
    Column("uid", Uid),
    Column("digest", Digest),
)
KEEP = inserting(VALUES)
FIND = Statement(select(VALUES).where(VALUES.c.number == bindparam("number")), "number")
FORGET = Statement(VALUES.delete())
BY_TEXT = Statement(select(VALUES.c.text).order_by(VALUES.c.text))

LARGEST = 2**63 - 1


@pytest.fixture
def values(store: Store) -> Iterator[Store]:
    """A database that has a table of every type."""
    runs(store)
    with store.engine.connect() as connection:
        connection.execute(CreateTable(VALUES))
    return store


def texts() -> st.SearchStrategy[str]:
    """What both databases can hold: PostgreSQL holds no NUL, and neither half a character."""
    return st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
aware_times = st.datetimes(timezones=zones).filter(lambda time: 2 < time.toordinal() < 3652057)
rows = st.tuples(
    st.none() | texts(),
    st.none() | st.integers(-LARGEST - 1, LARGEST),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.booleans(),
    st.none() | aware_times,
    st.none() | st.uuids().map(str),
    st.none() | st.binary(),
)


def kept(store: Store, row: tuple[Any, ...]) -> tuple[Any, ...]:
    def work(tx: Transaction) -> tuple[Any, ...]:
        tx.write(FORGET, [()])
        tx.write(KEEP, [(1, *row)])
        return tx.rows(FIND, 1)[0][1:]

    return store.write(work)


one_database_for_all_examples = settings(
    max_examples=costly(500), suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@one_database_for_all_examples
@given(row=rows)
def test_every_value_comes_back_as_it_was(values: Store, row: tuple[Any, ...]) -> None:
    found = kept(values, row)
    assert found == row
    assert [type(value) for value in found] == [type(value) for value in row]


@one_database_for_all_examples
@given(time=aware_times)
def test_a_time_comes_back_in_utc(values: Store, time: datetime) -> None:
    found = kept(values, (None, None, None, None, time, None, None))[4]
    assert found == time
    assert found.tzinfo is UTC or found.utcoffset() == timedelta(0)


@one_database_for_all_examples
@given(several=st.lists(texts(), max_size=8))
def test_text_sorts_by_code_point(values: Store, several: list[str]) -> None:
    def work(tx: Transaction) -> list[Any]:
        tx.write(FORGET, [()])
        empty = (None,) * 6
        tx.write(KEEP, [(number, text, *empty) for number, text in enumerate(several)])
        return [text for (text,) in tx.rows(BY_TEXT)]

    assert values.write(work) == sorted(several)


@one_database_for_all_examples
@given(several=st.lists(aware_times, max_size=8))
def test_times_sort_as_they_passed(values: Store, several: list[datetime]) -> None:
    query = select(VALUES.c.time).order_by(VALUES.c.time)

    def work(tx: Transaction) -> list[Any]:
        tx.write(FORGET, [()])
        before, after = (None,) * 4, (None,) * 2
        tx.write(KEEP, [(n, *before, time, *after) for n, time in enumerate(several)])
        return [time for (time,) in tx.select(query)]

    assert values.write(work) == sorted(several)


@pytest.mark.parametrize("number", [math.inf, -math.inf, 5e-324, 1.7976931348623157e308])
def test_a_double_at_the_edge_comes_back_as_it_was(values: Store, number: float) -> None:
    found = kept(values, (None, None, number, None, None, None, None))[2]
    assert repr(found) == repr(number)


def test_not_a_number_is_no_number_on_sqlite(values: Store) -> None:
    """SQLite keeps NULL for it, so whoever writes numbers for comparison leaves it out."""
    found = kept(values, (None, None, math.nan, None, None, None, None))[2]
    assert found is None if values.engine.dialect.name == "sqlite" else math.isnan(found)


def test_a_uuid_comes_back_in_its_usual_form(values: Store) -> None:
    uid = "0190a3b4-1c2d-7e5f-8a9b-0c1d2e3f4a5b"
    found = kept(values, (None, None, None, None, None, uid, None))[5]
    assert found == uid
    assert str(UUID(found)) == uid


@pytest.mark.parametrize("number", [LARGEST + 1, -LARGEST - 2])
def test_a_number_beyond_64_bits_is_refused_and_nothing_written(values: Store, number: int) -> None:
    kept(values, ("before",) + (None,) * 6)
    with pytest.raises((OverflowError, DatabaseError)):
        kept(values, ("after", number) + (None,) * 5)
    assert values.read(lambda tx: tx.rows(BY_TEXT)) == [("before",)]


def test_a_statement_is_compiled_once_for_each_database(values: Store) -> None:
    compiled = FIND.on(values.engine.dialect)
    assert FIND.on(values.engine.dialect) is compiled


def test_values_are_taken_in_the_order_that_a_statement_names(values: Store) -> None:
    """The SQL has them in another order, and one of them twice."""
    query = select(bindparam("b", type_=Integer), func.coalesce(bindparam("a", type_=Integer), 0))
    query = query.where(bindparam("b", type_=Integer) == bindparam("b", type_=Integer))
    statement = Statement(query, "a", "b")
    assert values.read(lambda tx: tx.rows(statement, 1, 2)) == [(2, 1)]


def test_a_query_takes_lists_times_and_constants(store: Store) -> None:
    def work(tx: Transaction) -> list[Any]:
        tx.write(ADD_RUN, [(name, None, None, tx.now) for name in "abc"])
        query = select(run.c.run_id).where(
            run.c.run_id.in_(["a", "c", "d"]), run.c.created_at == tx.now, run.c.flow_id.is_(None)
        )
        return tx.select(query.order_by(run.c.run_id).limit(5))

    assert store.write(work) == [("a",), ("c",)]


def test_a_query_with_an_empty_list_finds_nothing(store: Store) -> None:
    query = select(run.c.run_id).where(run.c.run_id.in_([]))
    assert store.read(lambda tx: tx.select(query)) == []


def test_many_rows_are_answered_in_their_order(store: Store) -> None:
    def work(tx: Transaction) -> list[list[Any]]:
        tx.write(ADD_RUN, [(name, None, None, tx.now) for name in "abc"])
        find = Statement(select(run.c.run_id).where(run.c.run_id == bindparam("name")), "name")
        return tx.each(find, [("c",), ("x",), ("a",)])

    assert store.write(work) == [[("c",)], [], [("a",)]]


Failing = Callable[[Transaction], Any]


def twice_in_one_write(tx: Transaction) -> None:
    tx.write(ADD_RUN, [("same", None, None, tx.now), ("same", None, None, tx.now)])


def twice_then_asked(tx: Transaction) -> None:
    twice_in_one_write(tx)
    tx.rows(FIND_SAME)


def asked_around_the_fault(tx: Transaction) -> None:
    first = tx.ask(FIND_SAME, [()])
    tx.write(ADD_RUN, [("same", None, None, tx.now)])
    first()
    again = tx.ask(FIND_SAME, [()])
    tx.write(ADD_RUN, [("same", None, None, tx.now)])
    later = tx.ask(FIND_SAME, [()])
    again()
    later()


FIND_SAME = Statement(select(run.c.run_id).where(run.c.run_id == "same"))


@pytest.mark.parametrize("work", [twice_in_one_write, twice_then_asked, asked_around_the_fault])
def test_a_refused_statement_leaves_nothing_and_a_connection_that_works(
    store: Store, work: Failing
) -> None:
    with pytest.raises(DatabaseError, match="refused a statement") as caught:
        store.write(work)
    told = str(caught.value)
    assert "UNIQUE" not in told
    assert "duplicate" not in told
    assert runs(store) == []
    store.write(lambda tx: tx.write(ADD_RUN, [("same", None, None, tx.now)]))
    assert runs(store) == ["same"]
