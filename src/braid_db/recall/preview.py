"""Asking beforehand what a recall would reach, and which actions would follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from braid_db.identity import IdentityRules
from braid_db.model import Kind, Way
from braid_db.recall.filling import why_not_filled
from braid_db.recall.placeholders import values_for
from braid_db.recall.recalls import as_reached
from braid_db.recall.targets import DEFAULT_RULES, Targets, resolve
from braid_db.recall.views import PlannedAction, Preview, Reached
from braid_db.store import Transaction, standing
from braid_db.store import recalls as sql
from braid_db.store.edges import in_groups
from braid_db.store.standing import ActionRow, LinkRow
from braid_db.views import Page

_AT_ONCE = 1000
"""How many records are described at a time, as all would be held in memory."""


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
    links = standing.links_of(tx, sorted(reach.ways))
    runs: Counter[str] = Counter()
    for link in links:
        runs[link.action_id] += reach.recalls[link.content_id]
    actions = {row.action_id: row for row in standing.actions_named(tx, runs)}
    named = {
        action_id: PlannedAction(action_id, row.name, row.type, row.command, runs[action_id])
        for action_id, row in actions.items()
    }
    for link, why in _unfillable(tx, links, actions):
        planned = named[link.action_id]
        named[link.action_id] = replace(
            planned,
            unfillable=planned.unfillable + reach.recalls[link.content_id],
            unfillable_because=planned.unfillable_because or why,
        )
    return tuple(named.values())


def _unfillable(
    tx: Transaction, links: Iterable[LinkRow], actions: Mapping[str, ActionRow]
) -> Iterator[tuple[LinkRow, str]]:
    """Yield the links whose actions could not be started for what they are linked to, and why.

    Only actions that leave something open are looked at: the others were looked at when made.
    """
    leaving_open = {action_id for action_id, row in actions.items() if "{" in row.params}
    asked = sorted(link for link in links if link.action_id in leaving_open)
    for group in in_groups(asked, _AT_ONCE):
        values = values_for(tx, sorted({link.content_id for link in group}), cause="")
        for link in group:
            told = actions[link.action_id]
            values_of_one = values[link.content_id]
            why = why_not_filled(told.type, told.command, told.params, values_of_one)
            if why is not None:
                yield link, why
