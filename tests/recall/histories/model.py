"""The plain model: what each recall reaches at each moment, by going from content to content."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from tests.recall.histories.telling import Moment, Telling
from tests.recall.histories.world import Recall, Reinstate, RunActions, Step
from tests.records.histories.rows import Edge, Rows

DATA, REVISION, ORDER = WAYS = ("data", "revision", "order")

OwedKey = tuple[int, str, int]
"""A recall, an action and a content."""


def reach(edges: Collection[Edge], root: int, *, follow_order: bool) -> dict[int, str]:
    """Return all that the recall of a content reaches, each with the best way to it.

    DESIGN.md section 6: data, then revisions, then the order of steps, which counts only where a
    step did not tell what it used, unless it is to be followed everywhere.
    """
    known = {edge.derived for edge in edges if edge.role in ("used", "informed", "transferred")}
    onward: dict[int, list[Edge]] = {}
    for edge in edges:
        in_order = edge.role == "followed" and not follow_order and edge.derived in known
        if edge.role != "transferred" and not in_order:
            onward.setdefault(edge.predecessor, []).append(edge)
    found = {root: DATA}
    for worst, way in enumerate(WAYS):
        waiting = list(found)
        while waiting:
            for edge in onward.get(waiting.pop(), ()):
                if edge.derived not in found and WAYS.index(_way(edge)) <= worst:
                    found[edge.derived] = way
                    waiting.append(edge.derived)
    return found


def _way(edge: Edge) -> str:
    return {"revision": REVISION, "followed": ORDER}.get(edge.role, DATA)


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


def roots_of(telling: Telling, before: Moment, told: Recall) -> list[int]:
    """Return the contents that a recall is made of, in their order."""
    rows = before.rows
    if told.run is not None or not rows.kinds:
        steps = _steps_of(telling, before, told.run or 0)
        contents = {rows.content_of(record_id) for record_id in steps}
        return sorted(contents - _below(rows, contents, follow_order=told.follow_order))
    record_id = sorted(rows.kinds)[told.record % len(rows.kinds)]
    if told.version is None:
        return sorted(rows.contents_of(record_id))
    versions = rows.versions_of(record_id)
    return [versions[told.version % len(versions) + 1].content_id]


def _steps_of(telling: Telling, before: Moment, run: int) -> list[int]:
    moments = telling.moments[: telling.moments.index(before) + 1]
    return [
        moment.answer["flow_state_record_id"]
        for moment in moments
        if isinstance(moment.happening, Step) and moment.refused is None
        if moment.happening.run == run
    ]


def _below(rows: Rows, contents: set[int], *, follow_order: bool) -> set[int]:
    return {
        below
        for content in contents
        for below in reach(rows.edges, content, follow_order=follow_order)
        if below != content
    }
