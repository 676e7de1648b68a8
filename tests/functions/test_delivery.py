"""Tests of receipts: what is delivered again is recorded once."""

from __future__ import annotations

import math
from typing import Any
from uuid import uuid4

import pytest

from tests.functions.calls import Endpoint, refused
from tests.functions.crowd import STEP, Crowd, results

KEYED: dict[str, dict[str, Any]] = {
    "step": {"step_name": "A", "output_record_defs": {"uris": "scan:1"}, "run_id": "r"},
    "transfer": {
        "transfer_input": {"source_endpoint": "s", "DATA": [{"source_path": "/a"}]},
        "transfer_result": {"task_id": "t"},
    },
    "action": {"command": "mail"},
}


@pytest.mark.parametrize("function", KEYED)
def test_a_call_with_a_key_that_came_before_returns_the_first_result_and_writes_nothing(
    endpoint: Endpoint, function: str
) -> None:
    call, arguments = getattr(endpoint, function), KEYED[function]
    first = call(**arguments, idempotency_key="k")
    written = endpoint.everything()
    assert call(**arguments, idempotency_key="k") == first
    assert endpoint.everything() == written
    assert call(**arguments, idempotency_key="another") != first or function == "transfer"


def test_a_link_with_a_key_that_came_before_returns_the_first_result(endpoint: Endpoint) -> None:
    step, action = endpoint.step(), endpoint.action(command="mail")
    first = endpoint.link(step, action, idempotency_key="k")
    written = endpoint.everything()
    assert endpoint.link(step, action, idempotency_key="k") == first
    assert endpoint.everything() == written


def test_the_first_result_is_returned_even_after_the_records_moved_on(endpoint: Endpoint) -> None:
    call = {"input_record_defs": {"uris": "a:1"}, "output_record_defs": {"uris": "b:1"}}
    first = endpoint.step(**call, idempotency_key="k")
    for _ in range(3):
        endpoint.step(output_record_defs=[{"uris": "a:1"}, {"uris": "b:1"}])
    assert endpoint.step(**call, idempotency_key="k") == first


def test_a_result_comes_back_as_it_was(endpoint: Endpoint) -> None:
    call = {"previous_step_output": "nothing '\u8a66\ud83d\ude00\"\\", "if_missing": "mark"}
    call["previous_step_output"] = "nothing '試\U0001f600\"\\"
    first = endpoint.step(**call, idempotency_key="k")
    assert first["missing"]
    assert endpoint.step(**call, idempotency_key="k") == first


SAME_ARGUMENTS = [
    {"tags": {"b": 1, "a": [1, {"d": 1, "c": 2}]}},
    {"tags": {"a": [1, {"c": 2, "d": 1}], "b": 1}, "step_name": None},
    {"input_record_ids": None, "zebra": "unknown", "tags": {"b": 1, "a": [1, {"d": 1, "c": 2}]}},
]


@pytest.mark.parametrize("arguments", SAME_ARGUMENTS)
def test_the_order_of_keys_and_what_is_absent_or_unknown_make_no_other_call(
    endpoint: Endpoint, arguments: dict[str, Any]
) -> None:
    first = endpoint.step(**SAME_ARGUMENTS[0], idempotency_key="k")
    assert endpoint.step(**arguments, idempotency_key="k") == first


OTHER_ARGUMENTS: list[dict[str, Any]] = [
    {},
    {"step_name": "B", "tags": {"a": 1}},
    {"step_name": "A", "tags": {"a": 1.0}},
    {"step_name": "A", "tags": {"a": True}},
    {"step_name": "A", "tags": {"a": "1"}},
    {"step_name": "A", "tags": {"a": 1}, "run_id": "r"},
    {"step_name": "A", "tags": {"a": 1}, "step_result": {"deep": [math.nan]}},
]


@pytest.mark.parametrize("arguments", OTHER_ARGUMENTS)
def test_a_key_that_comes_again_with_other_arguments_is_refused(
    endpoint: Endpoint, arguments: dict[str, Any]
) -> None:
    endpoint.step(step_name="A", tags={"a": 1}, idempotency_key="the key")
    line = refused(
        endpoint, lambda: endpoint.step(**arguments, idempotency_key="the key"), "key-reused"
    )
    assert "The idempotency_key 'the key' was used before" in line
    assert "another call of add_record_for_action_step, with other arguments" in line


def test_a_key_belongs_to_one_function(endpoint: Endpoint) -> None:
    step = endpoint.step(idempotency_key="k")
    moved = endpoint.transfer(idempotency_key="k")
    endpoint.action(command="mail", idempotency_key="k")
    assert step["flow_state_record_id"] != moved["flow_state_record_id"]
    assert len(endpoint.rows("receipt")) == 3


REFUSED_CALLS: list[dict[str, Any]] = [
    {"previous_step_output": 99},
    {"tags": {"a": {1}}},
    {"output_record_ids": 1},
    {"if_missing": "no"},
]


@pytest.mark.parametrize("arguments", REFUSED_CALLS)
def test_a_refused_call_uses_no_key_up(endpoint: Endpoint, arguments: dict[str, Any]) -> None:
    endpoint.step()
    refused(endpoint, lambda: endpoint.step(**arguments, idempotency_key="k"))
    first = endpoint.step(step_name="mended", idempotency_key="k")
    assert endpoint.step(step_name="mended", idempotency_key="k") == first
    assert len(endpoint.rows("receipt")) == 1


@pytest.mark.parametrize("absent", [None, ""])
def test_calls_without_a_key_are_always_new(endpoint: Endpoint, absent: Any) -> None:
    found = {endpoint.step_id(step_name="A", idempotency_key=absent) for _ in range(3)}
    assert len(found) == 3
    assert endpoint.rows("receipt") == []


def test_ten_processes_that_call_at_once_with_one_key_make_one_record(
    endpoint: Endpoint, crowd: Crowd
) -> None:
    arguments = {
        "step_name": "A",
        "run_id": "r",
        "tags": {"a": 1},
        "input_record_defs": {"uris": "scan:1"},
        "output_record_defs": [{"name": "made"}, {"uris": "scan:2"}],
        "idempotency_key": "k",
    }
    found = results(crowd.at_once(endpoint.url, [[["call", STEP, arguments]] * 3] * 10))
    assert len(found) == 30
    assert [one for one in found if one != found[0]] == []
    counts = endpoint.counts()
    assert (counts["record"], counts["version"], counts["receipt"], counts["run"]) == (4, 4, 1, 1)
    assert counts["derivation"] == 3


def test_ten_processes_that_call_at_once_without_a_key_make_ten_records(
    endpoint: Endpoint, crowd: Crowd
) -> None:
    arguments = {"step_name": "A", "run_id": "r", "tags": {"a": 1}}
    found = results(crowd.at_once(endpoint.url, [[["call", STEP, arguments]]] * 10))
    assert len({one["flow_state_record_id"] for one in found}) == 10
    assert endpoint.counts()["record"] == 10


def test_of_two_calls_at_once_with_one_key_and_other_arguments_one_is_refused(
    endpoint: Endpoint, crowd: Crowd
) -> None:
    workers = [[["call", STEP, {"step_name": str(n), "idempotency_key": "k"}]] for n in range(10)]
    outcomes = [one for worker in crowd.at_once(endpoint.url, workers) for one in worker]
    errors = [one["error"] for one in outcomes if "error" in one]
    assert len(errors) == 9
    assert {error.split(":")[0] for error in errors} == {"KeyReused"}
    assert endpoint.counts()["record"] == 1


# Globus Compute's own redelivery. Workers here are processes, one after another.

A_CALL = ["call", STEP, {"step_name": "A"}]


def ids(endpoint: Endpoint, crowd: Crowd, *work: Any) -> list[int]:
    """Let one worker do some work; return the ids of the steps that it recorded."""
    return [one["flow_state_record_id"] for one in results(crowd.at_once(endpoint.url, [work]))]


def test_a_task_that_another_worker_runs_again_is_recorded_once(
    endpoint: Endpoint, crowd: Crowd
) -> None:
    task = str(uuid4())
    first = ids(endpoint, crowd, ["task", task], A_CALL)
    written = endpoint.everything()
    assert ids(endpoint, crowd, ["task", task], A_CALL) == first
    assert endpoint.everything() == written


def test_a_task_that_calls_several_times_is_recognised_call_by_call(
    endpoint: Endpoint, crowd: Crowd
) -> None:
    task = str(uuid4())
    calls = [A_CALL, A_CALL, ["call", STEP, {"step_name": "B"}], A_CALL]
    cut_short = ids(endpoint, crowd, ["task", task], *calls[:2])
    whole = ids(endpoint, crowd, ["task", task], *calls)
    assert whole[:2] == cut_short
    assert len(set(whole)) == 4
    assert ids(endpoint, crowd, ["task", task], *calls) == whole


def test_a_call_that_was_refused_is_the_same_call_when_it_comes_again(
    endpoint: Endpoint, crowd: Crowd
) -> None:
    task, needs = ["task", str(uuid4())], ["call", STEP, {"previous_step_output": 5}]
    others = [["call", STEP, {"step_name": str(number)}] for number in range(6)]
    [[refusal, *_, then]] = crowd.at_once(endpoint.url, [[task, needs, *others, needs]])
    assert refusal["error"].startswith("RecordNotFound")
    assert ids(endpoint, crowd, task, needs) == [then["result"]["flow_state_record_id"]]


def test_another_task_of_the_same_worker_is_another_call(endpoint: Endpoint, crowd: Crowd) -> None:
    one, other = str(uuid4()), str(uuid4())
    found = ids(endpoint, crowd, ["task", one], A_CALL, ["task", other], A_CALL)
    assert len(set(found)) == 2
    assert ids(endpoint, crowd, ["task", other], A_CALL) == found[1:]


def test_two_workers_that_run_one_task_at_once_make_one_record(
    endpoint: Endpoint, crowd: Crowd
) -> None:
    work = [["task", str(uuid4())], A_CALL]
    found = results(crowd.at_once(endpoint.url, [work] * 4))
    assert [one for one in found if one != found[0]] == []
    assert endpoint.counts()["record"] == 1


@pytest.mark.parametrize("how", ["thread", "fork", "program"])
def test_a_task_is_known_in_its_workers_own_main_thread_alone(
    endpoint: Endpoint, crowd: Crowd, how: str
) -> None:
    elsewhere = [how, STEP, {"step_name": "A"}]
    found = ids(endpoint, crowd, ["task", str(uuid4())], A_CALL, elsewhere, elsewhere)
    assert len(set(found)) == 3
    assert len(endpoint.rows("receipt")) == 1


def test_a_worker_that_was_started_by_a_task_may_run_tasks_of_its_own(
    endpoint: Endpoint,
) -> None:
    own = str(uuid4())
    with Crowd(GC_TASK_UUID=str(uuid4())) as started:
        inherited = ids(endpoint, started, A_CALL, A_CALL)
        assert len(set(inherited)) == 2
        assert endpoint.rows("receipt") == []
        first = ids(endpoint, started, ["task", own], A_CALL)
        assert not set(first).intersection(inherited)
        assert ids(endpoint, started, ["task", own], A_CALL) == first


def test_a_key_of_the_caller_comes_before_the_task(endpoint: Endpoint, crowd: Crowd) -> None:
    keyed = ["call", STEP, {"step_name": "A", "idempotency_key": "k"}]
    first = ids(endpoint, crowd, ["task", str(uuid4())], keyed, keyed)
    assert first[0] == first[1]
    assert ids(endpoint, crowd, ["task", str(uuid4())], keyed) == first[:1]


def test_a_key_is_never_taken_for_a_tasks(endpoint: Endpoint, crowd: Crowd) -> None:
    [by_task] = ids(endpoint, crowd, ["task", str(uuid4())], A_CALL)
    [receipt] = endpoint.rows("receipt")
    assert endpoint.step_id(step_name="A", idempotency_key=receipt.key) != by_task
