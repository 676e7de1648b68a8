"""Recalls and what follows from them, as people see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from braid_db.cli import text
from braid_db.cli.text import visible
from braid_db.model import ActionState
from braid_db.views import Page

if TYPE_CHECKING:
    from braid_db.recall.outcomes import ActionOutcome
    from braid_db.recall.views import (
        PlannedAction,
        Preview,
        Reached,
        RecallView,
        RecallWithReach,
        Reinstated,
    )

STATES = {
    ActionState.OWED: "still owed",
    ActionState.RUNNING: "running",
    ActionState.DONE: "done",
    ActionState.RETRY: "failed, to be tried again",
    ActionState.FAILED: "failed",
    ActionState.CANCELLED: "cancelled",
    ActionState.INTERRUPTED: "interrupted",
}
"""How far an action run has come, for people."""

_RECALLS = ("recall", "stands", "made (UTC)", "by", "record", "reaches", "actions", "name", "cause")
_OUTCOMES = ("action run", "recall", "state", "attempt", "record", "name", "command", "output")
_ACTIONS = ("action", "type", "runs", "command", "here")


def say_recalls(recalls: Sequence[RecallView]) -> None:
    """Write recalls as a table."""
    text.say_table(_RECALLS, [_recall_cells(one) for one in recalls])


def _recall_cells(recall: RecallView) -> list[str]:
    return [
        str(recall.recall_id),
        "yes" if recall.is_standing else "no",
        text.minute(recall.created_at),
        visible(recall.invalidated_by or ""),
        f"{recall.record_id}@{recall.version}",
        f"{sum(recall.reached.values()):,}",
        text.counted(recall.actions),
        visible(recall.name),
        visible(recall.cause),
    ]


def say_outcomes(outcomes: Sequence[ActionOutcome]) -> None:
    """Write action runs as a table; of what they printed the first line."""
    text.say_table(_OUTCOMES, [_outcome_cells(one) for one in outcomes])


def _outcome_cells(outcome: ActionOutcome) -> list[str]:
    lines = (outcome.output or "").split("\n", 1)
    return [
        str(outcome.action_run_id),
        str(outcome.recall_id),
        outcome.state.value,
        str(outcome.attempt),
        f"{outcome.record_id}@{outcome.version}",
        visible(outcome.name),
        visible(outcome.command),
        visible(lines[0]) + (" ..." if any(lines[1:]) else ""),
    ]


def say_recall(shown: RecallWithReach, actions: Sequence[ActionOutcome]) -> None:
    """Write one recall with what it reaches and what became of its actions."""
    text.say(text.aligned(shown.facts()))
    _say_reached("", shown.reached)
    if actions:
        text.say([""])
        say_outcomes(actions)
    owed = Page(tuple(actions), sum(shown.recall.actions.values()))
    if owed.hidden:
        text.note_hidden(owed, "action runs")


def say_preview(shown: Preview, lacks: Sequence[str | None]) -> None:
    """Write what a recall would do.

    :param lacks: why each action could not be started here; None where it could.
    """
    by_order = f"{shown.only_by_order.total:,}, not reached without --follow-order"
    only = ("only by order", by_order if shown.only_by_order.total else None)
    text.say(text.aligned([*shown.facts(), only]))
    _say_reached("", shown.reached)
    _say_reached("By the order of steps alone, and not reached:", shown.only_by_order)
    if shown.actions:
        cells = [
            [visible(one.name), one.type, f"{one.runs:,}", visible(one.command), _here(one, lack)]
            for one, lack in zip(shown.actions, lacks, strict=True)
        ]
        text.say(["", "Actions that would be owed:"])
        text.say_table(_ACTIONS, cells)
    text.note("Nothing was written.")


def _here(planned: PlannedAction, lack: str | None) -> str:
    """Return whether an action can be run here, and for which of the records."""
    if lack is not None:
        return f"NOT: {visible(lack)}"
    if planned.unfillable_because is None:
        return "can be run"
    others = planned.runs - planned.unfillable
    place = f"{others:,} can be run, {planned.unfillable:,} NOT" if others else "NOT"
    return f"{place}: {visible(planned.unfillable_because)}"


def _say_reached(heading: str, page: Page[Reached]) -> None:
    if page.items:
        text.say(["", heading] if heading else [""])
        cells = [(one.way.value, *text.summary(one.record)) for one in page.items]
        text.say_table(("by", *text.SUMMARY), cells)
    if page.hidden:
        text.note_hidden(page, "records")


def say_reinstated(done: Reinstated) -> None:
    """Write what taking a recall back has changed."""
    rows = [
        ("taken back", f"recall {done.recall.recall_id}: {done.recall.cause}"),
        ("valid again", f"{done.valid_again:,}"),
        ("still invalid", f"{done.still_invalid:,}, by other recalls"),
        ("actions", f"{len(done.cancelled):,} cancelled, {len(done.begun):,} had begun"),
    ]
    text.say(text.aligned(rows))
    if done.begun:
        text.say(["", "Actions that had begun, whose effects stay:"])
        say_outcomes(done.begun)
