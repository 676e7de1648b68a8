"""Tests that lineage is reachability: all ancestors, all descendants, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from braid_db.errors import RecordNotFound, VersionNotFound
from braid_db.model import Kind, Role
from braid_db.records.lineage import get_lineage
from braid_db.store import Store, Transaction, tables
from braid_db.views import Direction, Lineage
from tests.effort import costly
from tests.records.planting import (
    Edge,
    plant_edges,
    plant_recall,
    plant_records,
    plant_version,
)

on_each_database = settings(
    max_examples=costly(500), suppress_health_check=[HealthCheck.function_scoped_fixture]
)

Graph = tuple[list[Kind], list[Edge]]

FAR_AHEAD = datetime(2200, 1, 1, tzinfo=UTC)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Some contents, by their kinds, and derivations that lead from earlier to later ones."""
    kinds = draw(st.lists(st.sampled_from(Kind), min_size=1, max_size=10))
    pairs = [(low, high) for high in range(len(kinds)) for low in range(high)]
    ends = draw(st.lists(st.sampled_from(pairs), max_size=30)) if pairs else []
    roles = draw(st.lists(st.sampled_from(Role), min_size=len(ends), max_size=len(ends)))
    edges = {(low, high, role) for (low, high), role in zip(ends, roles, strict=True)}
    return kinds, sorted(edges)


def true_distances(edges: Sequence[Edge], start: int, *, is_up: bool) -> dict[int, int]:
    """Return the shortest ways from a content, found by trying every edge again and again."""
    found = {start: 0}
    while True:
        ways = [(derived, source) if is_up else (source, derived) for source, derived, _ in edges]
        more = {
            far: min(found[a] + 1 for a, b in ways if b == far and a in found)
            for near, far in ways
            if near in found and far not in found
        }
        if not more:
            return found
        nearest = min(more.values())
        found |= {content: far for content, far in more.items() if far == nearest}


def followed(edges: Sequence[Edge], start: int, *, is_up: bool) -> list[Edge]:
    """Return the edges that a lineage follows."""
    return [
        edge for edge in edges if edge[2] is not Role.TRANSFERRED or (is_up and edge[1] == start)
    ]


def without_known_order(edges: Sequence[Edge]) -> list[Edge]:
    """Return the edges by data, and those by order into what tells nothing else."""
    telling = {Role.USED, Role.INFORMED, Role.TRANSFERRED}
    told = {derived for _, derived, role in edges if role in telling}
    return [edge for edge in edges if edge[2] is not Role.FOLLOWED or edge[1] not in told]


def plant(store: Store, graph: Graph) -> list[int]:
    kinds, edges = graph

    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, kinds)
        plant_edges(tx, [(ids[source], ids[derived], role) for source, derived, role in edges])
        return ids

    return store.write(work)


def found_distances(lineage: Lineage, ids: Sequence[int]) -> dict[int, int]:
    return {ids.index(node.record.record_id): node.distance for node in lineage.nodes}


def found_edges(lineage: Lineage, ids: Sequence[int]) -> set[Edge]:
    return {
        (ids.index(edge.predecessor_id), ids.index(edge.derived_id), edge.role)
        for edge in lineage.edges
    }


@on_each_database
@given(graphs(), st.data())
def test_ancestors_and_descendants_are_the_closure_of_the_derivations(
    store: Store, graph: Graph, data: st.DataObject
) -> None:
    ids = plant(store, graph)
    start = data.draw(st.integers(0, len(ids) - 1))
    way = data.draw(st.sampled_from([Direction.UP, Direction.DOWN]))
    depth = data.draw(st.none() | st.integers(1, 4) | st.integers(30, 40))
    by_data, as_of = data.draw(st.booleans()), data.draw(st.none() | st.just(FAR_AHEAD))
    lineage = store.read(
        lambda tx: get_lineage(
            tx, ids[start], direction=way, depth=depth, by_data=by_data, as_of=as_of
        )
    )

    is_up = way is Direction.UP
    edges = without_known_order(graph[1]) if by_data else graph[1]
    true = true_distances(followed(edges, start, is_up=is_up), start, is_up=is_up)
    within = {content: far for content, far in true.items() if depth is None or far <= depth}
    assert found_distances(lineage, ids) | {start: 0} == within
    assert found_edges(lineage, ids) == {
        edge for edge in edges if edge[0] in within and edge[1] in within
    }
    assert lineage.is_cut == (within != true)
    distances = [node.distance for node in lineage.nodes]
    assert distances == sorted(distances)


@on_each_database
@given(graphs(), st.data())
def test_both_ways_together_are_ancestors_and_descendants_with_all_edges_among_them(
    store: Store, graph: Graph, data: st.DataObject
) -> None:
    ids = plant(store, graph)
    start = data.draw(st.integers(0, len(ids) - 1))
    depth = data.draw(st.none() | st.integers(1, 3))
    lineage = store.read(
        lambda tx: get_lineage(tx, ids[start], direction=Direction.BOTH, depth=depth)
    )
    true: set[int] = set()
    for is_up in (True, False):
        ways = true_distances(followed(graph[1], start, is_up=is_up), start, is_up=is_up)
        true |= {content for content, far in ways.items() if depth is None or far <= depth}
    assert set(found_distances(lineage, ids)) == true - {start}
    among = {edge for edge in graph[1] if edge[0] in true and edge[1] in true}
    assert found_edges(lineage, ids) == among


@on_each_database
@given(graphs(), st.data())
def test_a_kind_filter_leaves_out_records_but_not_what_lies_beyond_them(
    store: Store, graph: Graph, data: st.DataObject
) -> None:
    ids = plant(store, graph)
    start = data.draw(st.integers(0, len(ids) - 1))
    kinds = data.draw(st.lists(st.sampled_from(Kind), min_size=1))
    lineage = store.read(lambda tx: get_lineage(tx, ids[start], kinds=kinds))
    true = true_distances(followed(graph[1], start, is_up=True), start, is_up=True)
    true = {content: far for content, far in true.items() if graph[0][content] in kinds}
    true.pop(start, None)
    assert found_distances(lineage, ids) == true
    shown = {*true, start}
    assert found_edges(lineage, ids) == {
        edge for edge in graph[1] if edge[0] in shown and edge[1] in shown
    }


def test_a_depth_that_reaches_everything_cuts_nothing(store: Store) -> None:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.DATA] * 3)
        pairs = [(0, 1), (0, 2), (1, 2)]
        plant_edges(tx, [(ids[low], ids[high], Role.DERIVED) for low, high in pairs])
        return ids

    ids = store.write(work)
    for start, way in ((ids[2], Direction.UP), (ids[0], Direction.DOWN)):
        lineage = _lineage(store, start, way)
        assert (len(lineage.nodes), len(lineage.edges), lineage.is_cut) == (2, 3, False)


def _lineage(store: Store, record_id: int, way: Direction) -> Lineage:
    return store.read(lambda tx: get_lineage(tx, record_id, direction=way, depth=1))


@pytest.mark.parametrize("depth", [None, 3, 50])
def test_lineage_ends_even_in_a_circle_that_should_not_exist(
    store: Store, depth: int | None
) -> None:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.DATA] * 3)
        plant_edges(tx, [(ids[n], ids[(n + 1) % 3], Role.DERIVED) for n in range(3)])
        return ids

    ids = store.write(work)
    lineage = store.read(lambda tx: get_lineage(tx, ids[0], depth=depth))
    assert [(n.record.record_id, n.distance) for n in lineage.nodes] == [(ids[2], 1), (ids[1], 2)]


def test_a_long_chain_is_followed_to_its_end(store: Store) -> None:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.DATA] * 1500)
        plant_edges(tx, [(*pair, Role.DERIVED) for pair in pairwise(ids)])
        return ids

    ids = store.write(work)
    lineage = store.read(lambda tx: get_lineage(tx, ids[-1]))
    assert [node.record.record_id for node in lineage.nodes] == ids[-2::-1]
    assert lineage.nodes[-1].distance == 1499
    cut = store.read(lambda tx: get_lineage(tx, ids[-1], depth=40))
    assert [node.record.record_id for node in cut.nodes] == ids[-2:-42:-1]
    assert cut.is_cut


def test_the_time_grows_with_the_records_and_not_with_their_pairs(store: Store) -> None:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.DATA] * 20_000)
        plant_edges(tx, [(ids[0], derived, Role.DERIVED) for derived in ids[1:]])
        return ids

    ids = store.write(work)
    began = time.process_time()
    lineage = store.read(lambda tx: get_lineage(tx, ids[0], direction=Direction.DOWN))
    assert len(lineage.nodes) == len(ids) - 1
    assert time.process_time() - began < 10


def test_a_file_does_not_come_from_what_was_transferred_along_with_it(store: Store) -> None:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.TRANSFER, *[Kind.DATA] * 4])
        task, source, other, destination, copy = ids
        edges = [(source, task, Role.TRANSFERRED), (other, task, Role.TRANSFERRED)]
        edges += [(task, destination, Role.GENERATED), (task, copy, Role.GENERATED)]
        edges += [(source, destination, Role.DERIVED), (other, copy, Role.DERIVED)]
        plant_edges(tx, edges)
        return ids

    task, source, other, destination, copy = store.write(work)

    def reached(record_id: int, direction: Direction) -> set[int]:
        lineage = store.read(lambda tx: get_lineage(tx, record_id, direction=direction))
        return {node.record.record_id for node in lineage.nodes}

    assert reached(destination, Direction.UP) == {task, source}
    assert reached(source, Direction.DOWN) == {destination}
    assert reached(task, Direction.UP) == {source, other}
    assert reached(task, Direction.DOWN) == {destination, copy}


def test_a_content_is_shown_by_the_newest_version_that_has_it(store: Store) -> None:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.DATA, Kind.STEP])
        source, step = ids
        plant_edges(tx, [(source, step, Role.USED)])
        edit, rewrite, restore, last = tx.new_ids(tables.version, 4)
        plant_version(tx, source, edit, number=2, name="corrected", content_id=source)
        plant_version(tx, source, rewrite, number=3, name="rewritten")
        plant_version(tx, source, restore, number=4, name="restored", content_id=source)
        plant_version(tx, source, last, number=5, name="rewritten again")
        return ids

    _, step = store.write(work)
    [node] = store.read(lambda tx: get_lineage(tx, step)).nodes
    assert (node.record.version, node.record.name) == (4, "restored")


def test_the_record_asked_about_is_shown_in_the_version_asked_for(store: Store) -> None:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.STEP, Kind.DATA])
        step, made = ids
        plant_edges(tx, [(step, made, Role.GENERATED)])
        [edit] = tx.new_ids(tables.version, 1)
        plant_version(tx, made, edit, number=2, name="corrected", content_id=made)
        return ids

    step, made = store.write(work)
    lineage = store.read(lambda tx: get_lineage(tx, made, version=1))
    [edge] = lineage.edges
    assert (lineage.start.version, edge.derived_version) == (1, 1)
    assert [node.record.record_id for node in lineage.nodes] == [step]


def test_what_a_standing_recall_reaches_is_shown_as_invalid(store: Store) -> None:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.DATA, Kind.DATA, Kind.DATA])
        plant_edges(tx, [(ids[0], ids[2], Role.DERIVED), (ids[1], ids[2], Role.DERIVED)])
        plant_recall(tx, ids[0])
        plant_recall(tx, ids[1], is_standing=False)
        return ids

    ids = store.write(work)
    lineage = store.read(lambda tx: get_lineage(tx, ids[2]))
    assert [node.record.valid for node in lineage.nodes] == [False, True]
    assert lineage.start.valid


def test_lineage_of_what_is_not_there_is_refused(store: Store) -> None:
    [record_id] = store.write(lambda tx: plant_records(tx, [Kind.DATA]))
    with pytest.raises(RecordNotFound):
        store.read(lambda tx: get_lineage(tx, record_id + 1))
    with pytest.raises(VersionNotFound):
        store.read(lambda tx: get_lineage(tx, record_id, version=2))
