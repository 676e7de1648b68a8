"""What is shown of recalls: answers, as every door gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict

from braid_db.lines import FEW, Lines, aligned, counted, tag_text, visible
from braid_db.model import ActionState, Kind, Role, Way
from braid_db.recall.outcomes import ActionOutcome
from braid_db.views import Page, RecordView

_COMES_FIRST = "INVALID, comes anew first"
_MOST_LISTED = 20


class InvalidInput(TypedDict):
    """One reason why something that is used or asked about is invalid.

    :ivar version: the version that was named.
    :ivar cause: what the recall that reaches it says.
    """

    record_id: int
    version: int
    cause: str
    recall_id: int


@dataclass(frozen=True, slots=True)
class RecallView(Lines):
    """One recall: what was said to be wrong, by whom, how far it reaches, and whether it stands.

    :param version: the version that shows the recalled content as it is described now.
    :param reached: how many contents it reaches by each way, the recalled one among them.
    :param actions: how many action runs it owes or owed, by how far they have come.
    :param created_at: when; times are ISO 8601 in UTC.
    """

    recall_id: int
    uid: str
    record_id: int
    version: int
    kind: Kind
    name: str
    cause: str
    follow_order: bool
    cascades: bool
    invalidated_by: str | None
    created_at: str
    reached: Mapping[Way, int]
    actions: Mapping[ActionState, int]
    reinstated_at: str | None = None
    reinstated_by: str | None = None
    reinstate_reason: str | None = None

    @property
    def is_standing(self) -> bool:
        """Whether it was not taken back."""
        return self.reinstated_at is None

    def facts(self) -> list[tuple[str, str | None]]:
        """Return what was said and done, labelled; None for what there is nothing of."""
        back = f"{self.reinstated_at}{_by(self.reinstated_by)}"
        why = f": {self.reinstate_reason}" if self.reinstate_reason else ""
        return [
            ("recall", str(self.recall_id)),
            ("of", f"{self.kind} {self.record_id}@{self.version} {self.name}"),
            ("cause", self.cause),
            ("made", f"{self.created_at}{_by(self.invalidated_by)}"),
            ("taken back", None if self.is_standing else f"{back}{why}"),
            ("follows order", "yes" if self.follow_order else None),
            ("reaches", None if self.cascades else "this content alone"),
            ("uid", self.uid),
        ]

    def lines(self) -> Iterator[str]:
        """Yield what was recalled and why, how far it reaches, and what is owed."""
        reach = f"{sum(self.reached.values()):,} contents: {counted(self.reached)}"
        actions = counted(self.actions) or "none"
        yield from aligned([*self.facts(), ("reaches", reach), ("actions", actions)])


def _by(name: str | None) -> str:
    return f" by {name}" if name else ""


def _reach_facts(
    by_kind: Mapping[Kind, int], by_run: Mapping[str | None, int], by_way: Mapping[Way, int]
) -> list[tuple[str, str | None]]:
    """Return how far a recall reaches, labelled; of many runs those with the most contents."""
    runs = [(f"in run {run_id}" if run_id else "in no run", n) for run_id, n in by_run.items()]
    most = sorted(runs, key=lambda run: -run[1])
    left = len(most) - FEW
    shown = [f"{n:,} {run}" for run, n in most[:FEW]]
    return [
        ("reaches", f"{sum(by_kind.values()):,} contents: {counted(by_kind)}"),
        ("by", counted(by_way)),
        ("of", ", ".join([*shown, f"{left:,} more runs"] if left > 0 else shown)),
    ]


@dataclass(frozen=True, slots=True)
class Reached:
    """One content that a recall reaches, or would reach, and by what.

    Whether it is valid stands in the record: before a recall, what was invalid already; of a
    recall that was taken back, what is valid again.
    """

    record: RecordView
    way: Way


@dataclass(frozen=True, slots=True)
class RecallWithReach:
    """One recall with a part of what it reaches, in the order of recording.

    Counts are of all contents that it reaches.

    :param by_run: how many by the run that first recorded them; None for those without one.
    """

    recall: RecallView
    reached: Page[Reached]
    by_kind: Mapping[Kind, int]
    by_run: Mapping[str | None, int]

    def facts(self) -> list[tuple[str, str | None]]:
        """Return what was said and done, and how far it reaches, labelled."""
        reach = _reach_facts(self.by_kind, self.by_run, self.recall.reached)
        return [*self.recall.facts(), *reach, ("actions", counted(self.recall.actions) or "none")]


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """An invalidation action that a recall would owe, and how often.

    :param unfillable: how many of the runs would fail without being started, as their records lack
        what the action's parameters leave open.
    :param unfillable_because: why, of the first of these.
    """

    invalidation_action_id: str
    name: str
    type: str
    command: str
    runs: int
    unfillable: int = 0
    unfillable_because: str | None = None


@dataclass(frozen=True, slots=True)
class Preview(Lines):
    """What a recall would do, asked beforehand.

    Counts are of all contents; the pages hold as many as were asked for, in the order of recording.

    :param roots: what would be recalled, each by a recall of its own.
    :param reached: all that would be reached, the roots among them.
    :param by_run: how many by the run that first recorded them; None for those without one.
    :param by_revision: those of them that only a revision leads to.
    :param invalid_already: those of them that another recall reaches already.
    :param actions: which actions would be owed.
    :param only_by_order: what would be reached besides if the order of steps were followed
        everywhere.
    """

    roots: tuple[RecordView, ...]
    reached: Page[Reached]
    by_kind: Mapping[Kind, int]
    by_run: Mapping[str | None, int]
    by_way: Mapping[Way, int]
    by_revision: Page[Reached]
    invalid_already: Page[Reached]
    actions: tuple[PlannedAction, ...]
    only_by_order: Page[Reached]

    def facts(self) -> list[tuple[str, str | None]]:
        """Return what would be recalled and how much would be reached, labelled."""
        roots = ", ".join(f"{one.record_id}@{one.version}" for one in self.roots[:FEW])
        more = f" and {len(self.roots) - FEW:,} more" if len(self.roots) > FEW else ""
        return [
            ("would be recalled", f"{roots}{more}"),
            *_reach_facts(self.by_kind, self.by_run, self.by_way),
            ("invalid already", f"{self.invalid_already.total:,}"),
        ]

    def lines(self) -> Iterator[str]:
        """Yield how much would be reached, the first of it, and the actions that would follow."""
        yield from aligned(self.facts())
        yield from _listed("Would be reached", self.reached)
        yield from _listed("By the order of steps alone, and not reached", self.only_by_order)
        if self.actions:
            yield from ["", "Actions that would be owed"]
            yield from map(_action_line, self.actions)


def _listed(heading: str, page: Page[Reached]) -> Iterator[str]:
    """Yield a line for each content; of many only the first ones, and how many there are."""
    if not page.total:
        return
    yield from ["", heading]
    shown = page.items[:_MOST_LISTED]
    yield from (f"  {one.way:<8}  {one.record}" for one in shown)
    if page.total > len(shown):
        yield f"  {page.total - len(shown):,} more"


def _action_line(action: PlannedAction) -> str:
    why = action.unfillable_because
    lack = f", {action.unfillable:,} NOT: {visible(why)}" if why else ""
    what = f"{action.type} {visible(action.command)}"
    return f"  {visible(action.name)} ({what}), runs: {action.runs:,}{lack}"


@dataclass(frozen=True, slots=True)
class Reinstated:
    """What taking a recall back has changed.

    :param valid_again: how many contents only this recall reached.
    :param still_invalid: how many of those it reached are reached by others that stand.
    :param cancelled: owed action runs that will not start any more.
    :param begun: action runs that had begun or ended, whose effects stay; those among them that
        were to be tried again are cancelled too.
    """

    recall: RecallView
    valid_again: int
    still_invalid: int
    cancelled: tuple[ActionOutcome, ...]
    begun: tuple[ActionOutcome, ...]


@dataclass(frozen=True, slots=True)
class PlannedUse:
    """What a step used or made, and whether it can be kept.

    It can where it is valid. Where it is not, a newer version that is valid stands in for it, or
    it is made or given anew by what comes earlier in the plan, or by that of another recall.

    :param newer_version: the newest valid version of the record, where it is newer.
    """

    record: RecordView
    role: Role
    newer_version: int | None

    @property
    def can_be_kept(self) -> bool:
        """Whether it can be used as it is."""
        return self.record.valid

    @property
    def fate(self) -> str:
        """What to do about it, in words."""
        if self.can_be_kept:
            return "keep"
        return f"use version {self.newer_version}" if self.newer_version else _COMES_FIRST


@dataclass(frozen=True, slots=True)
class PlannedWork(Lines):
    """One thing to be done: a step or transfer to be run again, or a record to be given anew.

    :param flow_id: the flow that the record's run was of.
    :param inputs: what a step used, or what a record came from.
    :param outputs: what of it the recalls reach, of all that a step made.
    """

    record: RecordView
    flow_id: str | None
    inputs: tuple[PlannedUse, ...]
    outputs: tuple[PlannedUse, ...]

    @property
    def is_step(self) -> bool:
        """Whether something is to be run again."""
        return self.record.kind.is_activity

    def lines(self) -> Iterator[str]:
        """Yield what is to be done, with what, and what comes of it."""
        run, flow = self.record.run_id, self.flow_id
        place = f" (run {visible(run)}{f', flow {visible(flow)}' if flow else ''})" if run else ""
        yield f"{'run again' if self.is_step else 'give anew'} {_name(self.record)}{place}"
        for key, value in self.record.tags.items():
            yield f"      tag         {visible(key)} = {visible(tag_text(value))}"
        for use in self.inputs:
            yield f"      {use.role:<11} {_name(use.record)}: {use.fate}"
        for made in self.outputs:
            newer = f": version {made.newer_version} is valid" if made.newer_version else ""
            yield f"      makes       {_name(made.record)}{newer}"


def _name(record: RecordView) -> str:
    return f"{record.kind} {record.record_id}@{record.version} {visible(record.name)}"


@dataclass(frozen=True, slots=True)
class Plan(Lines):
    """What has to be done until all that some recalls reach is valid again.

    :param work: each piece of it after what it depends on.
    :param done: how much of the work was done already.
    """

    recalls: tuple[RecallView, ...]
    work: Page[PlannedWork]
    done: int

    def lines(self) -> Iterator[str]:
        """Yield the recalls, how much is done, and the work that is left."""
        for recall in self.recalls:
            back = "" if recall.is_standing else " (taken back)"
            yield f"recall {recall.recall_id}{back}: {visible(recall.cause)}"
        if self.done:
            yield f"{self.done:,} done already"
        for number, work in enumerate(self.work.items, 1):
            first, *rest = work.lines()
            yield from ["", f"{number}. {first}", *rest]
