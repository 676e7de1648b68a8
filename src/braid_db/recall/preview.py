"""Asking beforehand what a recall would reach, and which actions would follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from braid_db.identity import IdentityRules
from braid_db.model import Kind, Way
from braid_db.recall.recalls import as_reached
from braid_db.recall.targets import DEFAULT_RULES, Targets, resolve
from braid_db.recall.views import PlannedAction, Preview, Reached
from braid_db.store import Transaction, standing
from braid_db.store import recalls as sql
from braid_db.views import Page


def preview(
    tx: Transaction,
    targets: Targets,
    *,
    follow_order: bool = False,
    rules: IdentityRules = DEFAULT_RULES,
    limit: int | None = None,
) -> Preview:
    """Return what recalling these targets would do; nothing is written.

    :param limit: how many contents each part of the answer shows; all when omitted.
    :raises BraidError: if :func:`braid_db.recall.recalls.invalidate` would refuse them.
    """
    roots = resolve(tx, targets, rules, follow_order=follow_order)
    reach = _reach(tx, roots, follow_order=follow_order)
    in_order = reach if follow_order else _reach(tx, roots, follow_order=True)
    known = list(standing.kinds_and_runs(tx, sorted(reach.ways)))
    revised = [content for content, way in reach.ways.items() if way is Way.REVISION]
    pages = _Pages(tx, limit)
    return Preview(
        roots=tuple(one.record for one in as_reached(tx, [(root, Way.DATA) for root in roots])),
        reached=pages.of(reach, reach.ways),
        by_kind=dict(Counter(Kind(kind) for _, kind, _, _ in known)),
        by_run=dict(Counter(run_id for _, _, run_id, _ in known)),
        by_way=dict(Counter(reach.ways.values())),
        by_revision=pages.of(reach, revised),
        invalid_already=pages.of(reach, [content for content, _, _, bad in known if bad]),
        actions=_actions(tx, reach),
        only_by_order=pages.of(in_order, in_order.ways.keys() - reach.ways.keys()),
    )


@dataclass(slots=True)
class _Reach:
    """What recalls of some contents would reach.

    :ivar ways: contents, each with the best way to it.
    :ivar recalls: by how many of the recalls each would be reached.
    """

    ways: dict[int, Way] = field(default_factory=dict)
    recalls: Counter[int] = field(default_factory=Counter)


def _reach(tx: Transaction, roots: Iterable[int], *, follow_order: bool) -> _Reach:
    ranks: dict[int, int] = {}
    reach = _Reach()
    for root in roots:
        for content_id, rank in tx.rows(sql.REACH, root, follow_order):
            ranks[content_id] = min(rank, ranks.get(content_id, rank))
            reach.recalls[content_id] += 1
    ways = list(Way)
    reach.ways.update((content_id, ways[rank]) for content_id, rank in ranks.items())
    return reach


class _Pages:
    """Shows of contents as many as were asked for.

    :param limit: how many; all when None.
    """

    def __init__(self, tx: Transaction, limit: int | None) -> None:
        self._tx = tx
        self._limit = limit

    def of(self, reach: _Reach, contents: Iterable[int]) -> Page[Reached]:
        """Return the first of some contents, in the order of recording, and how many they are."""
        ordered = sorted(contents)
        shown = [(content, reach.ways[content]) for content in ordered[: self._limit]]
        return Page(as_reached(self._tx, shown), len(ordered))


def _actions(tx: Transaction, reach: _Reach) -> tuple[PlannedAction, ...]:
    """Return the actions that would be owed: one run for each recall and content."""
    runs: Counter[str] = Counter()
    for link in standing.links_of(tx, sorted(reach.ways)):
        runs[link.action_id] += reach.recalls[link.content_id]
    named = standing.actions_named(tx, runs)
    return tuple(
        PlannedAction(action_id, name, kind, command, runs[action_id])
        for action_id, name, kind, command in named
    )
