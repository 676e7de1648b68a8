"""Tests of what may not be started again."""

from __future__ import annotations

import pytest

from braid_db.errors import InvalidArgument
from braid_db.recall.outbox import retry
from braid_db.recall.outcomes import list_outcomes
from braid_db.recall.reinstate import reinstate
from tests.recall.actions.ledger import Ledger


def test_what_failed_stays_failed_once_its_recall_was_taken_back(ledger: Ledger) -> None:
    recall_id = ledger.owe(ledger.program("tell"), ["{tag.nosuch}"])
    [failed] = ledger.run()
    assert failed.state == "failed"
    ledger.store.write(lambda tx: reinstate(tx, recall_id, by=None, reason="it was right"))
    for named in ([], [failed.action_run_id]):
        with pytest.raises(InvalidArgument, match="a recall that was taken back at"):
            ledger.store.write(lambda tx, ids=named: retry(tx, recall_id, ids))
    assert ledger.run() == []
    assert ledger.store.read(lambda tx: list_outcomes(tx, recall_id)) == [failed]


def test_what_was_to_be_tried_again_had_begun_when_its_recall_is_taken_back(
    ledger: Ledger,
) -> None:
    """Nothing takes back what the attempt that failed may have done, and it said what it did."""
    program = ledger.program("tell", "#!/bin/sh\necho half of it was sent\nexit 3\n")
    recall_id = ledger.owe(program)
    [failed] = ledger.run()
    assert (failed.state, failed.attempt) == ("retry", 1)
    done = ledger.store.write(lambda tx: reinstate(tx, recall_id, by=None, reason="it was right"))
    [begun] = done.begun
    assert done.cancelled == (begun,)
    assert (begun.state, begun.attempt, begun.exit_status) == ("cancelled", 1, 3)
    assert begun.output == "half of it was sent\nThe recall was taken back."


def test_what_never_started_had_not_begun_when_its_recall_is_taken_back(ledger: Ledger) -> None:
    recall_id = ledger.owe(ledger.program("tell", allow=False))
    ledger.run()
    done = ledger.store.write(lambda tx: reinstate(tx, recall_id, by=None, reason="it was right"))
    assert (done.begun, [run.output for run in done.cancelled]) == (
        (),
        ["The recall was taken back."],
    )
