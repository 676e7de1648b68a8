"""Tests of what objects answer about their lineage: what, when, how, and what is to be done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from time import sleep
from typing import NamedTuple

import pytest

from braid_db import BraidData, BraidDB, BraidFact, BraidModel, BraidRecord, BraidStatement
from braid_db.errors import InvalidArgument
from braid_db.recall.errors import RecallNotFound
from braid_db.records.errors import NotRecordedThen


class Story(NamedTuple):
    """mask -> scan -> train -> model -> verdict; the mask also goes straight into the verdict."""

    mask: BraidFact
    scan: BraidData
    train: BraidRecord
    model: BraidModel
    verdict: BraidStatement


@pytest.fixture
def story(db: BraidDB) -> Story:
    """A few records that came of one another."""
    mask, scan = BraidFact(db, "mask"), BraidData(db, "scan", tags={"n": 1})
    train = BraidRecord(db, "train", kind="step")
    model, verdict = BraidModel(db, "model"), BraidStatement(db, "verdict")
    mask.add_derivation(scan)
    scan.add_derivation(train)
    train.add_derivation(model)
    model.add_derivation(verdict)
    mask.add_derivation(verdict)
    return Story(mask, scan, train, model, verdict)


def moment() -> datetime:
    """Return a time between what was written before and what is written next."""
    sleep(0.005)
    now = datetime.now(UTC)
    sleep(0.005)
    return now


def names(records: Sequence[BraidRecord]) -> list[str]:
    """Return what records are called."""
    return [record.name for record in records]


def test_lineage_is_narrowed_by_kind_validity_depth_and_number(story: Story) -> None:
    ancestors = story.verdict.ancestors()
    assert [(one.name, one.distance) for one in ancestors] == [
        ("mask", 1), ("model", 1), ("train", 2), ("scan", 3),
    ]  # fmt: skip
    assert names(story.verdict.ancestors(kinds=["model", "step"])) == ["model", "train"]
    assert names(story.verdict.ancestors(limit=1)) == ["mask"]
    assert names(story.mask.descendants(depth=1)) == ["scan", "verdict"]
    assert names(story.model.data()) == ["scan", "mask"]
    story.scan.invalidate("wrong", cascade=False)
    assert names(story.verdict.ancestors(only_valid=True)) == ["mask", "model", "train"]
    assert names(story.mask.descendants(only_valid=True)) == ["verdict", "train", "model"]


def test_as_of_a_time_records_answer_as_they_were_then(db: BraidDB, story: Story) -> None:
    before = moment()
    story.scan.add_tag("late", True)
    BraidData(db, "second scan").add_derivation(story.train)
    story.scan.invalidate("wrong")
    assert len(story.verdict.ancestors()) == 5
    found = {one.name: one for one in story.verdict.ancestors(as_of=before)}
    assert list(found) == ["mask", "model", "train", "scan"]
    scan = found["scan"]
    assert (scan.is_valid(), scan.tags_as_dict(), scan.as_of) == (True, {"n": 1}, before)
    assert scan.view().tags == {"n": 1}
    assert f"as of {before:%Y-%m-%d %H:%M:%S} UTC" in repr(scan)
    assert names(scan.descendants(only_valid=True)) == ["train", "model", "verdict"]
    assert story.scan.tags_as_dict() == {"n": 1, "late": True}
    assert not scan.refresh().is_valid()
    assert (scan.as_of, scan.descendants(only_valid=True)) == (None, [])


def test_what_is_written_to_a_record_of_a_time_brings_it_to_now(story: Story) -> None:
    [mask] = story.scan.ancestors(as_of=moment())
    story.mask.invalidate("wrong")
    assert mask.is_valid()
    mask.edit(name="bad mask")
    assert (mask.version, mask.as_of, mask.is_valid()) == (2, None, False)


def test_what_was_recorded_only_later_is_refused(db: BraidDB, story: Story) -> None:
    before = moment()
    late = BraidData(db, "late")
    with pytest.raises(NotRecordedThen):
        late.ancestors(as_of=before)
    with pytest.raises(NotRecordedThen):
        story.verdict.paths_to(late, as_of=before)


def test_ways_lead_from_the_ancestor_whichever_is_asked(story: Story) -> None:
    for ways in (story.mask.paths_to(story.verdict), story.verdict.paths_to(story.mask)):
        assert [names(way) for way in ways] == [
            ["mask", "verdict"],
            ["mask", "scan", "train", "model", "verdict"],
        ]
        roles = [one.role for one in ways[1]]
        assert roles == [None, "derived", "used", "generated", "derived"]
    assert names(story.mask.paths_to(story.verdict, limit=1)[0]) == ["mask", "verdict"]
    assert story.scan.paths_to(story.scan) == []


def test_common_ancestors_tell_both_distances(db: BraidDB, story: Story) -> None:
    other = BraidData(db, "other")
    story.scan.add_derivation(other)
    found = story.model.common_ancestors(other)
    told = [(one.name, one.distance, one.other_distance) for one in found]
    assert told == [("scan", 2, 1), ("mask", 3, 2)]
    assert names(story.model.common_ancestors(other, kinds=["fact"])) == ["mask"]
    assert names(story.model.common_ancestors(other, limit=1)) == ["scan"]
    assert names(story.verdict.common_ancestors(story.model))[0] == "model"


def test_why_tells_a_story_that_prints(db: BraidDB, story: Story) -> None:
    BraidData(db, "<b>\x1b[2J").add_derivation(story.train)
    told = story.verdict.why()
    assert [one.step.name for one in told.steps] == ["train"]
    assert str(told).splitlines() == [
        "statement 5 verdict",
        "",
        "It began with",
        "  fact 1 mask",
        "  data 6 <b>\\x1b[2J",
        "",
        "1. step 3 train",
        "   used data 2 scan",
        "   used data 6 <b>\\x1b[2J",
        "   made model 4 model",
        "",
        "Derived directly",
        "  data 2 scan  from  fact 1 mask",
        "  statement 5 verdict  from  fact 1 mask",
        "  statement 5 verdict  from  model 4 model",
    ]
    assert "&lt;b&gt;" in told._repr_html_()
    assert story.mask.why().steps == ()


def test_a_plan_names_what_is_to_be_done_and_prints(db: BraidDB, story: Story) -> None:
    recall = story.scan.invalidate("the <mask> was shifted")
    assert recall is not None
    plan = db.recall_plan(recall)
    assert plan == db.recall_plan(recall.recall_id) == db.recall_plan()
    assert str(plan).splitlines() == [
        "recall 1: the <mask> was shifted",
        "",
        "1. give anew data 2@1 scan",
        "      tag         n = 1",
        "      derived     fact 1@1 mask: keep",
        "",
        "2. run again step 3@1 train",
        "      used        data 2@1 scan: INVALID, comes anew first",
        "      makes       model 4@1 model",
        "",
        "3. give anew statement 5@1 verdict",
        "      derived     fact 1@1 mask: keep",
        "      derived     model 4@1 model: INVALID, comes anew first",
    ]
    assert "the &lt;mask&gt; was shifted" in plan._repr_html_()
    assert len(db.recall_plan(recall, limit=1).work.items) == 1
    db.reinstate(recall.recall_id)
    assert (db.recall_plan(recall).work.total, db.recall_plan().recalls) == (0, ())
    with pytest.raises(RecallNotFound):
        db.recall_plan(99)


def test_lineage_is_asked_through_an_open_session(db: BraidDB, story: Story) -> None:
    with db.get_session() as session:
        late = BraidData(db, "late", session=session)
        story.scan.add_derivation(late, session)
        assert names(late.ancestors(session=session)) == ["scan", "mask"]
        assert names(late.ancestors()) == ["scan", "mask"]
        assert names(story.mask.paths_to(late)[0]) == ["mask", "scan", "late"]
        assert names(story.model.common_ancestors(late)) == ["scan", "mask"]
        [found] = story.scan.descendants(kinds=["data"], session=session)
        found.add_tag("seen", True, session=session)
        assert found.tags_as_dict() == {"seen": True}
    assert names(story.scan.descendants(kinds=["data"])) == []


@pytest.mark.parametrize(
    ("bounds", "problem"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": True}, "limit"),
        ({"depth": -1}, "depth"),
        ({"depth": 1.5}, "depth"),
        ({"kinds": ["thing"]}, "kind"),
        ({"as_of": "2026-03-01"}, "as_of"),
    ],
)
def test_bounds_that_mean_nothing_are_refused(
    story: Story, bounds: dict[str, object], problem: str
) -> None:
    with pytest.raises(InvalidArgument, match=problem):
        story.verdict.ancestors(**bounds)  # type: ignore[arg-type]
