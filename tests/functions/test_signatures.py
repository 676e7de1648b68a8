"""Tests of the remote functions as texts: what they take, and that the text alone is enough."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from braid_db.compute import FunctionCatalog
from braid_db.resources import functions_folder
from tests.functions.calls import NAMES, Endpoint, alone, whole

COMMON = {"run_id": None, "flow_id": None, "started_by": None, "idempotency_key": None} | {
    "if_missing": None
}
FOLLOWING = {**COMMON, "previous_in_run": False}

SIGNATURES: dict[str, dict[str, Any]] = {
    "add_record_for_action_step": {
        "step_name": None,
        "tags": None,
        "step_result": None,
        "previous_step_output": None,
        "other_predecessor_record_ids": None,
        "input_record_ids": None,
        "inputs_from_referenced_outputs": False,
        "output_record_ids": None,
        "outputs_from_referenced_inputs": False,
        "input_record_defs": None,
        "output_record_defs": None,
        "uris": None,
        **FOLLOWING,
    },
    "add_transfer_request": {
        "previous_step_record_id": None,
        "transfer_input": None,
        "transfer_result": None,
        **FOLLOWING,
        "other_predecessor_record_ids": None,
    },
    "add_records": {"record_dicts": None, **COMMON},
    "create_invalidation_action": {
        "name": "Not Provided",
        "action_type": "shell",
        "command": None,
        "params": None,
        **COMMON,
    },
    "add_invalidation_action_to_record": {
        "record_id": None,
        "invalidation_action_id": None,
        **COMMON,
    },
    "check_records": {"record_ids": None, **COMMON},
    "record_flow_run": {"steps": None, **COMMON, "previous_step_output": None},
    "invalidate_record": {
        "record_id": None,
        "cause": None,
        "version": None,
        "all_versions": False,
        "since": None,
        "until": None,
        "follow_order": False,
        **COMMON,
    },
}


def test_every_function_that_is_shipped_is_tested_here() -> None:
    assert FunctionCatalog(functions_folder()).names == sorted(NAMES) == sorted(SIGNATURES)


@pytest.mark.parametrize("load", [whole, alone])
@pytest.mark.parametrize("name", NAMES)
def test_a_function_takes_the_arguments_of_the_contract_in_its_order_and_lets_others_pass(
    name: str, load: Callable[[str], Callable[..., Any]]
) -> None:
    *named, rest = inspect.signature(load(name)).parameters.values()
    more = [one.name for one in named if one.kind is inspect.Parameter.VAR_POSITIONAL]
    assert more == (["more"] if name == "add_records" else [])
    named = [one for one in named if one.name not in more]
    assert {one.name: one.default for one in named} == SIGNATURES[name]
    assert [one.name for one in named] == list(SIGNATURES[name])
    by_place = len(SIGNATURES[name]) if not more else 1
    assert {one.kind for one in named[:by_place]} == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert {one.kind for one in named[by_place:]} <= {inspect.Parameter.KEYWORD_ONLY}
    assert rest.kind is inspect.Parameter.VAR_KEYWORD


@pytest.mark.parametrize("name", NAMES)
def test_a_functions_text_carries_no_annotation_that_its_endpoint_would_have_to_know(
    name: str,
) -> None:
    assert whole(name).__annotations__ == {}


@pytest.mark.parametrize("load", [whole, alone])
def test_the_functions_run_as_whole_files_and_as_their_definitions_alone(
    endpoint: Endpoint, load: Callable[[str], Callable[..., Any]]
) -> None:
    step = load("add_record_for_action_step")(step_name="A", output_record_defs={"name": "x"})
    moved = load("add_transfer_request")(
        step, {"source_endpoint": "a", "destination_endpoint": "b", "DATA": []}, {"task_id": "t"}
    )
    action = load("create_invalidation_action")(command="mail")
    linked = load("add_invalidation_action_to_record")(step, action)
    assert endpoint.record(step["flow_state_record_id"]).name == "Action Step A"
    assert endpoint.into(moved["flow_state_record_id"]) == {
        ((step["flow_state_record_id"], 1), "followed")
    }
    [one, two] = load("add_records")({"name": "one"}, {"name": "two"})
    assert [one["name"], two["name"]] == ["one", "two"]
    assert linked["invalidation_action_id"] == action["invalidation_action_id"]
    assert linked["flow_state_record_id"] == step["flow_state_record_id"]
    recalled = load("invalidate_record")(step, "wrong")
    assert (recalled["reached"], recalled["owed_actions"]) == (3, 1)
    assert load("check_records")(step)["valid"] is False


@pytest.mark.parametrize("name", NAMES)
def test_arguments_that_a_function_does_not_know_are_logged_and_ignored(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    step = endpoint.step()
    action = endpoint.action(command="mail")
    needed = {
        "create_invalidation_action": {"command": "mail"},
        "add_invalidation_action_to_record": {"record_id": step, "invalidation_action_id": action},
        "check_records": {"record_ids": step},
        "invalidate_record": {"record_id": step, "cause": "wrong"},
    }
    whole(name)(**needed.get(name, {}), zebra={"a": 1}, unknown=2, aardvark=None)
    [logged] = [entry for entry in caplog.records if entry.name == "braid_db"]
    assert logged.levelname == "WARNING"
    assert logged.getMessage() == f"{name} does not know the arguments aardvark, unknown, zebra"
