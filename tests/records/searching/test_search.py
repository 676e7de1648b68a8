"""Tests that a search finds what fits, in its order, each record once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from uuid import uuid4

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import and_, func, select, true

from braid_db.conditions import Condition, Op, TagKey, Test
from braid_db.errors import InvalidArgument
from braid_db.model import Kind
from braid_db.records.search import Wanted, count_records, search
from braid_db.steps.tags import read_tag
from braid_db.store import Store, Transaction, comparing, searching, tables
from braid_db.store.statements import Statement
from tests.effort import costly
from tests.records.planting import ADD_RECORD, ADD_TAG, ADD_VERSION, plant_recall, plant_records
from tests.records.searching.plain import Known, fits, written
from tests.records.searching.strategies import conditions, records

Patch = pytest.MonkeyPatch


class Mismatch(AssertionError):
    """A search found something else than fits."""


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """A database for all examples of a test."""
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path_factory.mktemp('search') / 'braid.db'}")
        yield store
        store.close()
        return
    server = request.getfixturevalue("postgresql_server")
    with server.new_database() as url:
        store = Store(url)
        yield store
        store.close()


def plant(tx: Transaction, known: Sequence[Known]) -> dict[int, Known]:
    """Write records as they are told, each in its second version, which only edits the first."""
    planted = dict(zip(tx.new_ids(tables.record, len(known)), known, strict=True))
    for record_id, one in planted.items():
        old, new = tx.new_ids(tables.version, 2)
        row = (record_id, str(uuid4()), tx.database, Kind.DATA.value, None, new, None, tx.now)
        tx.write(ADD_RECORD, [row])
        for number, version_id, name in ((1, old, "old"), (2, new, one.name)):
            told = (name, None, None, None, None, None, None, tx.now)
            tx.write(ADD_VERSION, [(version_id, str(uuid4()), record_id, number, old, *told)])
        for told_tags, since, until in ((one.ended, 1, 2), (one.tags, 2, None)):
            for kept in (read_tag(*told) for told in told_tags):
                tx.write(ADD_TAG, [(record_id, *kept, since, until, tx.now)])
        plant_recall(tx, old, is_standing=one.is_recalled)
    return planted


def check(store: Store, known: Sequence[Known], asked: Sequence[Condition]) -> None:
    """Compare what is found of some records with what fits.

    :raises Mismatch: if it is not the same.
    """
    planted = store.write(lambda tx: plant(tx, known))
    for condition in asked:
        where = f"record_id >= {min(planted)} and ({written(condition)})"
        page = store.read(lambda tx, where=where: search(tx, Wanted(where)))  # type: ignore[misc]
        wanted = [number for number, one in planted.items() if fits(one, condition)]
        if [view.record_id for view in page.items] != sorted(wanted, reverse=True):
            raise Mismatch(where)
        number = store.read(lambda tx, where=where: count_records(tx, Wanted(where)))  # type: ignore[misc]
        assert number == len(wanted)


@settings(max_examples=costly(300))
@given(records, st.lists(conditions, min_size=1, max_size=6), st.sampled_from([0, 2, 20_000]))
def test_a_search_finds_what_a_plain_reading_finds(
    shared: Store, known: list[Known], asked: list[Condition], few: int
) -> None:
    with Patch.context() as patch:
        patch.setattr(searching, "FEW", few)
        check(shared, known, asked)


def numbers_are_compared_as_doubles(patch: Patch) -> None:
    patch.setattr(comparing, "_EXACT", 2.0**1023)


def a_condition_and_its_complement_leave_a_gap(patch: Patch) -> None:
    patch.setattr(searching, "not_", lambda part: and_(part, ~part))


def what_was_edited_away_still_counts(patch: Patch) -> None:
    def of_record(table: object, dialect: str) -> object:
        return table.c.record_id == tables.record.c.record_id  # type: ignore[attr-defined]

    patch.setattr(searching, "_is_current", of_record)


def types_are_one(patch: Patch) -> None:
    patch.setattr(comparing, "_is_text", lambda fits: fits)


def null_is_a_value(patch: Patch) -> None:
    real = comparing.tag_fits
    patch.setattr(
        searching, "tag_fits", lambda op, *more: true() if op is Op.KNOWN else real(op, *more)
    )


def long_texts_are_cut(patch: Patch) -> None:
    patch.setattr(comparing, "INDEXED_CHARACTERS", 10_000)


def an_index_answers_for_any_of_its_texts(patch: Patch) -> None:
    patch.setattr(searching, "union_all", lambda first, *_: first)


def recalls_are_not_looked_at(patch: Patch) -> None:
    patch.setattr(searching, "is_invalid", lambda _: ~true())


def either_is_both(patch: Patch) -> None:
    patch.setattr(searching, "or_", lambda _, *parts: and_(*parts))


def a_wildcard_is_a_letter(patch: Patch) -> None:
    patch.setattr(comparing, "read_pattern", lambda pattern: list(pattern))


FAULTS = [
    a_condition_and_its_complement_leave_a_gap,
    what_was_edited_away_still_counts,
    types_are_one,
    null_is_a_value,
    an_index_answers_for_any_of_its_texts,
    recalls_are_not_looked_at,
    either_is_both,
    a_wildcard_is_a_letter,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_the_law_is_seen_to_fail_on_a_planted_fault(
    fault: Callable[[Patch], None], sqlite_url: str, monkeypatch: Patch
) -> None:
    fault(monkeypatch)
    if fault is what_was_edited_away_still_counts:
        monkeypatch.setattr(searching, "FEW", 0)
    store = Store(sqlite_url)

    @seed(1)
    @settings(max_examples=400, database=None, phases=[Phase.generate], report_multiple_bugs=False)
    @given(records, st.lists(conditions, min_size=1, max_size=6))
    def breaks(known: list[Known], asked: list[Condition]) -> None:
        check(store, known, asked)

    with pytest.raises(Mismatch):
        breaks()
    store.close()


BEYOND = (2**53 - 1, 2**53, 2**53 + 1, 2**53 + 2, float(2**53), 2**70, 2**70 + 1)
LONG = ("x" * 199, "x" * 200, "x" * 200 + "a", "x" * 200 + "b", "x" * 250)


def compare_all(store: Store, values: Sequence[str | int | float]) -> None:
    """Compare some values with each other in every way."""
    known = [Known("x", False, (("loss", value),)) for value in values]
    ways = (Op.IN, Op.OTHER, Op.LESS, Op.AT_MOST, Op.MORE, Op.AT_LEAST)
    check(store, known, [Test(TagKey("loss"), way, (one,)) for way in ways for one in values])


def test_integers_that_no_double_holds_are_compared_to_their_last_digit(store: Store) -> None:
    compare_all(store, (*BEYOND, *(-one for one in BEYOND)))


def test_texts_longer_than_an_index_holds_are_compared_whole(store: Store) -> None:
    compare_all(store, LONG)


@pytest.mark.parametrize(
    ("fault", "values"), [(numbers_are_compared_as_doubles, BEYOND), (long_texts_are_cut, LONG)]
)
def test_a_comparison_that_is_cut_short_is_seen(
    fault: Callable[[Patch], None],
    values: Sequence[str | int | float],
    sqlite_url: str,
    monkeypatch: Patch,
) -> None:
    fault(monkeypatch)
    store = Store(sqlite_url)
    with pytest.raises(Mismatch):
        compare_all(store, values)
    store.close()


@pytest.mark.parametrize("sort", [None, "created_at", "name", "loss"])
@pytest.mark.parametrize("reverse", [False, True])
def test_pages_show_each_record_once_while_others_are_recorded(
    store: Store, sort: str | None, reverse: bool
) -> None:
    tags = [(("loss", value),) for value in (0.5, 3, 2**60, "high", None, 0.5)]
    known = [Known(f"name {n % 3}", False, tags[n % 6]) for n in range(25)]
    before = store.write(lambda tx: plant(tx, known))
    seen: list[int] = []
    after: str | None = None
    while True:
        page = store.read(
            lambda tx, after=after: search(  # type: ignore[misc]
                tx, sort=sort, reverse=reverse, after=after, limit=4
            )
        )
        seen += [view.record_id for view in page.items]
        if page.next is None:
            break
        after = page.next
        if len(seen) < 20:
            store.write(lambda tx: plant(tx, known[:1]))
    assert len(seen) == len(set(seen))
    assert [record_id for record_id in seen if record_id in before] == expected(
        before, sort, reverse
    )


def expected(planted: dict[int, Known], sort: str | None, reverse: bool) -> list[int]:
    """Return the records in the order that was asked for."""
    descending = (sort in (None, "created_at")) != reverse

    def key(record_id: int) -> tuple[object, ...]:
        one = planted[record_id]
        if sort == "name":
            return one.name, record_id
        if sort != "loss":
            return (record_id,)
        last = float("-inf" if descending else "inf")
        loss = one.tags[0][1]
        number = float(loss) if isinstance(loss, (int, float)) else last
        text = loss if isinstance(loss, str) else "" if descending else "\U0010ffff"
        return number, text, record_id

    return sorted(planted, key=key, reverse=descending)


def test_a_record_without_the_tag_comes_last_whichever_way_records_are_sorted(
    store: Store,
) -> None:
    losses: list[tuple[tuple[str, object], ...]] = [(("loss", 2),), (), (("loss", 1),)]
    ids = list(store.write(lambda tx: plant(tx, [Known("x", False, told) for told in losses])))
    for reverse, order in ((False, [2, 0, 1]), (True, [0, 2, 1])):
        page = store.read(lambda tx, reverse=reverse: search(tx, sort="loss", reverse=reverse))  # type: ignore[misc]
        assert [view.record_id for view in page.items] == [ids[place] for place in order]


def test_the_last_page_names_no_next_one(store: Store) -> None:
    store.write(lambda tx: plant_records(tx, [Kind.DATA] * 4))
    first = store.read(lambda tx: search(tx, limit=2))
    assert first.next == str(first.items[-1].record_id)
    last = store.read(lambda tx: search(tx, limit=2, after=first.next))
    assert (len(last.items), last.next) == (2, None)


@pytest.mark.parametrize("after", ["", "x", "-1", str(2**63), "9" * 5000, "é", "\ud800"])
@pytest.mark.parametrize("sort", [None, "name", "loss", "created_at"])
def test_a_place_that_no_page_named_is_refused(store: Store, sort: str | None, after: str) -> None:
    with pytest.raises(InvalidArgument, match="after"):
        store.read(lambda tx: search(tx, sort=sort, after=after))


@pytest.mark.parametrize("sort", ["kind", "valid", "", "a b", "'x'", '"'])
def test_an_order_that_there_is_not_is_refused(store: Store, sort: str) -> None:
    with pytest.raises(InvalidArgument, match="record_id, created_at, name"):
        store.read(lambda tx: search(tx, sort=sort))


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    wanted = Wanted(since=datetime(2026, 3, 1))  # noqa: DTZ001
    with pytest.raises(InvalidArgument, match="in no time zone"):
        store.read(lambda tx: search(tx, wanted))


def test_a_search_leaves_the_planning_of_a_server_as_it_was(postgresql_url: str) -> None:
    store = Store(postgresql_url)
    setting = Statement(select(func.current_setting("enable_bitmapscan")))

    def work(tx: Transaction) -> tuple[str, str]:
        with searching._without_bitmaps(tx):
            [[meanwhile]] = tx.rows(setting)
        search(tx, Wanted("loss < 0.1 and beamline = '8-ID'"))
        [[afterwards]] = tx.rows(setting)
        return meanwhile, afterwards

    assert store.read(work) == ("off", "on")
    store.close()
