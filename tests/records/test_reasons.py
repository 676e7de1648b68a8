"""Tests of how things came about: paths, common ancestors, stories, and what was believed when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from braid_db.identity import IdentityRules
from braid_db.model import Kind, Reference, Role
from braid_db.recall.preview import preview
from braid_db.recall.recalls import invalidate
from braid_db.recall.reinstate import reinstate
from braid_db.recall.targets import Targets
from braid_db.records.described import Change
from braid_db.records.errors import NotAModel, NotRecordedThen
from braid_db.records.lineage import get_lineage
from braid_db.records.paths import common_ancestors, find_paths
from braid_db.records.reasons import data_of_model, explain
from braid_db.records.versions import edit_record
from braid_db.store import Store, Transaction
from braid_db.views import Direction
from tests.records.planting import plant_edges, plant_records

RULES = IdentityRules()


@pytest.fixture
def made(store: Store) -> list[int]:
    """fact, data -> step -> model -> step -> statement; the fact goes into both steps."""

    def work(tx: Transaction) -> list[int]:
        kinds = [Kind.FACT, Kind.DATA, Kind.STEP, Kind.MODEL, Kind.STEP, Kind.STATEMENT]
        ids = plant_records(tx, kinds)
        fact, data, train, model, infer, statement = ids
        edges = [(fact, train, Role.USED), (data, train, Role.USED), (fact, infer, Role.USED)]
        edges += [(train, model, Role.GENERATED), (model, infer, Role.USED)]
        plant_edges(tx, [*edges, (infer, statement, Role.GENERATED)])
        return ids

    return store.write(work)


def test_paths_lead_from_the_ancestor_whichever_is_named_first(
    store: Store, made: list[int]
) -> None:
    fact, _, train, model, infer, statement = made
    for pair in ((fact, statement), (statement, fact)):
        ways = store.read(lambda tx, pair=pair: find_paths(tx, *pair))
        named = [[step.record.record_id for step in way] for way in ways]
        assert named == [[fact, infer, statement], [fact, train, model, infer, statement]]
        assert [step.role for step in ways[0]] == [None, "used", "generated"]
    assert store.read(lambda tx: find_paths(tx, fact, made[1])) == []


def test_of_more_paths_than_can_be_counted_some_are_found(store: Store) -> None:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.DATA] * 121)
        layers = [ids[:1], *(ids[1 + 2 * n : 3 + 2 * n] for n in range(60))]
        plant_edges(
            tx, [(a, b, Role.DERIVED) for up, on in pairwise(layers) for a in up for b in on]
        )
        return ids

    ids = store.write(work)
    ways = store.read(lambda tx: find_paths(tx, ids[0], ids[-1], limit=7))
    assert len({tuple(step.record.record_id for step in way) for way in ways}) == 7
    assert {len(way) for way in ways} == {61}


def test_a_way_may_end_in_a_transfer_but_lead_through_none(store: Store) -> None:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.DATA, Kind.DATA, Kind.TRANSFER, Kind.DATA])
        before, source, task, copy = ids
        edges = [(before, source, Role.DERIVED), (source, task, Role.TRANSFERRED)]
        plant_edges(tx, [*edges, (task, copy, Role.GENERATED)])
        return ids

    before, source, task, copy = store.write(work)
    [way] = store.read(lambda tx: find_paths(tx, task, before))
    assert [step.record.record_id for step in way] == [before, source, task]
    assert store.read(lambda tx: find_paths(tx, before, copy)) == []


def test_of_countless_ways_into_a_transfer_some_are_found(store: Store) -> None:
    """There is a way past what was transferred as well, which is longer."""

    def work(tx: Transaction) -> tuple[int, int]:
        ids = plant_records(tx, [Kind.DATA] * 61 + [Kind.STEP] * 40 + [Kind.TRANSFER])
        layers = [ids[:1], *(ids[1 + 2 * n : 3 + 2 * n] for n in range(30))]
        edges = [(a, b, Role.DERIVED) for up, on in pairwise(layers) for a in up for b in on]
        edges += [(source, ids[-1], Role.TRANSFERRED) for source in layers[-1]]
        past = pairwise([ids[0], *ids[61:]])
        plant_edges(tx, [*edges, *((*ends, Role.FOLLOWED) for ends in past)])
        return ids[0], ids[-1]

    first, task = store.write(work)
    ways = store.read(lambda tx: find_paths(tx, first, task, limit=3))
    assert {len(way) for way in ways} == {32}


def test_what_two_have_in_common_comes_nearest_first(store: Store, made: list[int]) -> None:
    fact, data, train, model, infer, _ = made
    found = store.read(lambda tx: common_ancestors(tx, model, infer))
    distances = [(o.record.record_id, o.distance, o.other_distance) for o in found.items]
    assert distances[0] == (model, 0, 1)
    assert set(distances) == {(model, 0, 1), (train, 1, 2), (fact, 2, 1), (data, 2, 3)}
    facts = store.read(lambda tx: common_ancestors(tx, model, infer, kinds=[Kind.FACT]))
    assert [one.record.record_id for one in facts.items] == [fact]


def test_a_story_tells_each_step_after_those_that_it_builds_on(
    store: Store, made: list[int]
) -> None:
    fact, data, train, model, infer, statement = made
    told = store.read(lambda tx: explain(tx, statement))
    assert [one.record_id for one in told.given] == [fact, data]
    steps = [
        (s.step.record_id, [r.record_id for r in s.used], [r.record_id for r in s.made])
        for s in told.steps
    ]
    assert steps == [(train, [fact, data], [model]), (infer, [fact, model], [statement])]


def test_a_long_story_is_told_of_its_nearest_and_begins_with_nothing_that_came_from_others(
    store: Store,
) -> None:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.DATA] * 7)
        first, second, third, fourth, fifth, given, last = ids
        chain = [(first, second), (second, third), (third, fourth), (fourth, fifth), (fifth, last)]
        plant_edges(tx, [(*pair, Role.DERIVED) for pair in (*chain, (given, last))])
        return ids

    *_, fourth, fifth, given, last = store.write(work)
    told = store.read(lambda tx: explain(tx, last, limit=4))
    pairs = {(one.record_id, source.record_id) for source, one, _ in told.derived}
    assert pairs == {(last, fifth), (last, given), (fifth, fourth), (fourth, fourth - 1)}
    assert [one.record_id for one in told.given] == [given]
    assert told.hidden == 2
    assert list(told.lines())[-1] == "2 records that lie farther away are left out."
    for limit in (0, 1, 2, 3):
        told = store.read(lambda tx, limit=limit: explain(tx, last, limit=limit))  # type: ignore[misc]
        assert {one.record_id for one in told.given} <= {given}
        assert told.hidden == 6 - limit
    whole = store.read(lambda tx: explain(tx, last, limit=6))
    assert ([one.record_id for one in whole.given], whole.hidden) == ([1, given], 0)


def test_what_a_step_used_in_two_ways_is_told_once(store: Store) -> None:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.STEP, Kind.STEP])
        plant_edges(tx, [(*ids, Role.FOLLOWED), (*ids, Role.INFORMED)])
        return ids

    earlier, later = store.write(work)
    told = store.read(lambda tx: explain(tx, later)).steps[-1]
    assert [one.record_id for one in told.used] == [earlier]


def test_a_model_names_its_data_and_nothing_else_does(store: Store, made: list[int]) -> None:
    found = store.read(lambda tx: data_of_model(tx, made[3]))
    assert [node.record.record_id for node in found.nodes] == made[:2]
    with pytest.raises(NotAModel):
        store.read(lambda tx: data_of_model(tx, made[0]))


def test_what_a_flow_merely_did_earlier_did_not_train_the_model(store: Store) -> None:
    def work(tx: Transaction) -> tuple[list[int], list[int]]:
        kinds = [Kind.DATA, Kind.STEP, Kind.DATA, Kind.STEP, Kind.MODEL]
        held_out, look, learned, train, model = plant_records(tx, kinds)
        edges = [(held_out, look, Role.USED), (look, train, Role.FOLLOWED)]
        edges += [(learned, train, Role.USED), (train, model, Role.GENERATED)]
        plant_edges(tx, edges)
        found = data_of_model(tx, model)
        return [node.record.record_id for node in found.nodes], [learned]

    told, expected = store.write(work)
    assert told == expected


@pytest.mark.parametrize("seed", range(20))
def test_a_model_names_exactly_the_data_whose_recall_would_reach_it(
    store: Store, seed: int
) -> None:
    chance = Random(seed)

    def reaches(tx: Transaction, one: int, model: int) -> bool:
        found = preview(tx, Targets(records=(Reference(one),)))
        return any(item.record.record_id == model for item in found.reached.items)

    def work(tx: Transaction) -> tuple[set[int], set[int]]:
        planted = plant_records(tx, [Kind.STEP] * 6 + [Kind.DATA] * 5 + [Kind.MODEL])
        steps, things = planted[:6], planted[6:]
        model = things[-1]
        edges = [(step, thing, Role.GENERATED) for step, thing in zip(steps, things, strict=True)]
        edges += [(*pair, Role.FOLLOWED) for pair in pairwise(steps)]
        for number, step in enumerate(steps):
            used = chance.sample(things[:number], k=min(number, chance.choice([0, 0, 1, 2])))
            edges += [(thing, step, Role.USED) for thing in used]
            if number > 1 and chance.random() < 0.2:
                edges.append((steps[number - 2], step, Role.INFORMED))
        plant_edges(tx, edges)
        told = {node.record.record_id for node in data_of_model(tx, model).nodes}
        return told, {thing for thing in things[:-1] if reaches(tx, thing, model)}

    told, recalled = store.write(work)
    assert told == recalled


def test_order_counts_as_of_a_time_at_which_nothing_else_was_told(store: Store) -> None:
    def plant(tx: Transaction) -> list[int]:
        kinds = [Kind.DATA, Kind.STEP, Kind.STEP, Kind.MODEL, Kind.DATA]
        earlier, look, train, model, told_late = plant_records(tx, kinds)
        edges = [(earlier, look, Role.USED), (look, train, Role.FOLLOWED)]
        plant_edges(tx, [*edges, (train, model, Role.GENERATED)])
        return [earlier, train, model, told_late]

    earlier, train, model, told_late = store.write(plant)
    then = store.write(lambda tx: tx.now)
    store.write(lambda tx: plant_edges(tx, [(told_late, train, Role.USED)]))

    def ask(as_of: datetime | None = None) -> list[int]:
        found = store.read(lambda tx: data_of_model(tx, model, as_of=as_of))
        return [node.record.record_id for node in found.nodes]

    assert ask(then) == [earlier]
    assert ask() == [told_late]


def test_a_time_is_answered_as_it_would_have_been_then(store: Store, made: list[int]) -> None:
    """What is recorded, described, recalled and taken back later does not show."""
    fact, model = made[0], made[3]
    believed: list[tuple[datetime, list[str]]] = []

    def ask(as_of: datetime | None = None) -> list[str]:
        found = store.read(lambda tx: get_lineage(tx, model, as_of=as_of))
        return [str(found.start), *map(str, found.nodes), *map(str, found.edges)]

    changes: list[Callable[[Transaction], object]] = [
        lambda tx: edit_record(tx, RULES, made[1], Change(name="corrected")),
        lambda tx: invalidate(tx, Targets(records=(Reference(fact, 1),)), cause="wrong"),
        lambda tx: reinstate(tx, 1),
    ]
    for change in changes:
        believed.append((store.read(lambda tx: tx.now), ask()))
        store.write(change)
    believed.append((store.read(lambda tx: tx.now), ask()))
    # The recall was taken back: what is believed at the end is what was before it.
    assert [answer for _, answer in believed[:3]] != [believed[0][1]] * 3
    assert believed[1][1] != believed[2][1]
    for time, answer in believed:
        assert ask(time) == answer


def test_what_was_recorded_later_is_refused_as_of_a_time_before(
    store: Store, made: list[int]
) -> None:
    long_ago = store.read(lambda tx: tx.now) - timedelta(days=1)
    with pytest.raises(NotRecordedThen):
        store.read(lambda tx: get_lineage(tx, made[0], as_of=long_ago))


def test_only_what_is_valid_is_shown_whatever_lies_between(store: Store, made: list[int]) -> None:
    fact, data, train, _, _, statement = made
    store.write(lambda tx: invalidate(tx, Targets(records=(Reference(train),)), cause="wrong"))
    found = store.read(lambda tx: get_lineage(tx, statement, only_valid=True))
    assert {node.record.record_id for node in found.nodes} == {fact, data}
    down = store.read(lambda tx: get_lineage(tx, data, direction=Direction.DOWN, only_valid=True))
    assert (down.nodes, down.total) == ((), 0)
