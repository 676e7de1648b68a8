"""Where something came from and what came from it: all ancestors or descendants of a content.

Lineage follows every role but ``transferred``: that one leads from a transfer task to its sources
only where the task itself is asked about.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from braid_db.model import Kind, Role
from braid_db.records.views import get_version_id, views_of
from braid_db.store import Transaction, reading
from braid_db.store import lineage as sql
from braid_db.store.lineage import EdgeRow
from braid_db.views import Direction, Edge, Lineage, LineageNode, RecordView

_ONE_WAY = {
    Direction.UP: (Direction.UP,),
    Direction.DOWN: (Direction.DOWN,),
    Direction.BOTH: (Direction.UP, Direction.DOWN),
}


def get_lineage(
    tx: Transaction,
    record_id: int,
    *,
    version: int | None = None,
    direction: Direction = Direction.UP,
    depth: int | None = None,
    kinds: Sequence[Kind] = (),
) -> Lineage:
    """Return the ancestors or descendants of one version of a record, nearest first.

    :param version: which version is asked about; the current one when omitted.
    :param depth: how many derivations to go at most; without end when omitted.
    :param kinds: only records of these kinds, whatever lies between; of all when empty.
    :returns: one node per content, described as it is now, with its distance in derivations: the
        shortest way counts.
    :raises RecordNotFound: if no record has this id.
    :raises VersionNotFound: if the record has no version of this number.

    Source: W3C PROV-DM, derivation; reachability is ours.
    """
    version_id = get_version_id(tx, record_id, version)
    [[(start,)]] = tx.each(sql.CONTENT_OF_VERSION, [(version_id,)])
    edges = sql.edges_around(tx, start, direction, depth)
    ways = {way: distances(start, edges, way, depth) for way in _ONE_WAY[direction]}
    found = {content: far for way in ways.values() for content, far in way.items()}
    views = _views(tx, start, version_id, found)
    shown = {c for c in found if c == start or not kinds or views[c].kind in kinds}
    return Lineage(
        start=views[start],
        direction=direction,
        nodes=_nodes(views, found, shown - {start}),
        edges=_edges(views, edges, shown),
        is_cut=any(_is_cut(tx, way, edges, ways[way], depth) for way in ways),
    )


def distances(
    start: int, edges: Iterable[EdgeRow], direction: Direction, depth: int | None = None
) -> dict[int, int]:
    """Return every content that is reached, with the number of derivations on the shortest way.

    :param depth: how many derivations to go at most.
    """
    onward: dict[int, list[int]] = {}
    for edge in edges:
        near, far = _near_and_far(edge, direction)
        if edge.role != Role.TRANSFERRED or (direction is Direction.UP and near == start):
            onward.setdefault(near, []).append(far)
    found = {start: 0}
    queue = deque([start])
    while queue and (depth is None or found[queue[0]] < depth):
        here = queue.popleft()
        for content in onward.get(here, ()):
            if content not in found:
                found[content] = found[here] + 1
                queue.append(content)
    return found


def _near_and_far(edge: EdgeRow, direction: Direction) -> tuple[int, int]:
    """Return the end of a derivation that a direction comes from, and the one it goes to."""
    if direction is Direction.UP:
        return edge.derived_id, edge.predecessor_id
    return edge.predecessor_id, edge.derived_id


def _views(
    tx: Transaction, start: int, version_id: int, contents: Iterable[int]
) -> dict[int, RecordView]:
    """Return how contents are shown: the start as it was asked for, others as they are now."""
    versions = reading.describing_versions(tx, contents) | {start: version_id}
    views = views_of(tx, list(versions.values()))
    return {content: views[shown] for content, shown in versions.items()}


def _nodes(
    views: Mapping[int, RecordView], found: Mapping[int, int], shown: Iterable[int]
) -> tuple[LineageNode, ...]:
    nodes = (LineageNode(views[content], found[content]) for content in shown)
    return tuple(sorted(nodes, key=lambda node: (node.distance, *_name(node.record))))


def _edges(
    views: Mapping[int, RecordView], edges: Iterable[EdgeRow], shown: set[int]
) -> tuple[Edge, ...]:
    """Return the derivations between contents that are shown, in the order of their ends."""
    among = [edge for edge in edges if {edge.predecessor_id, edge.derived_id} <= shown]
    named = (
        Edge(*_name(views[edge.predecessor_id]), *_name(views[edge.derived_id]), Role(edge.role))
        for edge in among
    )
    return tuple(sorted(named, key=_ends))


def _ends(edge: Edge) -> tuple[int, int, int, int, str]:
    derived = edge.derived_id, edge.derived_version
    return *derived, edge.predecessor_id, edge.predecessor_version, edge.role


def _name(view: RecordView) -> tuple[int, int]:
    return view.record_id, view.version


def _is_cut(
    tx: Transaction,
    direction: Direction,
    edges: Iterable[EdgeRow],
    found: Mapping[int, int],
    depth: int | None,
) -> bool:
    """Return whether a content at the greatest distance has derivations to what is not found."""
    last = {content: 0 for content, distance in found.items() if distance == depth}
    for edge in edges:
        near, far = _near_and_far(edge, direction)
        if near in last and far in found and edge.role != Role.TRANSFERRED:
            last[near] += 1
    return sql.has_more_than(tx, direction, last)
