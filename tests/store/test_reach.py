"""Tests that reach is the closure of the derivations, with shortest distances."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise, product, repeat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from braid_db.model import Kind, Role
from braid_db.store import Store, Transaction, reach_in_steps
from braid_db.store.reach import Reach, reach
from braid_db.views import Direction
from tests.effort import costly
from tests.records.planting import plant_edges, plant_records

Pair = tuple[int, int]
"""The places of a predecessor and of what was derived from it."""

on_each_database = settings(
    max_examples=costly(300), suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[Pair]]:
    """How many contents, and which of them derive from which earlier ones."""
    count = draw(st.integers(1, 14))
    pairs = [(low, high) for high in range(count) for low in range(high)]
    return count, draw(st.lists(st.sampled_from(pairs), max_size=40, unique=True)) if pairs else []


def layers(width: int, height: int) -> list[Pair]:
    """Return layers of which each content derives from every content of the layer before."""
    ends = product(range(height - 1), range(width), range(width))
    return [(level * width + low, (level + 1) * width + high) for level, low, high in ends]


def true_reach(pairs: Sequence[Pair], start: int, way: Direction) -> dict[int, int]:
    """Return the shortest ways from a content, a whole level at a time."""
    onward: dict[int, set[int]] = {}
    for low, high in pairs:
        near, far = (high, low) if way is Direction.UP else (low, high)
        onward.setdefault(near, set()).add(far)
    found = {start: 0}
    front, distance = {start}, 0
    while front:
        distance += 1
        front = {far for near in front for far in onward.get(near, ())} - found.keys()
        found |= dict.fromkeys(front, distance)
    return found


def plant(store: Store, count: int, pairs: Sequence[Pair]) -> list[int]:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.DATA] * count)
        plant_edges(tx, [(ids[low], ids[high], Role.DERIVED) for low, high in pairs])
        return ids

    return store.write(work)


def found_reach(
    store: Store, ids: Sequence[int], start: int, way: Direction, depth: int | None = None
) -> dict[int, int]:
    """Return what reach finds, and see that it names each content once, nearest first."""
    found = store.read(lambda tx: reach(tx, ids[start], way, depth=depth)).nearest_first()
    pairs = list(found.pairs())
    assert pairs == sorted(pairs, key=lambda pair: (pair[1], pair[0]))
    assert len(set(found.contents)) == len(found.contents)
    return {content - ids[0]: distance for content, distance in pairs}


@on_each_database
@given(graphs(), st.data())
def test_reach_is_the_closure_of_the_derivations(
    store: Store, graph: tuple[int, list[Pair]], data: st.DataObject
) -> None:
    count, pairs = graph
    ids = plant(store, count, pairs)
    start = data.draw(st.integers(0, count - 1))
    depth = data.draw(st.none() | st.integers(0, 5))
    for way in (Direction.UP, Direction.DOWN):
        true = true_reach(pairs, start, way)
        within = {place: far for place, far in true.items() if depth is None or far <= depth}
        assert found_reach(store, ids, start, way, depth) == within


@pytest.fixture(params=["narrow layers", "wide layers", "a ladder of shortcuts"])
def shape(request: pytest.FixtureRequest) -> Iterator[tuple[int, list[Pair]]]:
    """A graph too large to be drawn: where levels are narrow, wide, or found at many distances."""
    if request.param == "a ladder of shortcuts":
        near = [(n, n + step) for n in range(600) for step in (1, 2, 3) if n + step < 600]
        yield 600, near
    else:
        width, height = (3, 200) if request.param == "narrow layers" else (40, 6)
        yield width * height, layers(width, height)


def test_reach_is_right_for_every_shape(store: Store, shape: tuple[int, list[Pair]]) -> None:
    count, pairs = shape
    ids = plant(store, count, pairs)
    for way, start in ((Direction.UP, count - 1), (Direction.DOWN, 0)):
        assert found_reach(store, ids, start, way) == true_reach(pairs, start, way)


@pytest.fixture(params=[8, 50])
def few_rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a question for many levels be answered by a few rows at most."""
    monkeypatch.setattr(reach_in_steps, "FEWEST_ROWS", request.param)
    monkeypatch.setattr(reach_in_steps, "MOST_ROWS", request.param)


@pytest.mark.usefixtures("few_rows")
def test_of_levels_that_end_within_the_rows_none_is_lost(
    sqlite_store: Store, shape: tuple[int, list[Pair]]
) -> None:
    count, pairs = shape
    ids = plant(sqlite_store, count, pairs)
    for way, start in ((Direction.UP, count - 1), (Direction.DOWN, 0)):
        assert found_reach(sqlite_store, ids, start, way) == true_reach(pairs, start, way)


def test_a_chain_has_no_depth_limit(store: Store) -> None:
    length = costly(30_000)
    ids = plant(store, length, list(pairwise(range(length))))
    found = found_reach(store, ids, length - 1, Direction.UP)
    assert found == {place: length - 1 - place for place in range(length)}


@given(st.data(), st.lists(st.integers(1, 40), min_size=1, max_size=6), st.booleans())
def test_the_nearest_come_first_however_wide_levels_are(
    data: st.DataObject, widths: list[int], is_by_distance: bool
) -> None:
    distances = list(chain.from_iterable(map(repeat, range(len(widths)), widths)))
    if not is_by_distance:
        distances = data.draw(st.permutations(distances))
    contents = data.draw(st.permutations(range(1, len(distances) + 1)))
    found = Reach(array("q", contents), array("q", distances)).nearest_first()
    in_order = sorted(zip(distances, contents, strict=True))
    assert list(found.pairs()) == [(content, distance) for distance, content in in_order]
