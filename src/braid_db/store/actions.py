"""What the outbox of recalls asks of the tables: which action runs are due, and how they ended.

A run's ``due_at`` is when somebody has to look at it: to start it while it is owed, and while it
is running to see that its executor has lost it. So one small index finds both.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, literal_column, select, tuple_, update

from braid_db.model import ActionState
from braid_db.store.statements import Statement
from braid_db.store.tables import action_run, invalidation_action, recall, version
from braid_db.store.transaction import Transaction
from braid_db.store.types import UtcTime


def _in_state(*states: ActionState) -> Any:
    """Return the condition that a run is in one of some states.

    They are written into the SQL: with bound ones no database would recognise its index.
    """
    return action_run.c.state.in_([literal_column(f"'{state}'") for state in states])


_OPEN = _in_state(ActionState.OWED, ActionState.RETRY, ActionState.RUNNING)
_STARTABLE = _in_state(ActionState.OWED, ActionState.RETRY)
_RUNNING = _in_state(ActionState.RUNNING)


class DueRun(NamedTuple):
    """An action run that is due, with its action and its recall."""

    action_run_id: int
    due_at: datetime
    state: str
    recall_id: int
    record_id: int
    version_id: int
    attempt: int
    output: str | None
    cause: str
    reinstated_at: datetime | None
    action_id: str
    type: str
    command: str
    params: str


class RunningRow(NamedTuple):
    """An action run that an executor has claimed."""

    action_run_id: int
    attempt: int
    claimed_by: str
    started_at: datetime
    due_at: datetime


class OutcomeRow(NamedTuple):
    """An action run with the name of its action and the newest version that has its content."""

    action_run_id: int
    uid: str
    recall_id: int
    record_id: int
    version: int
    name: str
    type: str
    command: str
    state: str
    attempt: int
    interruptions: int
    due_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    claimed_by: str | None
    exit_status: int | None
    output: str | None


_CANDIDATES = (
    select(
        action_run.c.action_run_id,
        action_run.c.due_at,
        action_run.c.state,
        action_run.c.recall_id,
        action_run.c.record_id,
        action_run.c.version_id,
        action_run.c.attempt,
        action_run.c.output,
        recall.c.cause,
        recall.c.reinstated_at,
        invalidation_action.c.invalidation_action_id,
        invalidation_action.c.type,
        invalidation_action.c.command,
        invalidation_action.c.params,
    )
    .join(recall, recall.c.recall_id == action_run.c.recall_id)
    .join(
        invalidation_action,
        invalidation_action.c.invalidation_action_id == action_run.c.invalidation_action_id,
    )
    .where(_STARTABLE)
)

RUNNING = Statement(
    select(*(action_run.c[name] for name in RunningRow._fields)).where(_OPEN, _RUNNING)
)

_id = action_run.c.action_run_id == bindparam("id")

STARTABLE = Statement(_CANDIDATES.where(_id), "id")

CLAIM = Statement(
    update(action_run)
    .where(_id, _STARTABLE)
    .values(
        state=ActionState.RUNNING.value,
        attempt=action_run.c.attempt + literal_column("1"),
        due_at=bindparam("lease", type_=UtcTime),
        started_at=bindparam("now", type_=UtcTime),
        ended_at=None,
        claimed_by=bindparam("executor"),
        exit_status=None,
        output=None,
    )
    .returning(action_run.c.attempt),
    "lease",
    "now",
    "executor",
    "id",
)

_is_mine = (action_run.c.claimed_by == bindparam("executor")) & (
    action_run.c.attempt == bindparam("nth")
)

# An executor that was taken for dead, and was not, still knows how its attempt ended.
CLOSE = Statement(
    update(action_run)
    .where(_id, _is_mine, _in_state(ActionState.RUNNING, ActionState.INTERRUPTED))
    .values(
        state=bindparam("new"),
        due_at=bindparam("due", type_=UtcTime),
        ended_at=bindparam("now", type_=UtcTime),
        exit_status=bindparam("status"),
        output=bindparam("text"),
    ),
    "new",
    "due",
    "now",
    "status",
    "text",
    "id",
    "executor",
    "nth",
)

INTERRUPT = Statement(
    update(action_run)
    .where(_id, _is_mine, _RUNNING)
    .values(
        state=ActionState.INTERRUPTED.value,
        interruptions=action_run.c.interruptions + literal_column("1"),
        due_at=None,
        ended_at=bindparam("now", type_=UtcTime),
        output=bindparam("text"),
    )
    .returning(action_run.c.action_run_id),
    "now",
    "text",
    "id",
    "executor",
    "nth",
)

EXPLAIN = Statement(
    update(action_run).where(_id, _STARTABLE).values(output=bindparam("text")), "text", "id"
)

END_UNSTARTED = Statement(
    update(action_run)
    .where(_id, _STARTABLE)
    .values(
        state=bindparam("new"),
        due_at=None,
        ended_at=bindparam("now", type_=UtcTime),
        output=bindparam("text"),
    ),
    "new",
    "now",
    "text",
    "id",
)

OWE_AGAIN = Statement(
    update(action_run)
    .where(_id, _in_state(ActionState.FAILED, ActionState.INTERRUPTED, ActionState.RETRY))
    .values(state=ActionState.OWED.value, due_at=bindparam("now", type_=UtcTime))
    .returning(action_run.c.action_run_id),
    "now",
    "id",
)

IS_REINSTATED = Statement(
    select(recall.c.reinstated_at).where(recall.c.recall_id == bindparam("id")), "id"
)

_later = version.alias("later")
_newest = (
    select(func.max(_later.c.number))
    .where(
        _later.c.content_id == action_run.c.version_id, _later.c.content_id != _later.c.version_id
    )
    .scalar_subquery()
)
_OUTCOMES = (
    select(
        *(action_run.c[name] for name in OutcomeRow._fields[:4]),
        func.coalesce(_newest, version.c.number),
        invalidation_action.c.name,
        invalidation_action.c.type,
        invalidation_action.c.command,
        *(action_run.c[name] for name in OutcomeRow._fields[8:]),
    )
    .join(version, version.c.version_id == action_run.c.version_id)
    .join(
        invalidation_action,
        invalidation_action.c.invalidation_action_id == action_run.c.invalidation_action_id,
    )
)

OUTCOME = Statement(_OUTCOMES.where(_id), "id")


def due_runs(
    tx: Transaction,
    before: datetime,
    after: tuple[datetime, int] | None,
    recall_id: int | None,
    limit: int,
) -> list[DueRun]:
    """Return action runs that are due, the longest due first.

    :param before: only those that were due then.
    :param after: only those behind this one, by the time it was due at and its id.
    :param recall_id: only those of one recall.
    """
    place = tuple_(action_run.c.due_at, action_run.c.action_run_id)
    query = _CANDIDATES.where(_OPEN, action_run.c.due_at <= before)
    query = query.order_by(action_run.c.due_at, action_run.c.action_run_id).limit(limit)
    if after is not None:
        query = query.where(place > after)
    return [DueRun(*row) for row in tx.select(_of_recall(query, recall_id))]


def count_due(tx: Transaction, recall_id: int | None) -> int:
    """Return how many action runs are due now."""
    query = select(func.count()).select_from(action_run)
    query = query.where(_OPEN, _STARTABLE, action_run.c.due_at <= tx.now)
    return int(tx.select(_of_recall(query, recall_id))[0][0])


def outcomes(
    tx: Transaction, recall_id: int, states: tuple[ActionState, ...], limit: int | None
) -> list[OutcomeRow]:
    """Return the action runs of a recall in the order in which they were owed.

    :param states: only those in one of these states; all when empty.
    """
    query = _of_recall(_OUTCOMES, recall_id).order_by(action_run.c.action_run_id).limit(limit)
    if states:
        query = query.where(_in_state(*states))
    return [OutcomeRow(*row) for row in tx.select(query)]


def _of_recall(query: Select[Any], recall_id: int | None) -> Select[Any]:
    return query if recall_id is None else query.where(action_run.c.recall_id == recall_id)
