"""Tests of what the remote functions answer: upstream's keys and values, and ours beside them."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.functions.calls import Endpoint, document

STEP_KEYS = [
    "flow_state_record_id",
    "input_record_ids",
    "output_record_ids",
    "exception_str",
    "input_versions",
    "output_versions",
    "database",
    "invalid_inputs",
]


def upstreams(result: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a result that upstream's had."""
    return {key: result[key] for key in STEP_KEYS[:4]}


def test_ids_are_counted_from_input_definitions_to_output_definitions_to_the_step(
    endpoint: Endpoint,
) -> None:
    for _ in range(5):
        endpoint.step()
    one_input = endpoint.step(step_name="A", input_record_defs={"name": "x"})
    assert upstreams(one_input) == {
        "flow_state_record_id": 7,
        "input_record_ids": [6],
        "output_record_ids": [],
        "exception_str": None,
    }
    many = endpoint.step(
        input_record_defs=[{"name": "a"}, {"name": "b"}],
        output_record_defs=[{"name": "c"}, {"name": "d"}],
    )
    assert upstreams(many) == {
        "flow_state_record_id": 12,
        "input_record_ids": [8, 9],
        "output_record_ids": [10, 11],
        "exception_str": None,
    }


def test_ids_that_were_given_come_before_those_of_definitions_and_are_integers(
    endpoint: Endpoint,
) -> None:
    data = [endpoint.made(name=name) for name in "abcd"]
    step = endpoint.step(
        input_record_ids=[str(data[1]), data[0]],
        output_record_ids=str(data[3]),
        input_record_defs={"name": "x"},
        output_record_defs={"name": "y"},
    )
    new = [step["input_record_ids"][-1], step["output_record_ids"][-1]]
    assert step["input_record_ids"] == [data[1], data[0], new[0]]
    assert step["output_record_ids"] == [data[3], new[1]]
    assert step["flow_state_record_id"] > new[1] > new[0] > data[3]
    assert {type(one) for one in step["input_record_ids"] + step["output_record_ids"]} == {int}


def test_what_has_no_name_is_named_as_upstream_named_it(endpoint: Endpoint) -> None:
    step = endpoint.step(input_record_defs={}, output_record_defs={"kind": "model"})
    ids = [*step["input_record_ids"], *step["output_record_ids"], step["flow_state_record_id"]]
    names = [endpoint.record(one).name for one in ids]
    assert names == ["NoNameGiven", "NoNameGiven", "Action Step None"]


def test_a_step_answers_these_keys_alone_and_they_are_json(endpoint: Endpoint) -> None:
    step = endpoint.step(input_record_defs={}, output_record_defs={})
    assert list(step) == STEP_KEYS
    assert json.loads(json.dumps(step)) == step
    assert step["input_versions"] == step["output_versions"] == {}
    assert [row.uid for row in endpoint.rows("database_info")] == [step["database"]]
    assert uuid.UUID(step["database"]).version == 7


def test_a_transfer_answers_the_same_keys(endpoint: Endpoint) -> None:
    moved = endpoint.transfer(transfer_result={"task_id": "t"})
    assert list(moved) == STEP_KEYS
    assert json.loads(json.dumps(moved)) == moved


def test_only_versions_that_are_not_the_first_are_named(endpoint: Endpoint) -> None:
    old, new = {"uris": "scan:old"}, {"uris": "scan:new"}
    endpoint.step(output_record_defs=old)
    endpoint.step(output_record_defs=old)
    step = endpoint.step(input_record_defs=[old, new], output_record_defs=[old, {}])
    [old_id, _], [same_id, _] = step["input_record_ids"], step["output_record_ids"]
    assert old_id == same_id
    assert step["input_versions"] == {str(old_id): 2}
    assert step["output_versions"] == {str(old_id): 3}


def test_a_result_in_the_flows_state_stays_small(endpoint: Endpoint) -> None:
    definitions = [{"name": "x" * 1000, "uris": f"scan:{n}"} for n in range(500)]
    made = endpoint.step(output_record_defs=definitions)
    assert len(made["output_record_ids"]) == 500
    assert len(json.dumps(made)) < 5_000


def test_a_record_named_twice_is_answered_twice_and_linked_once(endpoint: Endpoint) -> None:
    data = endpoint.made()
    step = endpoint.step(input_record_ids=[data, data])
    assert step["input_record_ids"] == [data, data]
    assert endpoint.into(step["flow_state_record_id"]) == {((data, 1), "used")}


def test_a_chain_of_results_can_be_walked_as_upstream_walked_it(endpoint: Endpoint) -> None:
    first = endpoint.step(step_name="first", output_record_defs={"name": "made"})
    second = endpoint.step(
        step_name="second",
        previous_step_output=document(first),
        input_record_ids=document(first),
        inputs_from_referenced_outputs=True,
    )
    [made] = first["output_record_ids"]
    assert endpoint.edges() == {
        ((first["flow_state_record_id"], 1), "generated", (made, 1)),
        ((made, 1), "used", (second["flow_state_record_id"], 1)),
        ((first["flow_state_record_id"], 1), "followed", (second["flow_state_record_id"], 1)),
    }


@pytest.mark.parametrize("role", ["informed", "used"])
def test_other_predecessors_inform_where_they_are_steps_and_are_used_where_they_are_data(
    endpoint: Endpoint, role: str
) -> None:
    step = endpoint.step(output_record_defs={})
    moved = endpoint.transfer(transfer_result={"task_id": "t"})
    [data] = step["output_record_ids"]
    named = {
        "informed": [step["flow_state_record_id"], moved["flow_state_record_id"]],
        "used": [data],
    }[role]
    by_other = endpoint.step_id(other_predecessor_record_ids=named)
    as_input = endpoint.step_id(input_record_ids=named)
    expected = {((one, 1), role) for one in named}
    assert endpoint.into(by_other) == endpoint.into(as_input) == expected
