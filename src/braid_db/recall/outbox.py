"""The outbox of recalls: claims owed action runs, has them executed, and closes them.

=============  ====================================================================================
state          meaning, and what follows
=============  ====================================================================================
owed           to be started; where that is not allowed its output says why, and it stays owed
running        claimed by one executor, which starts it; from here on it counts as an attempt
done           the program ended with status 0, or the flow was started
retry          it failed, and is started again when its back-off is over
failed         it failed as often as the settings allow, or what it leaves open cannot be filled in
cancelled      its recall was taken back before it was started again, or at all
interrupted    nobody knows how its attempt ended; only :func:`retry` lets it be started again
=============  ====================================================================================

A claim is a transaction of its own, the execution is in none, and closing is another. So a crash
loses nothing, and whatever it leaves running is interrupted when an executor next looks: at once
if it was on this machine, else when its time is over. Nothing is started again unasked then, as
it might be done twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from braid_db.errors import InvalidArgument
from braid_db.model import ActionState
from braid_db.recall.attempts import Attempt, Ending
from braid_db.recall.executors import is_gone, this_executor
from braid_db.recall.jobs import Job, here
from braid_db.recall.outcomes import ActionOutcome, get_outcome, list_outcomes
from braid_db.recall.placeholders import CannotFill
from braid_db.recall.recalls import get_recall_row
from braid_db.records.views import iso
from braid_db.settings import Settings
from braid_db.store import Store, Transaction
from braid_db.store import actions as sql
from braid_db.store.actions import DueRun, RunningRow

_AT_ONCE = 200
_LEASE_MARGIN_S = 300.0
"""How much longer than its time limit an executor elsewhere is trusted; clocks may differ."""

_LONGEST_BACKOFF_S = 86400.0
Lacking = tuple[DueRun, str]
"""An action run that cannot be started here, and why."""

_RETRIED = (ActionState.FAILED, ActionState.INTERRUPTED, ActionState.RETRY)


def run_due(
    store: Store, settings: Settings, *, recall_id: int | None = None, limit: int | None = None
) -> list[ActionOutcome]:
    """Start all action runs that are due, one after the other, and return what became of them.

    Others may do so at the same time: each run is started by one of them.

    :param recall_id: only those of one recall; of all when omitted.
    :param limit: how many to start at most; all when omitted.
    :returns: those that were started, could not be, or turned out to be interrupted.
    """
    return list(run_each(store, settings, recall_id=recall_id, limit=limit))


def run_each(
    store: Store, settings: Settings, *, recall_id: int | None = None, limit: int | None = None
) -> Iterator[ActionOutcome]:
    """Do as :func:`run_due` does, and yield what became of each action run at once."""
    yield from interrupt_lost(store)
    executor = Executor(store, settings)
    left = limit
    for runs in executor.due(recall_id):
        lacking, ready = executor.sort_out(runs)
        yield from executor.explain(lacking)
        for run in ready:
            if left == 0:
                return
            if (outcome := executor.take(run)) is not None:
                left = None if left is None else left - 1
                yield outcome


def count_due(tx: Transaction, recall_id: int | None = None) -> int:
    """Return how many action runs are due, those among them that may not be started.

    :param recall_id: only those of one recall; of all when omitted.
    :raises RecallNotFound: if there is no such recall.
    """
    if recall_id is not None:
        get_recall_row(tx, recall_id)
    return sql.count_due(tx, recall_id)


def interrupt_lost(store: Store) -> list[ActionOutcome]:
    """Mark the runs as interrupted whose executors are gone, or silent beyond their time."""
    running = [RunningRow(*row) for row in store.read(lambda tx: tx.rows(sql.RUNNING))]
    now = datetime.now(UTC)
    lost = [row for row in running if row.due_at < now or is_gone(row.claimed_by)]

    def work(tx: Transaction) -> list[ActionOutcome]:
        marked = [row.action_run_id for row in lost if _interrupt(tx, row, _gone(row))]
        return [get_outcome(tx, action_run_id) for action_run_id in marked]

    return store.write(work) if lost else []


def retry(
    tx: Transaction, recall_id: int, action_run_ids: Sequence[int] = ()
) -> list[ActionOutcome]:
    """Let runs of a recall start again that failed, are interrupted, or wait for their back-off.

    An interrupted one may be carried out twice by that; how often it was interrupted stays known.

    :param action_run_ids: only these; all such runs of the recall when empty.
    :returns: those that are due now.
    :raises RecallNotFound: if there is no such recall.
    :raises InvalidArgument: if the recall was taken back, or one that is named is not of this
        recall, or cannot start again.
    """
    row = get_recall_row(tx, recall_id)
    if row.reinstated_at is not None:
        found = f"{recall_id}, a recall that was taken back at {iso(row.reinstated_at)}"
        raise InvalidArgument("recall_id", found, "one that stands: the others owe nothing more")
    runs = list_outcomes(tx, recall_id, states=_RETRIED)
    again = [run.action_run_id for run in runs]
    if action_run_ids:
        _check_known(action_run_ids, again)
        again = list(dict.fromkeys(action_run_ids))
    tx.write(sql.OWE_AGAIN, [(tx.now, action_run_id) for action_run_id in again])
    return [get_outcome(tx, action_run_id) for action_run_id in again]


def _check_known(named: Iterable[int], known: Iterable[int]) -> None:
    for action_run_id in set(named).difference(known):
        expected = "an action run of this recall that failed, is interrupted or waits to be retried"
        raise InvalidArgument("action_run_id", str(action_run_id), expected)


@dataclass(frozen=True, slots=True)
class _Claimed:
    """An action run that this executor, and no other, is to carry out.

    :param attempt: the how-manieth attempt at it this is.
    """

    action_run_id: int
    recall_id: int
    attempt: int
    claimed_by: str
    job: Job


class Executor:
    """A process that carries out action runs, under a name of its own."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._means = here(settings)
        self._store = store
        self._settings = settings
        self._name = this_executor()

    def due(self, recall_id: int | None) -> Iterator[list[DueRun]]:
        """Yield the runs that are due at this moment, some at a time, the longest due first."""
        began = datetime.now(UTC)
        after: tuple[datetime, int] | None = None
        ask = partial(sql.due_runs, before=began, recall_id=recall_id, limit=_AT_ONCE)
        while runs := self._store.read(partial(ask, after=after)):
            yield runs
            after = runs[-1].due_at, runs[-1].action_run_id

    def sort_out(self, runs: Iterable[DueRun]) -> tuple[list[Lacking], list[DueRun]]:
        """Return the runs that cannot be started here, each with the reason, and those that can."""
        lacking, ready = [], []
        for run in runs:
            lack = self._means.lack_for(run.type, run.command)
            if lack is None or run.reinstated_at is not None:
                ready.append(run)
            else:
                lacking.append((run, f"Not started: {lack}."))
        return lacking, ready

    def explain(self, lacking: Sequence[Lacking]) -> list[ActionOutcome]:
        """Write into the ledger why runs are not started, unless it is there; they stay owed."""
        news = [(why, run.action_run_id) for run, why in lacking if why != run.output]
        if news:
            self._store.write(lambda tx: tx.write(sql.EXPLAIN, news))
        ids = [run.action_run_id for run, _ in lacking]
        return self._store.read(lambda tx: [get_outcome(tx, one) for one in ids]) if ids else []

    def take(self, due: DueRun) -> ActionOutcome | None:
        """Carry out one run, and return what became of it; None if another executor has it."""
        taken = self._store.write(lambda tx: self._claim(tx, due.action_run_id))
        if not isinstance(taken, _Claimed):
            return taken
        try:
            attempt = taken.job()
        except BaseException:
            self._store.write(lambda tx: _interrupt(tx, taken, _STOPPED))
            raise
        return self._store.write(lambda tx: self._close(tx, taken, attempt))

    def _claim(self, tx: Transaction, action_run_id: int) -> _Claimed | ActionOutcome | None:
        row = tx.first(sql.STARTABLE, action_run_id)
        run = None if row is None else DueRun(*row)
        if run is None or run.due_at > tx.now:
            return None
        if run.reinstated_at is not None:
            return _end(tx, run, ActionState.CANCELLED, _TAKEN_BACK)
        try:
            job = self._means.job_for(tx, run)
        except CannotFill as lack:
            return _end(tx, run, ActionState.FAILED, f"Not started: {lack}.")
        lease = tx.now + timedelta(seconds=self._settings.action_time_limit_s + _LEASE_MARGIN_S)
        claimed = tx.first(sql.CLAIM, lease, tx.now, self._name, action_run_id)
        if claimed is None:
            return None
        return _Claimed(action_run_id, run.recall_id, claimed[0], self._name, job)

    def _close(self, tx: Transaction, run: _Claimed, attempt: Attempt) -> ActionOutcome:
        if attempt.ending is Ending.UNKNOWN:
            _interrupt(tx, run, attempt.output)
        else:
            state, due_at = self._after(tx, run, attempt.ending)
            told = state.value, due_at, tx.now, attempt.exit_status, attempt.output
            tx.write(sql.CLOSE, [(*told, run.action_run_id, run.claimed_by, run.attempt)])
        return get_outcome(tx, run.action_run_id)

    def _after(
        self, tx: Transaction, run: _Claimed, ending: Ending
    ) -> tuple[ActionState, datetime | None]:
        """Return the state that follows an attempt, and when the next one is due."""
        if ending is Ending.DONE:
            return ActionState.DONE, None
        if tx.rows(sql.IS_REINSTATED, run.recall_id)[0][0] is not None:
            return ActionState.CANCELLED, None
        if run.attempt >= self._settings.action_attempts:
            return ActionState.FAILED, None
        wait_s = self._settings.action_backoff_s * 2 ** (run.attempt - 1)
        return ActionState.RETRY, tx.now + timedelta(seconds=min(wait_s, _LONGEST_BACKOFF_S))


_TAKEN_BACK = "Not started: its recall was taken back."
_STOPPED = (
    "Its executor was stopped meanwhile. Nobody knows whether it was carried out whole or in "
    "part: look, and have it started again by 'braid-db recall retry' if it should be."
)


def _gone(row: RunningRow) -> str:
    """Return what is written of a run whose executor is lost."""
    return (
        f"Its executor {row.claimed_by} is gone, or silent beyond its time. Nobody knows whether "
        f"it was carried out whole, in part or not at all: look, and have it started again by "
        f"'braid-db recall retry' if it should be."
    )


def _interrupt(tx: Transaction, run: RunningRow | _Claimed, why: str) -> bool:
    """Mark a run as interrupted; return False if it was closed meanwhile."""
    mine = run.action_run_id, run.claimed_by, run.attempt
    return tx.first(sql.INTERRUPT, tx.now, why, *mine) is not None


def _end(tx: Transaction, run: DueRun, state: ActionState, why: str) -> ActionOutcome:
    """Close a run that is not started any more."""
    tx.write(sql.END_UNSTARTED, [(state.value, tx.now, why, run.action_run_id)])
    return get_outcome(tx, run.action_run_id)
