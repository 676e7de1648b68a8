"""Taking recalls back: what only they reached is valid again."""

from __future__ import annotations

from braid_db.model import ActionState
from braid_db.recall.errors import AlreadyReinstated, MerelyReached, NotRecalled
from braid_db.recall.outcomes import ActionOutcome, list_outcomes
from braid_db.recall.recalls import get_recall_row, recall_views
from braid_db.recall.targets import content_of
from braid_db.recall.views import Reinstated
from braid_db.records.views import get_version_id, iso
from braid_db.store import Transaction, reading, standing
from braid_db.store.actions import END_UNSTARTED

_UNSTARTED = (ActionState.OWED, ActionState.RETRY)
_BEGUN = (ActionState.RUNNING, ActionState.DONE, ActionState.FAILED, ActionState.INTERRUPTED)
TAKEN_BACK = "The recall was taken back."


def reinstate(
    tx: Transaction, recall_id: int, *, by: str | None = None, reason: str | None = None
) -> Reinstated:
    """Take back a whole recall; owed action runs that have not started are cancelled.

    Nobody records meanwhile: the transaction begins anew where others could.

    :param by: who takes it back.
    :raises RecallNotFound: if no recall has this id.
    :raises AlreadyReinstated: if it was taken back before.
    """
    tx.need_to_be_alone()
    row = get_recall_row(tx, recall_id)
    if row.reinstated_at is not None:
        raise AlreadyReinstated(recall_id, iso(row.reinstated_at), row.reinstated_by)
    tx.write(standing.TAKE_BACK, [(tx.now, by, reason, recall_id)])
    begun = list_outcomes(tx, recall_id, states=_BEGUN)
    cancelled = _cancel(tx, recall_id)
    begun += [run for run in cancelled if run.attempt]
    [[still_invalid]] = tx.rows(standing.COUNT_STILL_INVALID, recall_id)
    [view] = recall_views(tx, [get_recall_row(tx, recall_id)])
    return Reinstated(
        recall=view,
        valid_again=sum(view.reached.values()) - still_invalid,
        still_invalid=still_invalid,
        cancelled=tuple(cancelled),
        begun=tuple(sorted(begun, key=lambda run: run.action_run_id)),
    )


def _cancel(tx: Transaction, recall_id: int) -> list[ActionOutcome]:
    """Let action runs that wait never start, and return them as they are then."""
    waiting = list_outcomes(tx, recall_id, states=_UNSTARTED)
    ended = (ActionState.CANCELLED.value, tx.now)
    tx.write(END_UNSTARTED, [(*ended, _last_words(run), run.action_run_id) for run in waiting])
    known = {run.action_run_id for run in waiting}
    cancelled = list_outcomes(tx, recall_id, states=(ActionState.CANCELLED,)) if known else []
    return [run for run in cancelled if run.action_run_id in known]


def _last_words(run: ActionOutcome) -> str:
    """Return what is kept of a run that will not start: also what an attempt before has said."""
    said = (run.output or "").rstrip() if run.attempt else ""
    return f"{said}\n{TAKEN_BACK}".strip()


def reinstate_record(
    tx: Transaction,
    record_id: int,
    *,
    version: int | None = None,
    by: str | None = None,
    reason: str | None = None,
) -> list[Reinstated]:
    """Take back all recalls that were made of one content itself.

    :param version: a version that stands for it; the current one when omitted.
    :raises MerelyReached: if only recalls of other contents reach it; they are named.
    :raises NotRecalled: if no recall that stands reaches it.
    :raises BraidError: if there is no such record or version; nothing is written then.
    """
    tx.need_to_be_alone()
    version_id = get_version_id(tx, record_id, version)
    content_id = content_of(tx, version_id)
    own = standing.recalls_of(tx, content_id)
    if not own:
        number = reading.version_rows(tx, [version_id])[version_id].number
        raise _not_recalled(tx, record_id, number, content_id)
    return [reinstate(tx, row.recall_id, by=by, reason=reason) for row in own]


def _not_recalled(tx: Transaction, record_id: int, number: int, content_id: int) -> NotRecalled:
    """Return why a content cannot be reinstated by itself."""
    reaching = [row.recall_id for row in standing.causes_of(tx, [content_id])]
    if not reaching:
        return NotRecalled(record_id, number)
    rows = [get_recall_row(tx, recall_id) for recall_id in reaching]
    named = [(view.recall_id, view.record_id) for view in recall_views(tx, rows)]
    return MerelyReached(record_id, number, named)
