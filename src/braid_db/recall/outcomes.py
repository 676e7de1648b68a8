"""What has become of the action runs that recalls owe, as every door shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from braid_db.model import ActionState
from braid_db.records.views import iso
from braid_db.store import Transaction, actions
from braid_db.store.actions import OutcomeRow

_WAITING = (ActionState.OWED, ActionState.RETRY)


@dataclass(frozen=True, slots=True)
class ActionOutcome:
    """One run of an invalidation action, and how far it has come.

    :param version: the newest that has the content which the recall reached.
    :param attempt: how often it was started.
    :param interruptions: how many of these attempts ended without anybody knowing how.
    :param due_at: when it may start, while it waits; times are ISO 8601 in UTC.
    :param claimed_by: who executed it last: host, process id and start.
    :param exit_status: a program's; negative for the signal that ended it.
    :param output: what the last attempt printed, or why there was none; of a flow its run's id.
    """

    action_run_id: int
    uid: str
    recall_id: int
    record_id: int
    version: int
    name: str
    type: str
    command: str
    state: ActionState
    attempt: int
    interruptions: int
    due_at: str | None
    started_at: str | None
    ended_at: str | None
    claimed_by: str | None
    exit_status: int | None
    output: str | None


def list_outcomes(
    tx: Transaction, recall_id: int, *, states: Sequence[ActionState] = (), limit: int | None = None
) -> list[ActionOutcome]:
    """Return the action runs of a recall, in the order in which they were owed.

    :param states: only those that have come this far; all when empty.
    :param limit: how many to return at most; all when omitted.
    """
    rows = actions.outcomes(tx, recall_id, tuple(states), limit)
    return [_outcome(row) for row in rows]


def get_outcome(tx: Transaction, action_run_id: int) -> ActionOutcome:
    """Return one action run that is known to be there."""
    return _outcome(OutcomeRow(*tx.rows(actions.OUTCOME, action_run_id)[0]))


def _outcome(row: OutcomeRow) -> ActionOutcome:
    state = ActionState(row.state)
    return ActionOutcome(
        action_run_id=row.action_run_id,
        uid=row.uid,
        recall_id=row.recall_id,
        record_id=row.record_id,
        version=row.version,
        name=row.name,
        type=row.type,
        command=row.command,
        state=state,
        attempt=row.attempt,
        interruptions=row.interruptions,
        due_at=_time(row.due_at) if state in _WAITING else None,
        started_at=_time(row.started_at),
        ended_at=_time(row.ended_at),
        claimed_by=row.claimed_by,
        exit_status=row.exit_status,
        output=row.output,
    )


def _time(time: datetime | None) -> str | None:
    return iso(time) if time else None
