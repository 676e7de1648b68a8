"""Tests of the compute action: its inputs, old and new, and what it leaves in the state."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from braid_db.compute import ComputeActions, FunctionCatalog, LocalTasks, LocalWorkers
from braid_db.compute.action import V2_URLS, V3_URL
from braid_db.flows import FlowRun, run_flow

Run = Callable[..., FlowRun]


@pytest.fixture(scope="session")
def run(catalog: FunctionCatalog, workers: LocalWorkers) -> Run:
    """Return a way to run a flow of one compute action, its result at ``$.r``."""
    providers = ComputeActions(LocalTasks(catalog, workers)).providers()

    def act(url: str, parameters: Any, run_input: Any = None, **fields: Any) -> FlowRun:
        state = {"Type": "Action", "Parameters": parameters, "ResultPath": "$.r", "End": True}
        state |= fields if "Handler" in fields else {"ActionUrl": url, **fields}
        definition = {"StartAt": "Act", "States": {"Act": state}}
        return run_flow(definition, run_input or {}, actions=providers)

    return act


def v3(*tasks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"endpoint_id": "shared", "tasks": list(tasks), **fields}


def results(finished: FlowRun) -> Any:
    assert finished.succeeded, finished
    return finished.state["r"]["details"]["result"]


ADD = {"function_id": "add", "args": [1], "kwargs": {"b": 2}}


# The inputs


def test_a_v3_action_runs_its_tasks_in_order(run: Run) -> None:
    two = {"function_id": "add", "kwargs": {"a": 5}}
    assert results(run(V3_URL, v3(ADD, two, {"function_id": "identity", "args": ["x"]}))) == [
        3,
        6,
        "x",
    ]


def test_a_v3_action_may_name_what_only_the_service_needs(run: Run) -> None:
    extra = {"task_group_id": "g", "user_endpoint_config": {}, "resource_specification": {}}
    assert results(run(V3_URL, v3(ADD, **extra, create_queue=False))) == [3]


def test_a_handler_names_the_provider_as_a_url_does(run: Run) -> None:
    handler = {"Type": "ActionProvider", "Url": V3_URL}
    assert results(run("", v3(ADD), Handler=handler)) == [3]


@pytest.mark.parametrize("url", [*V2_URLS, "https://compute.actions.globus.org/"])
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"args": [1], "kwargs": {"b": 2}}, id="raw objects, as flows pass them"),
        pytest.param({"args": "[1]", "kwargs": '{"b": 2}'}, id="JSON texts, as documented"),
        pytest.param({"payload": {"a": 1, "b": 2}}, id="payload"),
        pytest.param({"payload": '{"a": 1, "b": 2}'}, id="payload as a JSON text"),
    ],
)
def test_a_v2_action_takes_its_arguments_in_every_form(
    run: Run, url: str, arguments: dict[str, Any]
) -> None:
    single = {"endpoint": "shared", "function": "add", **arguments}
    assert results(run(url, single)) == [3]
    assert results(run(url, {"tasks": [single, single]})) == [3, 3]
    assert results(run(url, {"tasks": json.dumps([single])})) == [3]


def test_a_v2_action_may_name_its_endpoint_once_for_all_tasks(run: Run) -> None:
    tasks = [{"function": "add", "args": [number]} for number in (1, 2)]
    assert results(run(V2_URLS[0], {"endpoint": "shared", "tasks": tasks})) == [2, 3]


def test_the_flow_in_the_wild_is_run_as_it_stands(run: Run) -> None:
    # the real run log's definition, state Ls
    task = {
        "endpoint.$": "$.input.compute_endpoint",
        "function.$": "$.input.ls_function_id",
        "payload.$": "$.input.payload",
    }
    run_input = {"input": {"compute_endpoint": "shared", "ls_function_id": "add"}}
    run_input["input"]["payload"] = {"a": 1}  # type: ignore[assignment]
    finished = run(V2_URLS[0], {"tasks": [task]}, run_input, ExceptionOnActionFailure=False)
    assert results(finished) == [2]


@pytest.mark.parametrize(
    ("url", "parameters", "complaint"),
    [
        (V3_URL, {"tasks": [ADD]}, "'endpoint_id' is None; expected the endpoint's id"),
        (V3_URL, v3(), "'tasks' of a compute action is []"),
        (V3_URL, {"endpoint_id": "e", "tasks": ADD}, "expected a list of one or more"),
        (V3_URL, v3({"function_id": ""}), "'tasks[0].function_id' is ''"),
        (V3_URL, v3(ADD, {"args": []}), "'tasks[1].function_id' is None"),
        (V3_URL, v3({**ADD, "args": {"a": 1}}), "'tasks[0].args'"),
        (V3_URL, v3({**ADD, "kwargs": [1]}), "'tasks[0].kwargs'"),
        (V3_URL, {"endpoint": "e", "function": "add"}, "no field 'endpoint'; it has create_queue"),
        (V3_URL, v3({"function_id": "ad"}), "No function 'ad' is known to this run"),
        (V2_URLS[0], {"function": "add"}, "'endpoint' is None"),
        (V2_URLS[0], {"endpoint": "e"}, "'function' is None"),
        (V2_URLS[0], {"endpoint": "e", "function": "add", "args": "1,"}, "'args' is '1,'"),
        (V2_URLS[0], {"endpoint": "e", "function": "add", "payload": 1}, "'kwargs' is 1"),
        (V2_URLS[0], {"tasks": [1]}, "'tasks' of a compute action is [1]"),
    ],
)
def test_an_input_of_another_form_is_refused_before_anything_runs(
    run: Run, url: str, parameters: dict[str, Any], complaint: str
) -> None:
    failed = run(url, parameters)
    assert failed.error == "ActionUnableToRun"
    assert complaint in str(failed.explanation)
    assert failed.cause == {"code": "BadRequest", "description": failed.explanation}


def test_an_input_that_is_no_object_is_refused(
    catalog: FunctionCatalog, workers: LocalWorkers
) -> None:
    state = {"Type": "Action", "ActionUrl": V3_URL, "InputPath": "$.list", "End": True}
    failed = run_flow(
        {"StartAt": "Act", "States": {"Act": state}},
        {"list": [1]},
        actions=ComputeActions(LocalTasks(catalog, workers)).providers(),
    )
    assert failed.explanation == "The input of a compute action is an object, not [1]."


# The status document


def test_the_status_document_has_what_the_real_provider_leaves(run: Run) -> None:
    document = run(V3_URL, v3(ADD)).state["r"]
    # the keys and their order are those of the real run log
    assert list(document) == [
        "state_name",
        "action_id",
        "status",
        "details",
        "completion_time",
        "creator_id",
        "display_status",
        "label",
        "manage_by",
        "monitor_by",
        "release_after",
        "start_time",
    ]
    assert document["state_name"] == "Act"
    assert re.fullmatch("tg_.*", document["action_id"])
    assert uuid.UUID(document["action_id"].removeprefix("tg_"))
    assert document["status"] == "SUCCEEDED"
    assert document["display_status"] == "All tasks completed"
    assert document["manage_by"] == document["monitor_by"] == [document["creator_id"]]
    assert document["label"] is document["release_after"] is None
    started = datetime.fromisoformat(document["start_time"])
    assert started <= datetime.fromisoformat(document["completion_time"])
    assert started.tzinfo is not None
    assert list(document["details"]) == ["result", "results"]
    (result,) = document["details"]["results"]
    assert uuid.UUID(result["task_id"])
    assert result["output"] == document["details"]["result"][0] == 3


def test_the_task_ids_are_those_that_the_functions_saw(run: Run) -> None:
    describe = {"function_id": "describe_worker"}
    details = run(V3_URL, v3(describe, describe)).state["r"]["details"]
    seen = [output["task_id"] for output in details["result"]]
    assert [result["task_id"] for result in details["results"]] == seen
    assert len(set(seen)) == 2


# Failures


REFUSE = {"function_id": "refuse", "args": ["too far"]}


def test_a_failed_function_fails_its_action_with_one_readable_line(run: Run) -> None:
    failed = run(V3_URL, v3(REFUSE))
    assert failed.error == "ActionFailedException"
    assert failed.explanation == "refuse: ValueError: too far"
    assert failed.cause["status"] == "FAILED"


def test_a_failed_functions_exception_flows_on_where_failures_are_no_exceptions(run: Run) -> None:
    finished = run(V3_URL, v3(ADD, REFUSE, ADD), ExceptionOnActionFailure=False)
    assert finished.succeeded
    document = finished.state["r"]
    first, exception, last = document["details"]["result"]
    assert document["status"] == "FAILED"
    assert (first, last) == (3, 3)
    assert exception.startswith("Traceback (most recent call last):")
    assert exception.endswith("ValueError: too far\n")
    assert document["details"]["results"][1]["output"] == exception


def test_a_worker_that_dies_fails_its_action_and_the_next_task_runs(run: Run) -> None:
    die = {"function_id": "die", "args": [9]}
    finished = run(V3_URL, v3(die, ADD), ExceptionOnActionFailure=False)
    dead, after = finished.state["r"]["details"]["result"]
    assert dead.startswith("The worker died (signal 9, SIGKILL")
    assert after == 3


def test_an_action_that_outlasts_its_states_wait_time_is_a_timeout(run: Run) -> None:
    started = time.monotonic()
    sleep = {"function_id": "sleep", "args": [60]}
    failed = run(V3_URL, v3(ADD, sleep), WaitTime=1)
    assert failed.error == "ActionTimeout"
    assert failed.explanation == (
        "'sleep' did not end within the state's WaitTime of 1 s; it was stopped"
    )
    assert failed.cause["status"] == "ACTIVE"
    assert failed.cause["state_name"] == "Act"
    assert failed.cause["details"]["result"] == [3]
    assert failed.cause["completion_time"] is None
    assert time.monotonic() - started < 20


def test_the_wait_time_is_that_of_all_tasks_together(run: Run) -> None:
    naps = [{"function_id": "sleep", "args": [0.7]}] * 3
    assert run(V3_URL, v3(*naps), WaitTime=1).error == "ActionTimeout"


def test_a_function_that_could_not_run_from_its_text_is_refused(
    workers: LocalWorkers, tmp_path: Any
) -> None:
    module = tmp_path / "compute.py"
    module.write_text("import math\n\ndef area():\n    return math.pi\n")
    (tmp_path / "functions").mkdir()
    catalog = FunctionCatalog(tmp_path / "functions", [module])
    state = {"Type": "Action", "ActionUrl": V3_URL, "End": True}
    state["Parameters"] = v3({"function_id": "area"})
    failed = run_flow(
        {"StartAt": "Act", "States": {"Act": state}},
        {},
        actions=ComputeActions(LocalTasks(catalog, workers)).providers(),
    )
    assert failed.error == "ActionUnableToRun"
    assert "'area' uses math, which its text does not define" in str(failed.explanation)
