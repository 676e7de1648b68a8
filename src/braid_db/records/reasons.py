"""How something came about: which steps led to it, what each used and made, and from what data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from braid_db.model import Kind, Role
from braid_db.records.errors import NotAModel
from braid_db.records.lineage import get_lineage, name
from braid_db.records.views import get_record
from braid_db.store import Transaction
from braid_db.views import Edge, Explanation, Lineage, RecordView, ToldStep

Name = tuple[int, int]


def explain(
    tx: Transaction,
    record_id: int,
    *,
    version: int | None = None,
    as_of: datetime | None = None,
    limit: int | None = None,
) -> Explanation:
    """Return how a version of a record came about.

    :param version: the current one when omitted.
    :param as_of: what was known at a time.
    :param limit: of how many of the nearest records to tell at most; of all when omitted. What it
        began with is told only where all that led there is.
    :returns: the steps and transfers that led to it, each after those that it builds on, with
        what they used and made of it; what was derived without a step; and what was given.
    :raises RecordNotFound: if no record has this id.
    :raises VersionNotFound: if the record has no version of this number.
    """
    lineage = get_lineage(tx, record_id, version=version, as_of=as_of, limit=limit)
    records = {name(node.record): node.record for node in lineage.nodes}
    records[name(lineage.start)] = lineage.start
    activities = [one for one in records if records[one].kind.is_activity]
    above, below = _beside(lineage.edges)
    steps = [
        ToldStep(
            records[one],
            used=tuple(records[source] for source in above.get(one, ())),
            made=tuple(records[made] for made in below.get(one, ())),
        )
        for one in _in_order(activities, above, records)
    ]
    derived = {_derived(edge) for edge in lineage.edges}
    given = [one for one in _told_of_whole(lineage) if name(one) not in derived]
    alone = (
        (records[_predecessor(edge)], records[_derived(edge)], edge.role)
        for edge in lineage.edges
        if edge.role in (Role.DERIVED, Role.REVISION)
    )
    return Explanation(
        record=lineage.start,
        given=tuple(sorted(given, key=name)),
        steps=tuple(steps),
        derived=tuple(alone),
        hidden=lineage.total - len(lineage.nodes),
    )


def _told_of_whole(lineage: Lineage) -> Iterator[RecordView]:
    """Yield the records whose predecessors are all among those that are shown.

    Where the farthest are left out, some at the distance of the last one that is shown may be.
    """
    is_cut = lineage.total > len(lineage.nodes)
    last = lineage.nodes[-1].distance if is_cut and lineage.nodes else 0
    return (node.record for node in lineage.nodes if not is_cut or node.distance < last - 1)


def data_of_model(
    tx: Transaction,
    record_id: int,
    version: int | None = None,
    *,
    as_of: datetime | None = None,
    limit: int | None = None,
) -> Lineage:
    """Return the data and facts that a version of a model was made from, the nearest first.

    By data, as a recall goes: what a flow only did earlier did not train the model.

    :param limit: how many to return at most; all when omitted.
    :raises RecordNotFound: if no record has this id.
    :raises VersionNotFound: if the record has no version of this number.
    :raises NotAModel: if it is no model.
    """
    kind = get_record(tx, record_id, version).kind
    if kind is not Kind.MODEL:
        raise NotAModel(record_id, kind)
    return get_lineage(
        tx,
        record_id,
        version=version,
        kinds=(Kind.DATA, Kind.FACT),
        as_of=as_of,
        by_data=True,
        limit=limit,
    )


Beside = Mapping[Name, Collection[Name]]


def _beside(edges: Iterable[Edge]) -> tuple[Beside, Beside]:
    """Return what each came from directly, in one way or more, and what each generated."""
    above: dict[Name, dict[Name, None]] = {}
    below: dict[Name, dict[Name, None]] = {}
    for edge in edges:
        above.setdefault(_derived(edge), {})[_predecessor(edge)] = None
        if edge.role is Role.GENERATED:
            below.setdefault(_predecessor(edge), {})[_derived(edge)] = None
    return above, below


def _in_order(activities: Iterable[Name], above: Beside, all_of_them: Iterable[Name]) -> list[Name]:
    """Return activities so that each comes after all that it builds on."""
    depth: dict[Name, int] = {}
    for start in all_of_them:
        waiting = [start]
        while waiting:
            here = waiting[-1]
            missing = [one for one in above.get(here, ()) if one not in depth]
            if missing and here not in depth:
                waiting += missing
            else:
                depth.setdefault(here, 1 + max((depth[o] for o in above.get(here, ())), default=0))
                waiting.pop()
    return sorted(activities, key=lambda one: (depth[one], one))


def _predecessor(edge: Edge) -> Name:
    return edge.predecessor_id, edge.predecessor_version


def _derived(edge: Edge) -> Name:
    return edge.derived_id, edge.derived_version
