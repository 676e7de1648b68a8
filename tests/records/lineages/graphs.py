"""Graphs at random that need not make sense: any role between any two contents of any kinds.

Whatever names something that is there names it by a number of its own, of which the remainder
counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from hypothesis import strategies as st

from braid_db.model import Kind, Role
from braid_db.store import Transaction, tables
from tests.records.planting import ADD_RECORD, Edge, plant_edges, plant_recall, plant_version

NEW = None


@dataclass(frozen=True)
class Graph:
    """Records with their versions, what came from what, and what is recalled by itself.

    :ivar kinds: of the records; each has a first version with a content of its own.
    :ivar versions: further ones, in their order: the record, and which of its contents it stands
        for; one that it brings where that is :data:`NEW`.
    :ivar edges: between contents, by their numbers; from earlier to later ones.
    :ivar recalled: which contents, and whether that stands.
    """

    kinds: tuple[Kind, ...]
    versions: tuple[tuple[int, int | None], ...] = ()
    edges: tuple[Edge, ...] = ()
    recalled: tuple[tuple[int, bool], ...] = ()


@st.composite
def _graphs(draw: st.DrawFn) -> Graph:
    kinds = draw(st.lists(st.sampled_from(Kind), min_size=1, max_size=5))
    content = st.one_of(st.just(NEW), st.just(NEW), st.integers(0, 3))
    versions = draw(st.lists(st.tuples(st.integers(0, 4), content), max_size=9))
    count = len(kinds) + sum(which is NEW for _, which in versions)
    pairs = [(low, high) for high in range(count) for low in range(high)]
    ends = draw(st.lists(st.sampled_from(pairs), max_size=24)) if pairs else []
    roles = draw(st.lists(st.sampled_from(Role), min_size=len(ends), max_size=len(ends)))
    edges = {(low, high, role) for (low, high), role in zip(ends, roles, strict=True)}
    recalled = st.tuples(st.integers(0, 12), st.booleans())
    return Graph(
        tuple(kinds),
        tuple(versions),
        tuple(sorted(edges)),
        tuple(draw(st.lists(recalled, max_size=3))),
    )


graphs = _graphs()


def plant(tx: Transaction, graph: Graph) -> None:
    """Write a graph past the use cases."""
    record_ids = tx.new_ids(tables.record, len(graph.kinds))
    first = [(place, NEW) for place in range(len(graph.kinds))]
    told = [(record % len(graph.kinds), which) for record, which in (*first, *graph.versions)]
    version_ids = tx.new_ids(tables.version, len(told))
    contents: list[int] = []
    versions: dict[int, list[tuple[int, int]]] = {record_id: [] for record_id in record_ids}
    for (place, which), version_id in zip(told, version_ids, strict=True):
        own = versions[record_ids[place]]
        if which is NEW:
            contents.append(version_id)
        brought = [content for one, content in own if one == content]
        content = version_id if which is NEW else brought[which % len(brought)]
        own.append((version_id, content))
    for record_id, kind in zip(record_ids, graph.kinds, strict=True):
        current = versions[record_id][-1][0]
        row = (record_id, str(uuid4()), tx.database, kind.value, None, current, "someone", tx.now)
        tx.write(ADD_RECORD, [row])
        for number, (version_id, content) in enumerate(versions[record_id], 1):
            name = f"{kind.value} {number}"
            plant_version(tx, record_id, version_id, number=number, name=name, content_id=content)
    plant_edges(tx, [(contents[low], contents[high], role) for low, high, role in graph.edges])
    for which, is_standing in graph.recalled:
        plant_recall(tx, contents[which % len(contents)], is_standing=is_standing)
