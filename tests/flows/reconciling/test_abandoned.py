"""A run that is to be recorded at its end, and does not come to it, is recorded from its log."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from braid_db.flows.instrumenting import instrument
from tests.flows.instrumenting.test_each import action, flow, transfer
from tests.flows.instrumenting.world import REGISTERED, Outcome, run
from tests.flows.reconciling.books import Book, read, steps

CAUGHT = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.caught", "Next": "Round"}]
OUTCOMES = [Outcome(), Outcome("failed"), Outcome(again=True), Outcome(again=True), Outcome()]


def told() -> dict[str, Any]:
    """Return a flow with a transfer, an error that is caught, and a loop of three rounds."""
    rule = {"Variable": "$.Round.details.again", "BooleanEquals": True, "Next": "Round"}
    made = flow(
        Send=transfer("Send", {"source_path": "/data/x"}),
        Try=action("Try", Catch=CAUGHT),
        Round=action("Round", Parameters={"file.$": "$.Send.details.token"}),
        Again={"Type": "Choice", "Choices": [rule], "Default": "Last"},
        Last=action("Last", Parameters={"round.=": "Round.details.token"}),
    )
    del made["States"]["Again"]["Next"]
    return made


@pytest.mark.parametrize("goes_on", [True, False], ids=["goes on", "is abandoned"])
def test_a_run_that_stopped_anywhere_is_recorded_and_nothing_of_it_twice(
    new_book: Callable[[], Book], *, goes_on: bool
) -> None:
    woven = instrument(told(), mode="once", registered=REGISTERED).definition
    run_id = str(uuid.uuid4())
    unrecorded = new_book()
    log = run(woven, OUTCOMES, run_id=run_id, lost=[0]).log
    assert steps(unrecorded.endpoint, run_id) == []
    for cut in range(1, len(log)):
        book, stopped = new_book(), read(log[:cut], woven)
        ended = [entry for entry in log[:cut] if _is_end(entry)]
        known = book.reconcile(stopped).record_ids
        assert len(known) >= len(ended)
        assert known == steps(book.endpoint, run_id)
        assert book.reconcile(stopped).new == []
        if goes_on:
            run(woven, OUTCOMES, run_id=run_id)
        found = book.reconcile(read(log, woven))
        assert sorted(found.record_ids) == steps(book.endpoint, run_id), f"cut at {cut}"
        assert set(known) <= set(found.record_ids)
        assert len(found.record_ids) == len([entry for entry in log if _is_end(entry)])


def _is_end(entry: dict[str, Any]) -> bool:
    """Return whether an entry tells the end of an action of the flow itself."""
    is_own = entry["details"].get("state_name") in told()["States"]
    return is_own and entry["code"] in ("ActionCompleted", "ActionFailed")
