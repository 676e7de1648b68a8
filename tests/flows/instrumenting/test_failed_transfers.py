"""Why a transfer failed, or was not even begun, stands in its record, whoever records it."""

from __future__ import annotations

import pytest

from braid_db.flows.instrumenting import instrument
from tests.flows.instrumenting.test_each import action, flow, transfer
from tests.flows.instrumenting.world import Outcome, run
from tests.flows.reconciling.books import book, read
from tests.functions.calls import Endpoint


@pytest.mark.parametrize(
    ("how", "error", "cause"),
    [
        ("refused", "ActionUnableToRun", "It was refused: token-0-"),
        ("failed", "ActionFailedException", "token-0-"),
        ("late", None, None),
    ],
)
@pytest.mark.parametrize("by", ["each", "once", "log"])
@pytest.mark.parametrize("caught", [True, False])
def test_a_failed_transfer_says_why(
    sqlite_endpoint: Endpoint, by: str, how: str, error: str | None, cause: str | None, caught: bool
) -> None:
    catch = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.caught", "Next": "After"}
    send = transfer("Send", {"source_path": "/a"}, **({"Catch": [catch]} if caught else {}))
    told = flow(Send=send, After=action("After"))
    definition = told if by == "log" else instrument(told, mode=by).definition
    ran = run(definition, [Outcome(how)], run_id="R")
    with book(sqlite_endpoint.url) as reconciled:
        reconciled.reconcile(read(ran.log, definition))
    [row] = [row for row in sqlite_endpoint.rows("record") if row.kind == "transfer"]
    tags = sqlite_endpoint.record(row.record_id).tags
    assert tags.get("error") == error
    assert (tags["status"] == "FAILED") == (error is not None)
    assert cause is None or cause in str(tags["cause"])
    assert cause is not None or "cause" not in tags
