"""The service's dialect, example by example: what its documents show is accepted, or is found."""

from __future__ import annotations

from typing import Any

import pytest

from braid_db.flows.checking import check

AUTHORING = "docs.globus.org, Authoring Flows"
SCHEMA = "globus/flows-ide, public/schemas/flow_definition_schema.json"
EXAMPLES = "globus/globus-flows-examples"
GUIDE = "globus-automate-client, docs/source/authoring_flows.rst"
COMPUTE = "globus-compute, docs/actionprovider.rst"

URL = "https://compute.actions.globus.org/v3"
LAST = {"End": True, "ResultPath": "$.result"}
ACTION = {"Type": "Action", **LAST}
PASS = {"Type": "Pass", **LAST}
EVAL = {"Type": "ExpressionEval", **LAST}
TASK = {"function_id": "f", "args": [], "kwargs": {"x": 1}}
V3 = {"endpoint_id": "e", "tasks": [TASK]}
V2 = {"endpoint": "e", "function": "f", "payload": {"x": 1}}
API = "11111111-2222-3333-4444-555555555555"


def choice(**rule: Any) -> dict[str, Any]:
    return {"Type": "Choice", "Choices": [{**rule, "Next": "Done"}], "Default": "Done"}


def evaluated(expression: str) -> dict[str, Any]:
    return {**EVAL, "Parameters": {"value.=": expression}}


STATES: list[tuple[str, dict[str, Any], list[str]]] = [
    # State types, and what each may have
    (AUTHORING, {**ACTION, "ActionUrl": URL, "Parameters": V3, "WaitTime": 600}, []),
    (SCHEMA, {**ACTION, "Handler": {"Type": "ActionProvider", "Url": URL}, "Parameters": V3}, []),
    (SCHEMA, {**ACTION, "Handler": {"Type": "RegisteredAPI", "Id": API}}, []),
    (SCHEMA, {**ACTION, "Handler": {"Type": "RegisteredAPI", "Id": "my api"}}, ["schema"]),
    (SCHEMA, {**ACTION, "Handler": "my-handler"}, []),
    (SCHEMA, {**ACTION, "ActionUrl": "http://actions.example.org"}, ["schema"]),
    (AUTHORING, {**ACTION, "ActionUrl": URL, "Handler": "my-handler"}, ["dialect"]),
    (AUTHORING, {**ACTION, "ActionUrl": URL, "Parameters": V3, "InputPath": "$.a"}, ["dialect"]),
    (AUTHORING, {**ACTION, "ActionUrl": URL, "ExceptionOnActionFailure": False}, []),
    (AUTHORING, {**ACTION, "ActionUrl": URL, "RunAs": "Flow"}, []),
    (AUTHORING, {**ACTION, "ActionUrl": URL, "Next": "Done"}, ["dialect"]),
    (SCHEMA, {**EVAL, "Parameters": {"a": 1}, "ResultPath": None}, ["schema"]),
    (SCHEMA, {"Type": "ExpressionEval", "Parameters": {}, "End": True}, ["schema"]),
    (SCHEMA, {**PASS, "Result": {"a": 1}}, []),
    (SCHEMA, {**PASS, "Result": [1]}, ["schema"]),
    (GUIDE, {**PASS, "OutputPath": "$"}, ["schema"]),
    (SCHEMA, {"Type": "Succeed"}, ["schema"]),
    (SCHEMA, {"Type": "Parallel", "End": True}, ["schema"]),
    (SCHEMA, {"Type": "Task", "End": True}, ["schema"]),
    (AUTHORING, {"Type": "Wait", "Seconds": 5, "End": True}, []),
    (AUTHORING, {"Type": "Wait", "Timestamp": "2026-01-31T12:00:00Z", "End": True}, []),
    (AUTHORING, {"Type": "Wait", "SecondsPath": "$.pause", "End": True}, []),
    (AUTHORING, {"Type": "Wait", "Seconds": 5, "SecondsPath": "$.p", "End": True}, ["dialect"]),
    (AUTHORING, {"Type": "Fail", "Error": "Code", "Cause": "Why"}, []),
    (AUTHORING, {"Type": "Fail", "Error": "Code", "ErrorPath": "$.code"}, ["dialect"]),
    (EXAMPLES, {"Type": "CreateWebInput", "Parameters": {"InputType": "Selection"}, **LAST}, []),
    (EXAMPLES, {"Type": "AwaitWebInput", "Parameters": {"web_input_id.$": "$.w.id"}, **LAST}, []),
    # Choice rules
    (AUTHORING, choice(Variable="$.a", StringEquals="x"), []),
    (AUTHORING, choice(Variable="$.a", NumericLessThanPath="$.b"), []),
    (AUTHORING, choice(And=[{"Variable": "$.a", "IsPresent": True}]), []),
    (AUTHORING, choice(Not={"Variable": "$.a", "StringMatches": "x*"}), []),
    (AUTHORING, choice(Variable="$.a", NumericEquals="1"), ["schema"]),
    (AUTHORING, choice(Variable="$.a", StringEquals="x", IsNull=False), ["dialect"]),
    (SCHEMA, choice(And=[]), ["schema"]),
    # Catch: its errors' names, and where it writes
    (
        AUTHORING,
        {
            **ACTION,
            "ActionUrl": URL,
            "Catch": [{"ErrorEquals": ["ActionTimeout"], "Next": "Done", "ResultPath": "$.e"}],
        },
        [],
    ),
    (
        AUTHORING,
        {**ACTION, "ActionUrl": URL, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]},
        ["state-wiped"],
    ),
    # Parameters and paths
    (AUTHORING, {**EVAL, "Parameters": {"a": [{"b.$": "$.c.d"}]}}, []),
    (GUIDE, {**PASS, "Parameters": {"rest.$": "$.input.names[1:]"}}, []),
    (AUTHORING, {**PASS, "Parameters": {"user.$": "$._context.user_id"}}, []),
    (GUIDE, {**PASS, "Parameters": {"id.$": "$._context.action_id"}}, []),
    (AUTHORING, {**PASS, "ResultPath": "$._context.mine"}, ["path-unreadable"]),
    (
        AUTHORING,
        {**ACTION, "ActionUrl": URL, "Parameters": {"a": 1, "__Private_Parameters": ["a"]}},
        [],
    ),
    # Expressions
    (AUTHORING, evaluated("`$.a.b[0]` + 'x'"), []),
    (AUTHORING, evaluated("pathsplit(path)[1]"), []),
    (AUTHORING, evaluated("getattr('a.b', 'other') if is_present('a') else None"), []),
    (EXAMPLES, evaluated("[False] * len(names) == ['~' in name for name in names]"), []),
    (EXAMPLES, evaluated("'code' not in stat.details or stat.details.code != 'NotFound'"), []),
    (EXAMPLES, evaluated("source.path.rpartition('/')[2] if not is_dir else 'ROOT'"), []),
    (AUTHORING, evaluated("a b"), ["expression-unreadable"]),
    ("simpleeval, README", evaluated("made.items"), ["expression-unreadable"]),
    # Both generations of Compute
    (COMPUTE, {**ACTION, "ActionUrl": "https://compute.actions.globus.org", "Parameters": V2}, []),
    (COMPUTE, {**ACTION, "ActionUrl": "https://compute.actions.globus.org/fxap"}, []),
    (COMPUTE, {**ACTION, "ActionUrl": "https://automate.funcx.org"}, ["retired-url"]),
]


@pytest.mark.parametrize(("source", "state", "expected"), STATES)
def test_a_state_of_the_dialect_is_accepted_or_found_out(
    source: str, state: dict[str, Any], expected: list[str]
) -> None:
    done = {"Type": "Pass", "End": True}
    found = check({"StartAt": "It", "States": {"It": state, "Done": done}})
    assert [each.code for each in found if each.state != "Done"] == expected, source


def document(place: str) -> dict[str, Any]:
    """Return a flow that reads a place after an action that wrote its document to ``$.Run``."""
    run = {"Type": "Action", "ActionUrl": URL, "ResultPath": "$.Run", "Next": "It"}
    it = {**PASS, "Parameters": {"value.$": place}}
    return {"StartAt": "Run", "States": {"Run": run, "It": it}}


@pytest.mark.parametrize(
    ("source", "place", "expected"),
    [
        (COMPUTE, "$.Run.details.result[0]", []),
        (COMPUTE, "$.Run.details.results[0].output", []),
        (AUTHORING, "$.Run.status", []),
        (AUTHORING, "$.Run.action_id", []),
        (COMPUTE, "$.Run.result[0]", ["path-undocumented"]),
    ],
)
def test_what_an_action_leaves_can_be_read_where_it_is(
    source: str, place: str, expected: list[str]
) -> None:
    assert [each.code for each in check(document(place))] == expected, source


@pytest.mark.parametrize("field", ["StartAt", "States"])
def test_the_top_level_needs_a_start_and_states_and_nothing_else(field: str) -> None:
    flow: dict[str, Any] = {"StartAt": "It", "States": {"It": {"Type": "Pass", "End": True}}}
    assert check({**flow, "Comment": "c"}) == []
    assert [each.field for each in check({**flow, "TimeoutSeconds": 5})] == ["TimeoutSeconds"]
    assert [each.field for each in check({k: v for k, v in flow.items() if k != field})] == [field]
