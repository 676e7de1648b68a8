"""Tests that nothing slips past a recall that is recorded at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from braid_db.store import postgresql
from braid_db.store.connecting import make_engine
from braid_db.store.transaction import Access, Transaction
from tests.recall.histories.rows import RecallMark, read_recalled
from tests.recall.races import Race
from tests.records.histories.rows import Mark, read_rows

Patch = pytest.MonkeyPatch


def check_that_nothing_slipped_past(url: str) -> int:
    """Check that a recall which reaches a content reaches all that was derived from it.

    :returns: how many contents recalls reach.
    """
    with make_engine(url).connect() as connection:
        recalled = read_recalled(connection, RecallMark(0, 0))
        edges = read_rows(connection, Mark(0, 0)).edges
    causes: dict[int, set[int]] = {}
    for recall, content in recalled.ways:
        if recalled.recalls[recall].is_standing:
            causes.setdefault(content, set()).add(recall)
    for edge in edges:
        assert causes.get(edge.predecessor, set()) <= causes.get(edge.derived, set())
    return len(causes)


def test_no_child_of_something_invalid_is_valid_whoever_records_beside_a_recall(
    postgresql_url: str, costly: Callable[[int], int]
) -> None:
    rounds = costly(1000)
    with closing(Race(postgresql_url)) as race:
        beside = sum(race.run(number) for number in range(rounds))
    assert check_that_nothing_slipped_past(postgresql_url) > rounds
    assert beside > rounds / 2


def recalls_wait_for_nobody(patch: Patch) -> None:
    patch.delitem(postgresql._LOCKS, Access.ALONE)


def recorders_are_waited_for_by_nobody(patch: Patch) -> None:
    patch.delitem(postgresql._LOCKS, Access.RECORD)


def what_becomes_invalid_late_is_recorded_beside_others(patch: Patch) -> None:
    patch.setattr(Transaction, "need_to_be_alone", lambda _: None)


@pytest.mark.parametrize(
    "fault",
    [
        recalls_wait_for_nobody,
        recorders_are_waited_for_by_nobody,
        what_becomes_invalid_late_is_recorded_beside_others,
    ],
    ids=lambda fault: fault.__name__,
)
def test_the_law_is_seen_to_fail_where_locks_are_missing(
    postgresql_url: str, fault: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    fault(monkeypatch)
    with closing(Race(postgresql_url)) as race, pytest.raises(AssertionError):
        race_until_something_slips_past(race, postgresql_url)


def race_until_something_slips_past(race: Race, url: str) -> None:
    for number in range(200):
        race.run(number)
        check_that_nothing_slipped_past(url)
