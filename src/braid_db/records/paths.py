"""How one thing came from another: the ways between two records, and what two have in common."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count, islice

from braid_db.model import Kind, Role
from braid_db.records.lineage import asked_about, describe
from braid_db.store import Transaction
from braid_db.store import lineage as sql
from braid_db.store.lineage import EdgeRow
from braid_db.store.reach import reach
from braid_db.views import CommonAncestor, Direction, Page, PathStep, RecordView

Onward = Mapping[int, Sequence[tuple[int, str]]]
"""What was derived from a content directly, and how."""


def find_paths(
    tx: Transaction,
    record_id: int,
    other_id: int,
    *,
    version: int | None = None,
    other_version: int | None = None,
    as_of: datetime | None = None,
    limit: int = 10,
) -> list[tuple[PathStep, ...]]:
    """Return the ways that lead from one record to another, the shortest first.

    Either may be the one that the other came from. Two records can be joined by more ways than
    there are atoms, so only some are looked for.

    :param version: of the first record; the current one when omitted.
    :param other_version: of the other one.
    :param as_of: only what was recorded by then.
    :param limit: how many ways to return at most.
    :returns: each way from the ancestor to its descendant; empty where neither came from the
        other.
    :raises RecordNotFound: if there is no such record.
    :raises VersionNotFound: if it has no such version.
    """
    one = asked_about(tx, record_id, version, as_of)
    other = asked_about(tx, other_id, other_version, as_of)
    named = {one.content_id: one.version_id, other.content_id: other.version_id}
    for first, last in ((one.content_id, other.content_id), (other.content_id, one.content_id)):
        ways = list(islice(_ways(tx, first, last, as_of), limit))
        if ways:
            views = describe(tx, named, {content for way in ways for content, _ in way}, as_of)
            return [_steps(way, views) for way in ways]
    return []


def common_ancestors(
    tx: Transaction,
    record_id: int,
    other_id: int,
    *,
    version: int | None = None,
    other_version: int | None = None,
    kinds: Collection[Kind] = (),
    as_of: datetime | None = None,
    limit: int | None = None,
) -> Page[CommonAncestor]:
    """Return what two records both came from, the nearest to both first.

    A record counts as its own ancestor here, at distance 0: what one of two came from is common
    to both.

    :param kinds: only records of these kinds; of all when empty.
    :param as_of: only what was recorded by then.
    :param limit: how many to return at most; all when omitted.
    :raises RecordNotFound: if there is no such record.
    :raises VersionNotFound: if it has no such version.
    """
    asked = [
        asked_about(tx, record_id, version, as_of),
        asked_about(tx, other_id, other_version, as_of),
    ]
    one, other = (
        dict(reach(tx, each.content_id, Direction.UP, as_of=as_of).pairs()) for each in asked
    )
    both = sorted(one.keys() & other.keys(), key=lambda c: (one[c] + other[c], one[c], c))
    if kinds:
        wanted = {kind.value for kind in kinds}
        fit = {row.content_id for row in sql.sorts_of(tx, both) if row.kind in wanted}
        both = [content for content in both if content in fit]
    shown = both[:limit]
    named = {each.content_id: each.version_id for each in asked if each.content_id in shown}
    views = describe(tx, named, shown, as_of)
    found = (CommonAncestor(views[content], one[content], other[content]) for content in shown)
    return Page(tuple(found), len(both))


def _ways(
    tx: Transaction, first: int, last: int, as_of: datetime | None
) -> Iterator[Sequence[tuple[int, str]]]:
    """Yield the ways from a content to what came from it, the shortest first.

    Each is a list of contents with the role that led there, empty for the first. Whatever is
    begun leads to the end, as it goes only where its distance from there is known: so the work
    grows with the ways that are taken, and not with those that there are.
    """
    left = dict(reach(tx, last, Direction.UP, as_of=as_of).pairs())
    if first not in left or first == last:
        return
    below = reach(tx, first, Direction.DOWN, as_of=as_of).contents
    onward = _onward(sql.edges_among(tx, left.keys() & {first, last, *below}, as_of), last)
    number = count()
    # Of ways that will be equally long, the one that has come farthest is followed first.
    begun = [(left[first], 0, next(number), [(first, "")])]
    while begun:
        *_, way = heapq.heappop(begun)
        here = way[-1][0]
        if here == last:
            yield way
            continue
        for content, role in onward.get(here, ()):
            if all(content != passed for passed, _ in way):
                longer = [*way, (content, role)]
                length = len(way) + left[content]
                heapq.heappush(begun, (length, -len(way), next(number), longer))


def _onward(edges: Iterator[EdgeRow], last: int) -> Onward:
    """Return what was derived from each content, in an order that is always the same.

    ``transferred`` is followed only into what comes last, as lineage does: elsewhere what is
    begun might not lead there.
    """
    roles: dict[int, dict[int, list[str]]] = {}
    for edge in edges:
        if edge.role != Role.TRANSFERRED or edge.derived_id == last:
            derived = roles.setdefault(edge.predecessor_id, {})
            derived.setdefault(edge.derived_id, []).append(edge.role)
    return {
        near: [(far, ", ".join(sorted(found))) for far, found in sorted(derived.items())]
        for near, derived in roles.items()
    }


def _steps(way: Sequence[tuple[int, str]], views: Mapping[int, RecordView]) -> tuple[PathStep, ...]:
    return tuple(PathStep(views[content], role or None) for content, role in way)
