"""Tests of the functions that make invalidation actions and link them to records."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.functions.calls import Endpoint, document, nested, refused

FLOW = "9b0fdd6e-3f0f-4c6f-9d5e-2f8f3c1c7a10"

CREATED: dict[str, tuple[dict[str, Any], tuple[str, str, str, Any]]] = {
    "a command alone": ({"command": "mail"}, ("Not Provided", "shell", "mail", [])),
    "nulls": (
        {"name": None, "action_type": None, "command": "mail", "params": None},
        ("Not Provided", "shell", "mail", []),
    ),
    "empty texts": (
        {"name": "", "action_type": "", "command": "mail"},
        ("Not Provided", "shell", "mail", []),
    ),
    "a command with arguments": (
        {"name": "tell", "action_type": "shell", "command": "mail", "params": ["-s", "{name}", ""]},
        ("tell", "shell", "mail", ["-s", "{name}", ""]),
    ),
    "no arguments": ({"command": "mail", "params": []}, ("Not Provided", "shell", "mail", [])),
    "a flow": (
        {"action_type": "flow", "command": FLOW, "params": {"input": {"deep": [1, None]}}},
        ("Not Provided", "flow", FLOW, {"input": {"deep": [1, None]}}),
    ),
    "a flow without input": (
        {"action_type": "flow", "command": FLOW},
        ("Not Provided", "flow", FLOW, {}),
    ),
    "upstream's word for a flow": (
        {"action_type": "automate_event", "command": FLOW, "params": {"a": 1}},
        ("Not Provided", "flow", FLOW, {"a": 1}),
    ),
}


@pytest.mark.parametrize(("arguments", "kept_as"), CREATED.values(), ids=CREATED)
def test_an_invalidation_action_is_kept_as_it_was_told(
    kept: Endpoint, arguments: dict[str, Any], kept_as: tuple[str, str, str, Any]
) -> None:
    made = kept.action(**arguments)
    assert list(made) == ["invalidation_action_id", "database"]
    action_id = made["invalidation_action_id"]
    assert str(uuid.UUID(action_id)) == action_id
    [row] = [
        row for row in kept.rows("invalidation_action") if row.invalidation_action_id == action_id
    ]
    assert (row.name, row.type, row.command, json.loads(row.params)) == kept_as


NOT_CREATED: dict[str, tuple[dict[str, Any], str]] = {
    "a flow that is no id": (
        {"action_type": "flow", "command": "not-a-uuid/../x"},
        "'command' is 'not-a-uuid/../x'; expected the id of the flow, a UUID",
    ),
    "an unknown blank": ({"command": "mail", "params": ["{x.__class__}"]}, "is no placeholder"),
    "a lone brace": ({"command": "mail", "params": ["{"]}, "holds a single {"),
    "an index in a flow's input": (
        {"command": FLOW, "action_type": "flow", "params": {"a": [{"b": "{name[0]}"}]}},
        "is no placeholder",
    ),
    "no command": ({}, "'command' is absent; expected the program to run, or the id of the flow"),
    "an empty command": ({"command": ""}, "'command' is absent"),
    "a command that is a list": ({"command": ["mail"]}, "'command' is a list; expected a text"),
    "a command with a NUL byte": ({"command": "a\0"}, "'command' is a text with a NUL byte"),
    "an unknown type": (
        {"command": "mail", "action_type": "Shell"},
        "'action_type' is 'Shell'; expected 'shell' or 'flow'",
    ),
    "a type that is a number": (
        {"command": "mail", "action_type": 1},
        "'action_type' is the number 1; expected a text",
    ),
    "a type with an end of line": ({"command": "m", "action_type": "a\nb"}, "is 'a\\nb'; expected"),
    "a name that is a number": ({"command": "m", "name": 5}, "'name' is the number 5; expected"),
    "a name of 10 MB": ({"command": "m", "name": "x" * 10_000_000}, "10,000,000 characters"),
    "arguments in one text": (
        {"command": "m", "params": "-s x"},
        "'params' is a text; expected a list of texts, one for each argument",
    ),
    "arguments in an object": (
        {"command": "m", "params": {"args": ["x"]}},
        "'params' is an object; expected a list of texts",
    ),
    "a number among the arguments": (
        {"command": "m", "params": ["-n", 5]},
        "'params[1]' is the number 5; expected a text",
    ),
    "null among the arguments": (
        {"command": "m", "params": ["-n", None]},
        "'params[1]' is null; expected a text",
    ),
    "a list among the arguments": ({"command": "m", "params": [["x"]]}, "'params[0]' is a list"),
    "a surrogate in an argument": (
        {"command": "m", "params": ["\ud800"]},
        "'params[0]' is a text with half a surrogate pair",
    ),
    "a flow's input that is a list": (
        {"command": FLOW, "action_type": "flow", "params": ["x"]},
        "'params' is a list; expected an object, the flow's input",
    ),
    "a flow's input that is a text": (
        {"command": FLOW, "action_type": "flow", "params": "{}"},
        "'params' is a text; expected an object",
    ),
    "a flow's input with a number as key": (
        {"command": FLOW, "action_type": "flow", "params": {"a": {1: 2}}},
        "keys that are texts",
    ),
    "a flow's input that is nested deeply": (
        {"command": FLOW, "action_type": "flow", "params": {"a": nested(100_000)}},
        "nested deeper than 100 levels",
    ),
    "a flow's input that is no JSON": (
        {"command": FLOW, "action_type": "flow", "params": {"a": {1, 2}}},
        "expected a JSON value",
    ),
}


@pytest.mark.parametrize(("arguments", "says"), NOT_CREATED.values(), ids=NOT_CREATED)
def test_an_action_that_could_not_be_carried_out_is_refused(
    kept: Endpoint, arguments: dict[str, Any], says: str
) -> None:
    assert says in refused(kept, lambda: kept.action(**arguments), "invalid-argument")


# Linking

ACTION_FORMS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "the id": lambda made: made["invalidation_action_id"],
    "the id in capitals": lambda made: made["invalidation_action_id"].upper(),
    "a result": lambda made: made,
    "a status document": document,
    "a document's second place": lambda made: {"details": {"results": [{"output": made}]}},
    "a list of one": lambda made: [made],
    "upstream's result": lambda made: {"invalidation_action_id": made["invalidation_action_id"]},
}


@pytest.mark.parametrize("form", ACTION_FORMS.values(), ids=ACTION_FORMS)
def test_an_action_is_linked_by_every_form_of_its_id(
    kept: Endpoint, form: Callable[[dict[str, Any]], Any]
) -> None:
    made, record_id = kept.action(command="mail"), kept.made()
    linked = kept.link(record_id=record_id, invalidation_action_id=form(made))
    assert linked == {
        "invalidation_action_id": made["invalidation_action_id"],
        "flow_state_record_id": record_id,
        "database": made["database"],
    }
    found = [
        row.record_id
        for row in kept.rows("record_action")
        if row.invalidation_action_id == made["invalidation_action_id"]
    ]
    assert found == [record_id]


def test_an_action_may_be_linked_to_many_records_and_a_record_to_many_actions(
    endpoint: Endpoint,
) -> None:
    records = [endpoint.made() for _ in range(2)]
    actions = [endpoint.action(command="mail")["invalidation_action_id"] for _ in range(2)]
    for record_id in records:
        for action_id in actions:
            endpoint.link(record_id, action_id)
    assert len(endpoint.rows("record_action")) == 4


def test_linking_again_changes_nothing(endpoint: Endpoint) -> None:
    step, action = endpoint.step(), endpoint.action(command="mail")
    first = endpoint.link(step, action)
    before = endpoint.everything()
    assert endpoint.link(step, action) == first
    assert endpoint.everything() == before


NO_ACTION: dict[str, tuple[Any, str, str]] = {
    "absent": (None, "invalid-reference", "names no actions, and exactly one is needed"),
    "empty": ("", "invalid-reference", "names no actions, and exactly one is needed"),
    "an empty list": ([], "invalid-reference", "names no actions"),
    "an unknown id": (
        "0190a5d2-0000-7000-8000-000000000000",
        "invalidation-action-not-found",
        "No invalidation action '0190a5d2-0000-7000-8000-000000000000'",
    ),
    "a text": ("mail", "invalid-reference", "'mail', which is no id of an invalidation action"),
    "a number": (3, "invalid-reference", "holds 3, which is no id"),
    "true": (True, "invalid-reference", "holds True, which is no id"),
    "NaN": (math.nan, "invalid-reference", "holds nan, which is no id"),
    "thousands of digits": (10**5000, "invalid-reference", "which is no id"),
    "a deep list": (nested(100_000), "invalid-reference", "which is no id"),
    "a result of another function": (
        {"flow_state_record_id": 3},
        "invalid-reference",
        "holds None, which is no id",
    ),
    "a deep thing in its place": (
        {"invalidation_action_id": nested(100_000)},
        "invalid-reference",
        "holds <list>, which is no id",
    ),
    "a failed document": (
        document({"invalidation_action_id": "x"}, status="FAILED"),
        "invalid-reference",
        "its action's status is 'FAILED'",
    ),
    "a document of no results": (document(), "invalid-reference", "names no actions"),
    "two actions": (
        ["0190a5d2-0000-7000-8000-000000000000", "0190a5d2-0000-7000-8000-000000000001"],
        "invalid-reference",
        "names 2 actions, and exactly one is needed",
    ),
}


@pytest.mark.parametrize(("value", "code", "says"), NO_ACTION.values(), ids=NO_ACTION)
def test_what_names_no_action_cannot_be_linked(
    kept: Endpoint, value: Any, code: str, says: str
) -> None:
    line = refused(kept, lambda: kept.link(record_id=3, invalidation_action_id=value), code)
    assert says in line


NO_RECORD: dict[str, tuple[Any, str, str]] = {
    "absent": (None, "invalid-reference", "'record_id' names no records, and exactly one"),
    "an empty list": ([], "invalid-reference", "'record_id' names no records"),
    "an unknown id": (99, "record-not-found", "No record 99"),
    "two records": ([1, 2], "invalid-reference", "'record_id' names 2 records, and exactly one"),
    "true": (True, "invalid-reference", "'record_id' holds a boolean"),
    "another database": (
        {"flow_state_record_id": 3, "database": "elsewhere"},
        "other-database",
        "'elsewhere'",
    ),
    "a failed document": (
        document({"flow_state_record_id": 3}, status="FAILED"),
        "invalid-reference",
        "its action's status is 'FAILED'",
    ),
}


def test_an_unknown_placeholder_is_refused_with_the_known_ones_named_once(kept: Endpoint) -> None:
    line = refused(
        kept, lambda: kept.action(command="mail", params=["{nonsense}"]), "invalid-argument"
    )
    assert "'{nonsense}' is no placeholder" in line
    assert line.count("{record_id}") == 1


@pytest.mark.parametrize("mark", [None, "mark"])
@pytest.mark.parametrize(("value", "code", "says"), NO_RECORD.values(), ids=NO_RECORD)
def test_what_names_no_record_cannot_be_linked_and_nothing_could_be_marked(
    kept: Endpoint, value: Any, code: str, says: str, mark: str | None
) -> None:
    action = kept.action(command="mail")
    line = refused(kept, lambda: kept.link(value, action, if_missing=mark), code)
    assert says in line
    assert "if_missing" not in line
