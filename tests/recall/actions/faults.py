"""Faults of an outbox that is killed or is not alone; each breaks the law in one way.

A fault is planted in the process that calls it, and stays there until the patch is undone.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import bindparam

from braid_db.recall import outbox
from braid_db.recall.attempts import Attempt, Ending
from braid_db.recall.outcomes import ActionOutcome, get_outcome
from braid_db.store import Store, Transaction, actions
from braid_db.store.actions import DueRun
from braid_db.store.statements import Statement
from braid_db.store.tables import action_run

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


def a_lost_run_is_owed_again_without_a_word(patch: Patch) -> None:
    owe = Statement(action_run.update().where(action_run.c.state == "running").values(state="owed"))

    def interrupt_lost(store: Store) -> list[ActionOutcome]:
        store.write(lambda tx: tx.write(owe, [()]))
        return []

    patch.setattr(outbox, "interrupt_lost", interrupt_lost)


def an_interruption_is_not_counted(patch: Patch) -> None:
    change = action_run.update().where(action_run.c.action_run_id == bindparam("id"))
    mark = Statement(change.values(state="interrupted"), "id")

    def interrupt(tx: Transaction, run: outbox.RunningRow, why: str) -> bool:
        tx.write(mark, [(run.action_run_id,)])
        return True

    patch.setattr(outbox, "_interrupt", interrupt)


def a_run_is_closed_before_it_is_carried_out(patch: Patch) -> None:
    def take(self: outbox.Executor, due: DueRun) -> ActionOutcome:
        taken = self._store.write(lambda tx: self._claim(tx, due.action_run_id))
        assert isinstance(taken, outbox._Claimed)
        done = Attempt(Ending.DONE, 0, "")
        outcome = self._store.write(lambda tx: self._close(tx, taken, done))
        taken.job()
        return outcome

    patch.setattr(outbox.Executor, "take", take)


def a_run_is_carried_out_before_it_is_claimed(patch: Patch) -> None:
    claim = outbox.Executor._claim

    def carry_out_and_claim(
        self: outbox.Executor, tx: Transaction, action_run_id: int
    ) -> outbox._Claimed | ActionOutcome | None:
        row = tx.first(actions.STARTABLE, action_run_id)
        attempt = self._means.job_for(tx, DueRun(*row))() if row else None
        claimed = claim(self, tx, action_run_id)
        assert isinstance(claimed, outbox._Claimed)
        assert attempt is not None
        return outbox._Claimed(
            claimed.action_run_id,
            claimed.recall_id,
            claimed.attempt,
            claimed.claimed_by,
            lambda: attempt,
        )

    patch.setattr(outbox.Executor, "_claim", carry_out_and_claim)


FAULTS_OF_THE_KILLED: tuple[Plant, ...] = (
    a_lost_run_is_owed_again_without_a_word,
    an_interruption_is_not_counted,
    a_run_is_closed_before_it_is_carried_out,
    a_run_is_carried_out_before_it_is_claimed,
)


def a_claim_trusts_what_was_read_before(patch: Patch) -> None:
    change = action_run.update().where(action_run.c.action_run_id == bindparam("id"))
    close = Statement(change.values(state="done", attempt=1), "id")

    def take(self: outbox.Executor, due: DueRun) -> ActionOutcome:
        self._store.read(lambda tx: self._means.job_for(tx, due))()
        self._store.write(lambda tx: tx.write(close, [(due.action_run_id,)]))
        return self._store.read(lambda tx: get_outcome(tx, due.action_run_id))

    patch.setattr(outbox.Executor, "take", take)


def plant(name: str) -> None:
    """Plant a fault in this process, for good."""
    globals()[name](pytest.MonkeyPatch())
