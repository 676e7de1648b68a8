"""Where something came from and what came from it: all ancestors or descendants of a content.

Lineage follows every role but ``transferred``: that one leads from a transfer task to its sources
only where the task itself is asked about.

"As of a time" means what was recorded by then: as it was described then, and valid or not by the
recalls that stood then. A checksum, size or time of an action that was told later was not known.

All that a transaction writes has the time at which it began, on both databases. So an answer as of
a time at which transactions were open may grow until these have committed; then it is final.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from braid_db.model import Kind, Role
from braid_db.records.errors import NotRecordedThen
from braid_db.records.views import get_version_and_content, iso, views_of
from braid_db.store import Transaction, reading
from braid_db.store import lineage as sql
from braid_db.store.lineage import EdgeRow
from braid_db.store.reach import Reach, reach
from braid_db.views import Direction, Edge, Lineage, LineageNode, RecordView

_ONE_WAY = {
    Direction.UP: (Direction.UP,),
    Direction.DOWN: (Direction.DOWN,),
    Direction.BOTH: (Direction.UP, Direction.DOWN),
}


class Asked(NamedTuple):
    """One version of a record that is asked about, and the content that it stands for."""

    version_id: int
    content_id: int


def get_lineage(
    tx: Transaction,
    record_id: int,
    *,
    version: int | None = None,
    direction: Direction = Direction.UP,
    depth: int | None = None,
    kinds: Collection[Kind] = (),
    only_valid: bool = False,
    as_of: datetime | None = None,
    by_data: bool = False,
    limit: int | None = None,
    with_edges: bool = True,
) -> Lineage:
    """Return the ancestors or descendants of one version of a record, nearest first.

    :param version: which version is asked about; the current one when omitted.
    :param depth: how many derivations to go at most; without end when omitted.
    :param kinds: only records of these kinds, whatever lies between; of all when empty.
    :param only_valid: only contents that no recall reaches, whatever lies between.
    :param as_of: what was recorded by then, as it was then; aware.
    :param by_data: whether the order of a flow's steps counts only where it is all that is known:
        that goes as far as a recall does.
    :param limit: how many records to show at most; all when omitted.
    :param with_edges: whether the derivations between them are asked for, which are many.
    :returns: one node per content, described as it is now, with its distance in derivations: the
        shortest way counts.
    :raises RecordNotFound: if no record has this id.
    :raises VersionNotFound: if the record has no version of this number.
    :raises NotRecordedThen: if it was recorded only later.

    Source: W3C PROV-DM, derivation; reachability is ours.
    """
    asked = asked_about(tx, record_id, version, as_of)
    found, is_cut = _reached(tx, asked.content_id, direction, depth, as_of, by_data=by_data)
    contents = _fitting(tx, found, kinds, only_valid=only_valid, as_of=as_of)
    shown = contents[:limit]
    views = describe(tx, {asked.content_id: asked.version_id}, shown, as_of)
    ends = [asked.content_id, *shown] if with_edges else []
    edges = sql.edges_among(tx, ends, as_of, by_data=by_data)
    return Lineage(
        start=views[asked.content_id],
        direction=direction,
        nodes=tuple(_nodes(views, found, shown)),
        edges=named_edges(views, edges),
        is_cut=is_cut,
        total=len(contents),
    )


def reach_of(
    tx: Transaction,
    record_id: int,
    *,
    version: int | None = None,
    direction: Direction = Direction.UP,
    depth: int | None = None,
    as_of: datetime | None = None,
) -> Reach:
    """Return the ancestors or descendants of one version of a record, undescribed, nearest first.

    For lineages of a million contents, of which nobody reads every name.

    :param direction: ``UP`` or ``DOWN``.
    :returns: the contents, by the ids of the versions that brought them in, with their distances;
        what is asked about is the first one, at distance 0.
    :raises RecordNotFound: if no record has this id.
    :raises VersionNotFound: if the record has no version of this number.
    """
    asked = asked_about(tx, record_id, version, as_of)
    found = reach(tx, asked.content_id, direction, depth=depth, as_of=as_of)
    return found.nearest_first()


def asked_about(
    tx: Transaction, record_id: int, version: int | None, as_of: datetime | None
) -> Asked:
    """Return which version is asked about: the one of a number, or the one current at a time.

    :raises RecordNotFound: if no record has this id.
    :raises VersionNotFound: if the record has no version of this number.
    :raises NotRecordedThen: if it was recorded only later.
    """
    asked = Asked(*get_version_and_content(tx, record_id, version))
    if as_of is None:
        return asked
    row = tx.first(sql.VERSION_AT, record_id, as_of)
    if row is None or (version is not None and row[0] < asked.version_id):
        raise NotRecordedThen(record_id, version, iso(as_of))
    return Asked(*row) if version is None else asked


def describe(
    tx: Transaction,
    named: Mapping[int, int],
    contents: Iterable[int],
    as_of: datetime | None = None,
) -> dict[int, RecordView]:
    """Return how contents are shown: as they are described now, or were at a time.

    :param named: content id -> the version that it is to be shown by, where one was asked for.
    """
    versions = reading.describing_versions(tx, contents, as_of) | dict(named)
    views = views_of(tx, list(versions.values()), as_of)
    return {content: views[shown] for content, shown in versions.items()}


def named_edges(views: Mapping[int, RecordView], edges: Iterable[EdgeRow]) -> tuple[Edge, ...]:
    """Return derivations by the versions that their ends are shown by, in the order of these."""
    named = (
        Edge(*name(views[edge.predecessor_id]), *name(views[edge.derived_id]), Role(edge.role))
        for edge in edges
    )
    return tuple(sorted(named, key=_ends))


def name(view: RecordView) -> tuple[int, int]:
    """Return what tells a version from all others."""
    return view.record_id, view.version


def _reached(
    tx: Transaction,
    start: int,
    direction: Direction,
    depth: int | None,
    as_of: datetime | None,
    *,
    by_data: bool,
) -> tuple[dict[int, int], bool]:
    """Return what is reached with its distance, nearest first, and whether more lies beyond."""
    further = None if depth is None else depth + 1
    found: dict[int, int] = {}
    for way in _ONE_WAY[direction]:
        reached = reach(tx, start, way, depth=further, as_of=as_of, by_data=by_data)
        found.update(reached.nearest_first().pairs())
    within = {content: far for content, far in found.items() if depth is None or far <= depth}
    del within[start]
    if direction is Direction.BOTH:
        within = dict(sorted(within.items(), key=lambda item: (item[1], item[0])))
    return within, len(within) + 1 < len(found)


def _fitting(
    tx: Transaction,
    contents: Iterable[int],
    kinds: Collection[Kind],
    *,
    only_valid: bool,
    as_of: datetime | None,
) -> Sequence[int]:
    """Return those contents that are of some kinds and valid, in their order."""
    asked = list(contents)
    if not kinds and not only_valid:
        return asked
    wanted = {kind.value for kind in kinds} or {kind.value for kind in Kind}
    fitting = {
        row.content_id
        for row in sql.sorts_of(tx, asked, as_of)
        if row.kind in wanted and not (only_valid and row.is_invalid)
    }
    return [content for content in asked if content in fitting]


def _nodes(
    views: Mapping[int, RecordView], found: Mapping[int, int], shown: Iterable[int]
) -> list[LineageNode]:
    nodes = (LineageNode(views[content], found[content]) for content in shown)
    return sorted(nodes, key=lambda node: (node.distance, *name(node.record)))


def _ends(edge: Edge) -> tuple[int, int, int, int, str]:
    derived = edge.derived_id, edge.derived_version
    return *derived, edge.predecessor_id, edge.predecessor_version, edge.role
