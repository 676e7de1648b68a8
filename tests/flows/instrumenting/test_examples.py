"""Flows of others and our use cases run with provenance as without, and each action is recorded."""

from __future__ import annotations

import uuid
from itertools import pairwise

import pytest

from braid_db.flows import FlowRun
from braid_db.flows.checking import check
from braid_db.flows.instrumenting import instrument, strip
from tests.flows.instrumenting.published_runs import Flow, Run, published_flows, run
from tests.flows.instrumenting.world import REGISTERED
from tests.functions.calls import Endpoint

FLOWS = published_flows()
ENDS_FAILED = {"automate-client__examples_flows_failed-consent_definition": "FailState"}
"""What ends in a Fail state on the way that is gone here; all others succeed."""


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("mode", ["each", "once"])
def test_a_flow_runs_with_provenance_as_without(
    sqlite_endpoint: Endpoint, name: str, mode: str
) -> None:
    plain = check_that_provenance_changes_nothing(sqlite_endpoint, FLOWS[name], mode)
    assert plain.failed_state == ENDS_FAILED.get(name), plain.explanation


def check_that_provenance_changes_nothing(endpoint: Endpoint, flow: Flow, mode: str) -> FlowRun:
    """Run a flow with and without provenance, compare them, and return the one without."""
    definition, given, result = flow
    run_id = str(uuid.uuid4())
    woven = instrument(definition, mode=mode, registered=REGISTERED).definition
    assert [finding for finding in check(woven) if finding.is_error] == []
    assert strip(woven) == definition
    plain = run(definition, given, run_id, result)
    recorded = run(woven, given, run_id, result)
    assert recorded.done.status == plain.done.status
    assert recorded.done.error == plain.done.error
    assert recorded.trace == plain.trace
    assert recorded.actions == plain.actions
    assert recorded.users_state() == plain.users_state()
    if mode == "each" and plain.actions:
        assert_each_is_recorded(endpoint, recorded)
    if mode == "once":
        assert len(recorded.here.calls) == bool(plain.actions)
    return plain.done


def assert_each_is_recorded(endpoint: Endpoint, done: Run) -> None:
    """Check that each action that ran has one record, linked to the one that ran before it."""
    rows = [row for row in endpoint.rows("record") if row.kind in ("step", "transfer")]
    ids = sorted(row.record_id for row in rows)
    names = [endpoint.record(record_id).name for record_id in ids]
    executed = [state for state in done.trace if state in done.acting]
    assert len(names) == len(executed)
    for found, state in zip(names, executed, strict=True):
        assert found == f"Action Step {state}" or found.startswith("Globus Transfer task")
    followed = {(a, b) for (a, _), role, (b, _) in endpoint.edges() if role == "followed"}
    assert followed == set(pairwise(ids))
