"""Tests of actions that start a flow, against a stand-in of the Globus services."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from braid_db.model import ActionState
from braid_db.recall.flow_start import Client, client_of
from tests.recall.actions.flows_service import (
    CLIENT_ID,
    CLIENT_SECRET,
    FlowsService,
    flows_service,
)
from tests.recall.actions.ledger import Ledger

FLOW = "0e8a4f9c-61a4-4b8e-9d0c-3f6f3b1d2a01"
INPUT = {"record": {"id": "{record_id}", "uris": ["{uri}"]}, "why": "{cause}", "dry": False, "n": 1}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FlowsService]:
    """The Globus services, and an executor that may log in there."""
    with flows_service() as service:
        monkeypatch.setenv("GLOBUS_SDK_SERVICE_URL_AUTH", service.url)
        monkeypatch.setenv("GLOBUS_SDK_SERVICE_URL_FLOWS", service.url)
        monkeypatch.setenv("GLOBUS_COMPUTE_CLIENT_ID", CLIENT_ID)
        monkeypatch.setenv("GLOBUS_COMPUTE_CLIENT_SECRET", CLIENT_SECRET)
        yield service


def owe_flow(ledger: Ledger, flow_id: str = FLOW) -> int:
    """Owe the start of a flow, and return the recall's id."""
    record = {"name": "it", "uris": "file://host/it.h5"}
    return ledger.owe(flow_id, INPUT, kind="flow", record=record, cause='{name} "x"; rm')


def test_an_owed_flow_is_started_with_its_input_filled_in(
    ledger: Ledger, service: FlowsService
) -> None:
    recall_id = owe_flow(ledger)
    outcome = ledger.run_one()
    [started] = service.started
    assert started.flow_id == FLOW
    assert started.request["body"] == {
        "record": {"id": str(outcome.record_id), "uris": ["file://host/it.h5"]},
        "why": '{name} "x"; rm',
        "dry": False,
        "n": 1,
    }
    assert started.request["label"] == f"Braid-DB: recall {recall_id}, record {outcome.record_id}"
    assert (outcome.state, outcome.exit_status) == ("done", None)
    assert json.loads(str(outcome.output)) == {
        "run_id": started.run_id,
        "flow_id": FLOW,
        "status": "ACTIVE",
    }


def test_a_flow_that_was_started_is_not_started_again(
    ledger: Ledger, service: FlowsService
) -> None:
    owe_flow(ledger)
    ledger.run()
    assert ledger.run() == []
    assert len(service.started) == 1


def test_without_a_client_a_flow_stays_owed_with_the_reason(
    ledger: Ledger, service: FlowsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe_flow(ledger)
    with monkeypatch.context() as patch:
        patch.delenv("GLOBUS_COMPUTE_CLIENT_SECRET")
        outcome = ledger.run_one()
    assert (outcome.state, outcome.attempt) == ("owed", 0)
    assert "set GLOBUS_COMPUTE_CLIENT_ID and GLOBUS_COMPUTE_CLIENT_SECRET" in str(outcome.output)
    assert service.asked == []
    assert ledger.run_one().state is ActionState.DONE


def test_a_client_that_auth_does_not_know_fails_and_is_tried_again(
    ledger: Ledger, service: FlowsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe_flow(ledger)
    with monkeypatch.context() as patch:
        patch.setenv("GLOBUS_COMPUTE_CLIENT_SECRET", "wrong")
        outcome = ledger.run_one()
    assert outcome.state is ActionState.RETRY
    assert str(outcome.output).startswith("Globus Auth let nobody in: HTTP 401: ")
    assert "wrong" not in str(outcome.output)
    assert ledger.run_one().state is ActionState.DONE


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 503])
def test_a_start_that_is_refused_is_tried_again(
    ledger: Ledger, service: FlowsService, status: int
) -> None:
    service.status = status
    owe_flow(ledger)
    outcome = ledger.run_one()
    assert (outcome.state, outcome.interruptions) == ("retry", 0)
    assert str(outcome.output).startswith(f"The Flows service refused: HTTP {status}: ")
    assert str(outcome.output).isprintable()
    service.status = 201
    assert ledger.run_one().state is ActionState.DONE
    assert len(service.started) == 1


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_start_at_which_the_service_fails_is_in_doubt_and_sent_once(
    ledger: Ledger, service: FlowsService, status: int
) -> None:
    service.status = status
    owe_flow(ledger)
    outcome = ledger.run_one()
    assert (outcome.state, outcome.interruptions) == ("interrupted", 1)
    assert f"may or may not have been started: the Flows service failed (HTTP {status}:" in str(
        outcome.output
    )
    assert service.asked.count(f"/flows/{FLOW}/run") == 1
    assert ledger.run() == []


def test_a_start_that_is_never_answered_is_in_doubt_and_sent_once(
    ledger: Ledger, service: FlowsService
) -> None:
    service.breaks_off = True
    owe_flow(ledger)
    outcome = ledger.run_one()
    assert outcome.state is ActionState.INTERRUPTED
    assert "may or may not have been started: no answer came" in str(outcome.output)
    assert "Look for its run in the Globus web app before you start it again." in str(
        outcome.output
    )
    assert ledger.run() == []
    assert len(service.started) == 1


@pytest.mark.parametrize("answer", ["no JSON", [], {}, {"run_id": 5}, "null"])
def test_a_start_whose_answer_names_no_run_is_in_doubt(
    ledger: Ledger, service: FlowsService, answer: object
) -> None:
    service.answer = answer
    owe_flow(ledger)
    assert ledger.run_one().state is ActionState.INTERRUPTED


def test_a_service_that_is_not_there_was_not_reached_and_is_tried_again(
    ledger: Ledger, service: FlowsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe_flow(ledger)
    with monkeypatch.context() as patch:
        patch.setenv("GLOBUS_SDK_SERVICE_URL_FLOWS", "http://127.0.0.1:9/")
        outcome = ledger.run_one()
    assert outcome.state is ActionState.RETRY
    assert str(outcome.output).startswith("The Flows service was not reached: ")
    assert ledger.run_one().state is ActionState.DONE


def test_an_environment_that_the_sdk_does_not_know_fails(
    ledger: Ledger, service: FlowsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLOBUS_SDK_SERVICE_URL_AUTH")
    monkeypatch.setenv("GLOBUS_SDK_ENVIRONMENT", "local")
    owe_flow(ledger)
    outcome = ledger.run_one()
    assert outcome.state is ActionState.RETRY
    assert "Unrecognized environment" in str(outcome.output)


@pytest.mark.parametrize("flow_id", ["flow-id", "../runs", f"{FLOW}/x", FLOW.replace("-", "")])
def test_what_is_no_flow_id_is_never_asked_for(
    ledger: Ledger, service: FlowsService, flow_id: str
) -> None:
    action_id = ledger.action(FLOW, INPUT, "flow")
    ledger.change_action(action_id, command=flow_id)
    ledger.owe_runs([ledger.record(name="it", uris="file://host/it")], action_id)
    outcome = ledger.run_one()
    assert (outcome.state, outcome.attempt) == ("failed", 0)
    assert "is not the id of a flow" in str(outcome.output)
    assert service.asked == []


def test_the_client_is_that_of_compute_else_that_of_the_globus_command_line() -> None:
    compute = {"GLOBUS_COMPUTE_CLIENT_ID": "a", "GLOBUS_COMPUTE_CLIENT_SECRET": "b"}
    cli = {"GLOBUS_CLI_CLIENT_ID": "c", "GLOBUS_CLI_CLIENT_SECRET": "d"}
    assert client_of(compute | cli) == Client("a", "b")
    assert client_of({**compute, "GLOBUS_COMPUTE_CLIENT_SECRET": "", **cli}) == Client("c", "d")
    assert client_of({}) is None
    assert "secret" not in repr(Client("a", "secret"))


def test_the_sdk_is_loaded_only_to_start_a_flow() -> None:
    program = "import sys, braid_db.recall.outbox; print('globus_sdk' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout == "False\n"
