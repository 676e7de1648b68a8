"""The plain model: what each recall reaches and owes at each moment."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.recall.histories.meant import roots_of
from tests.recall.histories.reaching import reach
from tests.recall.histories.telling import Moment, Telling
from tests.recall.histories.world import Recall, Reinstate, RunActions

OwedKey = tuple[int, str, int]
"""A recall, an action and a content."""


@dataclass
class Expected:
    """What is to be found at one moment.

    :ivar roots: the contents that recalls were made of, with whether they follow the order.
    :ivar reached: what each recall reaches, and of one that was taken back reached until then.
    :ivar owed: the state of each action run.
    """

    roots: dict[int, tuple[int, bool]] = field(default_factory=dict)
    standing: set[int] = field(default_factory=set)
    reached: dict[int, dict[int, str]] = field(default_factory=dict)
    owed: dict[OwedKey, str] = field(default_factory=dict)

    def causes(self, content: int) -> set[int]:
        """Return the standing recalls that reach a content."""
        return {recall for recall in self.standing if content in self.reached[recall]}


def expect(telling: Telling) -> list[Expected]:
    """Return what is to be found at each moment of a history."""
    expected = [Expected()]
    for before, moment in zip(telling.moments, telling.moments[1:], strict=False):
        last = expected[-1]
        now = Expected(dict(last.roots), set(last.standing), dict(last.reached), dict(last.owed))
        if moment.refused is None and moment.answer is not None:
            _recall(telling, before, moment, now)
            _take_back(moment, now)
            _run(moment, now)
        for recall in now.standing:
            root, follow = now.roots[recall]
            now.reached[recall] = reach(moment.rows.edges, root, follow_order=follow)
        _owe(moment, now)
        expected.append(now)
    return expected


def _recall(telling: Telling, before: Moment, moment: Moment, now: Expected) -> None:
    told = moment.happening
    if isinstance(told, Recall):
        roots = roots_of(telling, before, told)
        for view, root in zip(moment.answer, roots, strict=False):
            now.roots[view.recall_id] = (root, told.follow_order)
            now.standing.add(view.recall_id)


def _take_back(moment: Moment, now: Expected) -> None:
    if isinstance(moment.happening, Reinstate):
        for told in moment.answer:
            now.standing.discard(told.recall.recall_id)
            for key, state in now.owed.items():
                if key[0] == told.recall.recall_id and state == "owed":
                    now.owed[key] = "cancelled"


def _run(moment: Moment, now: Expected) -> None:
    """Let as many runs be done as were asked for, those that were owed first of all."""
    if isinstance(moment.happening, RunActions):
        recalls = {outcome.recall_id for outcome in moment.answer}
        waiting = [key for key, state in now.owed.items() if state == "owed" and key[0] in recalls]
        for key in waiting[: moment.happening.limit]:
            now.owed[key] = "done"


def _owe(moment: Moment, now: Expected) -> None:
    for recall in sorted(now.standing):
        fresh = [
            (recall, action, content)
            for content in now.reached[recall]
            for record, action in moment.recalled.links
            if moment.rows.by_id[content].record_id == record
        ]
        for key in sorted(fresh, key=lambda key: (key[2], moment.rows.by_id[key[2]], key[1])):
            now.owed.setdefault(key, "owed")
