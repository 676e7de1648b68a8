"""Tests that a time means the same wherever a program asks, be its clock in UTC or not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from time import sleep
from typing import Any

import pytest

from braid_db import BraidData, BraidDB, BraidRecord
from braid_db.errors import InvalidArgument
from braid_db.records.errors import NotRecordedThen

pytestmark = pytest.mark.usefixtures("elsewhere")

Asked = Callable[[datetime], set[str]]


class Told:
    """Two records of which the second came from the first, and when each was recorded."""

    def __init__(self, db: BraidDB) -> None:
        self.db = db
        self.before = moment()
        first = BraidData(db, "first")
        self.between = moment()
        self.second = BraidData(db, "second")
        first.add_derivation(self.second)
        self.after = moment()

    def since(self, time: datetime) -> set[str]:
        return names(self.db.search(since=time))

    def until(self, time: datetime) -> set[str]:
        return names(self.db.search(until=time))

    def ancestors(self, time: datetime) -> set[str]:
        return names(self.second.ancestors(as_of=time))


def moment() -> datetime:
    """Return a time between what was written before and what is written next."""
    sleep(0.005)
    now = datetime.now(UTC)
    sleep(0.005)
    return now


def names(found: Any) -> set[str]:
    """Return what records are called."""
    return {one.name for one in found}


def test_a_time_without_a_zone_is_in_utc(db: BraidDB) -> None:
    told = Told(db)
    answers: list[tuple[Asked, datetime, set[str]]] = [
        (told.since, told.before, {"first", "second"}),
        (told.since, told.between, {"second"}),
        (told.since, told.after, set()),
        (told.until, told.between, {"first"}),
        (told.ancestors, told.after, {"first"}),
    ]
    for ask, time, found in answers:
        assert ask(time) == ask(time.replace(tzinfo=None)) == ask(time.astimezone()) == found
    with pytest.raises(NotRecordedThen):
        told.ancestors(told.between.replace(tzinfo=None))


def test_what_was_found_as_of_a_time_without_a_zone_answers_as_of_it_in_utc(db: BraidDB) -> None:
    told = Told(db)
    [found] = told.second.ancestors(as_of=told.after.replace(tzinfo=None))
    assert found.as_of == told.after


def test_only_a_timestamp_without_a_zone_is_local(db: BraidDB) -> None:
    noon = datetime(2025, 3, 1, 12, 0)  # noqa: DTZ001
    record = BraidRecord(db, "made", noon)
    assert record.timestamp == noon.astimezone(UTC)
    assert record.timestamp - noon.replace(tzinfo=UTC) in (
        timedelta(hours=8),
        -timedelta(hours=5.5),
    )


def test_an_early_year_is_shown_in_four_digits(db: BraidDB) -> None:
    """What reads ISO 8601 takes no other, and text sorts as the times do."""
    record = BraidRecord(db, "a chronicle", datetime(793, 6, 8, tzinfo=UTC))
    assert record.view().started_at == "0793-06-08T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("time", "hours"),
    [(datetime(1, 1, 1), 12), (datetime(9999, 12, 31, 23), -12)],  # noqa: DTZ001
)
def test_a_time_at_the_end_of_all_times_is_answered_or_refused(
    db: BraidDB, time: datetime, hours: int
) -> None:
    assert names(db.search(since=time)) == set()
    with pytest.raises(InvalidArgument, match="the years 2 to 9998"):
        db.search(since=time.replace(tzinfo=timezone(timedelta(hours=hours))))
    with pytest.raises(InvalidArgument, match="the years 2 to 9998"):
        BraidRecord(db, "made", time)
    assert db.size() == 0
