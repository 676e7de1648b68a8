"""Tests of plans: what is to be run again or given anew, in which order, with what."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from braid_db.model import Kind, Role
from braid_db.recall.errors import RecallNotFound
from braid_db.store import Transaction
from tests.recall.plans.laboratory import Laboratory, ids


def test_a_plan_names_what_is_given_anew_and_then_the_steps_with_all_that_they_need(
    laboratory: Laboratory,
) -> None:
    mask, phil = laboratory.given("mask.h5", "fact"), laboratory.given("process.phil", "fact")
    collect, image = laboratory.makes("Collect", [mask], run_id="run-1", flow_id="flow-1")
    analyse, structure = laboratory.makes("Analyse", [image, phil], tags={"fit": {"loss": 0.02}})
    plan = laboratory.plan(laboratory.recall(mask))
    assert ids(plan) == [mask, collect, analyse]
    first, second, third = plan.work.items
    assert [work.is_step for work in plan.work.items] == [False, True, True]
    assert (first.inputs, first.outputs) == ((), ())
    assert (second.record.run_id, second.flow_id) == ("run-1", "flow-1")
    assert third.record.tags["fit.loss"] == 0.02
    assert [
        (use.record.record_id, use.role, use.can_be_kept, use.newer_version) for use in third.inputs
    ] == [(phil, Role.USED, True, None), (image, Role.USED, False, None)]
    assert [made.record.record_id for made in third.outputs] == [structure]
    assert (plan.work.total, plan.done) == (3, 0)


def test_what_was_done_leaves_the_plan_and_is_named_as_the_version_to_use(
    laboratory: Laboratory,
) -> None:
    mask = laboratory.given("mask.h5", "fact")
    collect, image = laboratory.makes("Collect", [mask])
    analyse, structure = laboratory.makes("Analyse", [image])
    recall = laboratory.recall(mask)
    laboratory.correct(mask)
    plan = laboratory.plan(recall)
    assert (ids(plan), plan.done) == ([collect, analyse], 1)
    assert plan.work.items[0].inputs[0].newer_version == 2
    laboratory.do(plan.work.items[0])
    plan = laboratory.plan(recall)
    assert (ids(plan), plan.done) == ([analyse], 2)
    laboratory.do(plan.work.items[0])
    assert ids(laboratory.plan(recall)) == []
    assert all(map(laboratory.is_valid, (mask, image, structure)))


def test_a_step_of_which_one_output_was_made_anew_is_still_to_be_run(
    laboratory: Laboratory,
) -> None:
    mask = laboratory.given("mask.h5")
    step, made = laboratory.step("Collect", [mask], output_record_defs=[{"name": "a"}, {}])
    recall = laboratory.recall(mask)
    laboratory.correct(mask)
    laboratory.correct(made[0])
    [work] = laboratory.plan(recall).work.items
    assert work.record.record_id == step
    assert [use.newer_version for use in work.outputs] == [2, None]


def test_a_newer_version_that_is_invalid_too_stands_in_for_nothing(
    laboratory: Laboratory,
) -> None:
    mask = laboratory.given("mask.h5")
    first, image = laboratory.makes("Collect", [mask])
    recall = laboratory.recall(mask)
    second, _ = laboratory.step("Collect again", [mask], output_record_ids=[image])
    plan = laboratory.plan(recall)
    assert ids(plan) == [mask, first, second]
    assert [made.newer_version for work in plan.work.items for made in work.outputs] == [None, None]


def test_the_order_is_that_of_what_depends_on_what_and_not_that_of_recording(
    laboratory: Laboratory,
) -> None:
    # The reader is recorded before the writer.
    config = laboratory.given("config", "fact")
    told = {"name": "peaks", "uris": "file:///a/peaks.h5", "sha256": "a" * 64}
    reader = laboratory.endpoint.step_id(
        step_name="Read", input_record_ids=[config], input_record_defs=told, output_record_defs={}
    )
    writer = laboratory.endpoint.step_id(
        step_name="Write", input_record_ids=[config], output_record_defs=told
    )
    assert reader < writer
    assert ids(laboratory.plan(laboratory.recall(config))) == [config, writer, reader]


def test_an_output_that_was_recalled_by_itself_is_to_be_given_and_names_its_step(
    laboratory: Laboratory,
) -> None:
    step, image = laboratory.makes("Collect")
    [work] = laboratory.plan(laboratory.recall(image)).work.items
    assert (work.record.record_id, work.is_step) == (image, False)
    assert [(use.record.record_id, use.role) for use in work.inputs] == [(step, Role.GENERATED)]


def test_a_step_that_was_recalled_is_to_be_run_again(laboratory: Laboratory) -> None:
    config = laboratory.given("config")
    step, image = laboratory.makes("Collect", [config])
    [work] = laboratory.plan(laboratory.recall(step)).work.items
    assert work.record.record_id == step
    assert work.inputs[0].can_be_kept
    assert [made.record.record_id for made in work.outputs] == [image]


def test_a_file_that_was_transferred_is_transferred_again_and_the_others_are_left_alone(
    laboratory: Laboratory,
) -> None:
    bad = {"name": "bad", "uris": "globustransfer://here/a/bad.h5"}
    writer, [source] = laboratory.step("Write", output_record_defs=bad)
    task, [copy, _] = laboratory.transfer("/a/bad.h5", "/a/good.h5")
    reader, _ = laboratory.makes("Read", [copy])
    recall = laboratory.recall(writer)
    plan = laboratory.plan(recall)
    assert ids(plan) == [writer, task, reader]
    transfer = plan.work.items[1]
    assert transfer.record.kind is Kind.TRANSFER
    assert [use.record.record_id for use in transfer.inputs] == [source]
    assert [made.record.record_id for made in transfer.outputs] == [copy]
    for work in plan.work.items:
        laboratory.do(work)
    assert ids(laboratory.plan(recall)) == []
    assert laboratory.is_valid(copy)


def test_a_step_without_outputs_stays_in_the_plan(laboratory: Laboratory) -> None:
    config = laboratory.given("config")
    step, _ = laboratory.step("Publish", [config])
    recall = laboratory.recall(config)
    laboratory.correct(config)
    laboratory.step("Publish", [config])
    assert ids(laboratory.plan(recall)) == [step]


def test_an_input_that_another_recall_reaches_cannot_be_kept(laboratory: Laboratory) -> None:
    mask, phil = laboratory.given("mask"), laboratory.given("phil")
    step, _ = laboratory.makes("Analyse", [mask, phil])
    recall = laboratory.recall(mask)
    other = laboratory.recall(phil)
    [_, work] = laboratory.plan(recall).work.items
    assert [use.can_be_kept for use in work.inputs] == [False, False]
    laboratory.correct(phil)
    [_, work] = laboratory.plan(recall).work.items
    assert [use.newer_version for use in work.inputs] == [None, 2]
    assert ids(laboratory.plan(recall, other)) == [mask, step]


def test_nothing_is_to_be_done_after_a_recall_that_was_taken_back(laboratory: Laboratory) -> None:
    mask = laboratory.given("mask")
    laboratory.makes("Analyse", [mask])
    recall, other = laboratory.recall(mask), laboratory.recall(mask)
    laboratory.reinstate(recall)
    plan = laboratory.plan(recall)
    assert (ids(plan), plan.done, plan.recalls[0].is_standing) == ([], 0, False)
    assert len(ids(laboratory.plan(other))) == 2


def test_a_plan_shows_what_comes_first_and_counts_the_rest(laboratory: Laboratory) -> None:
    made = laboratory.given("0")
    root = made
    for number in range(5):
        _, made = laboratory.makes(str(number), [made])
    recall = laboratory.recall(root)
    whole = laboratory.plan(recall)
    part = laboratory.plan(recall, limit=2)
    assert part.work.items == whole.work.items[:2]
    assert (part.work.total, part.work.hidden) == (6, 4)


def test_there_is_no_plan_for_a_recall_that_is_not_there(laboratory: Laboratory) -> None:
    with pytest.raises(RecallNotFound):
        laboratory.plan(7)


def test_a_plan_asks_no_more_questions_however_much_is_to_be_done(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(name: str) -> Callable[..., object]:
        original = getattr(Transaction, name)

        def ask(tx: Transaction, *arguments: object) -> object:
            asked.append(name)
            return original(tx, *arguments)

        return ask

    long, short = (laboratory.recall(laboratory.chain(steps)) for steps in (200, 2))
    for name in ("ask", "rows", "select"):
        monkeypatch.setattr(Transaction, name, counted(name))
    counts = []
    for recall, steps in ((short, 2), (long, 200)):
        asked.clear()
        assert laboratory.plan(recall).work.total == steps + 1
        counts.append(len(asked))
    assert counts[0] == counts[1] < 30


def test_doing_what_a_plan_says_in_its_order_makes_all_valid_again(
    laboratory: Laboratory, costly: Callable[[int], int]
) -> None:
    for seed in range(costly(100)):
        _do_a_whole_plan(laboratory, random.Random(seed))


def _do_a_whole_plan(laboratory: Laboratory, chance: random.Random) -> None:
    known = [laboratory.given(f"given {number}") for number in range(2)]
    for number in range(chance.randint(1, 6)):
        inputs = chance.sample(known, k=min(len(known), chance.randint(1, 3)))
        outputs = [{"name": f"made {number}.{nth}"} for nth in range(chance.randint(1, 2))]
        step, made = laboratory.step(f"{number}", inputs, output_record_defs=outputs)
        known += [*made, step] if chance.random() < 0.2 else made
    roots = chance.sample(known, k=2)
    recalls = [laboratory.recall(root) for root in roots]
    plan = laboratory.plan(*recalls)
    for work in plan.work.items:
        used = [use.record for use in work.inputs if not use.record.kind.is_activity]
        assert all(laboratory.is_valid(record.record_id) for record in used)
        laboratory.do(work)
    assert ids(laboratory.plan(*recalls)) == []
    assert laboratory.plan(*recalls).done == plan.work.total
    kinds = {record_id: laboratory.endpoint.record(record_id).kind for record_id in known}
    things = [record_id for record_id, kind in kinds.items() if not kind.is_activity]
    assert all(map(laboratory.is_valid, things))
