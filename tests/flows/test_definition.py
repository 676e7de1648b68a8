"""Tests that a definition which cannot be run is refused before anything runs."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from braid_db.flows.actions import ActionProviders
from braid_db.flows.definition import check_definition
from braid_db.flows.errors import FlowDefinitionInvalid
from tests.flows.greeting import HELLO, HelloWorld

PROVIDERS = ActionProviders({HELLO: HelloWorld()})

END = {"Type": "Pass", "End": True}
ACTION = {"Type": "Action", "ActionUrl": HELLO, "ResultPath": "$.Hello", "End": True}
RULE = {"Variable": "$.a", "IsPresent": True, "Next": "End"}
CHOICE = {"Type": "Choice", "Choices": [RULE], "Default": "End"}
WAIT = {"Type": "Wait", "Seconds": 1, "Next": "End"}
EVAL = {"Type": "ExpressionEval", "Parameters": {"a.=": "1"}, "ResultPath": "$.a", "Next": "End"}


def flow_of(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": {**states, "End": END}}


def refused(definition: Any) -> str:
    with pytest.raises(FlowDefinitionInvalid) as caught:
        check_definition(definition, PROVIDERS)
    assert "\n" not in str(caught.value)
    return caught.value.message


@pytest.mark.parametrize("state", [END, ACTION, CHOICE, WAIT, EVAL, {"Type": "Fail"}])
def test_each_type_of_state_is_accepted(state: dict[str, Any]) -> None:
    check_definition(flow_of(S=state), PROVIDERS)


@pytest.mark.parametrize(
    ("definition", "complaint"),
    [
        ([], "A flow's definition is a JSON object"),
        ({}, "no 'States'"),
        ({"StartAt": "A", "States": {}}, "no 'States'"),
        ({"States": {"A": END}}, "no 'StartAt'.*one of A"),
        ({"StartAt": "B", "States": {"A": END}}, "StartAt names the state 'B', which is not there"),
        ({"StartAt": ["A"], "States": {"A": END}}, "StartAt names the state"),
        ({"StartAt": "A", "States": {"A": END}, "definition": {}}, "a field 'definition'"),
        ({"StartAt": "A", "States": {"A": 1}}, "State 'A' is no object"),
    ],
)
def test_a_definition_without_its_parts_is_refused(definition: Any, complaint: str) -> None:
    assert re.search(complaint, refused(definition))


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        ({"End": True}, "has the Type None; expected one of Action, AwaitWebInput"),
        ({"Type": "Task", "End": True}, "has the Type 'Task'"),
        ({"Type": ["Pass"], "End": True}, "has the Type ['Pass']"),
        ({"Type": "AwaitWebInput", "End": True}, "waits for a person's answer and there is nobody"),
        ({"Type": "CreateWebInput", "WaitTime": 3, "End": True}, "a field 'WaitTime'"),
        ({**ACTION, "RunAs": " "}, "an empty RunAs"),
        ({**ACTION, "ActionScope": "all"}, "its ActionScope is 'all'; expected a scope of Globus"),
        ({"Type": "Pass"}, "neither Next nor End"),
        ({**END, "Next": "End"}, "both Next and End"),
        ({"Type": "Pass", "End": False}, "has the End False; expected true"),
        ({"Type": "Pass", "Next": "Nowhere"}, "Next names the state 'Nowhere'"),
        ({"Type": "Pass", "Next": 1}, "has the Next 1"),
        ({**END, "OutputPath": "$"}, "a field 'OutputPath' that the service does not know"),
        ({**END, "ResultPath": None}, "has the ResultPath None"),
        ({**END, "ResultPath": "Result"}, "its ResultPath: The path 'Result' does not begin"),
        ({**END, "ResultPath": "$.a[1:]"}, "no single place to write to"),
        ({**END, "ResultPath": "$._context.a"}, "which no state can write"),
        ({**END, "InputPath": "$..a"}, "wildcard"),
        (
            {**END, "InputPath": "$", "Parameters": {}},
            "more than one of InputPath, Parameters, Result",
        ),
        ({**END, "Parameters": []}, "has the Parameters"),
        ({**END, "Parameters": {"a.$": "a"}}, "In 'a.$' in the Parameters of state 'S'"),
        ({**END, "Comment": 1}, "has the Comment 1; expected a text"),
        ({**EVAL, "ResultPath": 1}, "has the ResultPath"),
        ({"Type": "ExpressionEval", "ResultPath": "$.a", "End": True}, "has no Parameters"),
        ({"Type": "ExpressionEval", "Parameters": {}, "End": True}, "has no ResultPath"),
        ({**ACTION, "Handler": {}}, "exactly one of ActionUrl, Handler"),
        ({"Type": "Action", "End": True}, "exactly one of ActionUrl, Handler"),
        ({**ACTION, "InputPath": "$", "Parameters": {}}, "more than one of InputPath, Parameters"),
        (
            {**ACTION, "ActionUrl": "https://transfer.actions.globus.org/transfer"},
            "calls the action provider https://transfer.actions.globus.org/transfer, which this "
            "runner does not run; it runs " + HELLO,
        ),
        ({**ACTION, "ActionUrl": 5}, "has the ActionUrl"),
        ({**ACTION, "WaitTime": 0}, "a WaitTime of 0 s; expected 1 or more"),
        ({**ACTION, "WaitTime": "60"}, "has the WaitTime"),
        ({**ACTION, "WaitTime": True}, "has the WaitTime"),
        ({**ACTION, "ExceptionOnActionFailure": "no"}, "has the ExceptionOnActionFailure"),
        ({**ACTION, "Catch": {}}, "has the Catch"),
        ({**ACTION, "Catch": [1]}, "Catch[0] is no object"),
        ({**ACTION, "Catch": [{"Next": "End"}]}, "Catch[0] has no ErrorEquals"),
        ({**ACTION, "Catch": [{"ErrorEquals": [], "Next": "End"}]}, "has no ErrorEquals"),
        ({**ACTION, "Catch": [{"ErrorEquals": ["A"]}]}, "Catch[0] has no Next"),
        (
            {**ACTION, "Catch": [{"ErrorEquals": ["A"], "Next": "Nowhere"}]},
            "Catch[0].Next names the state 'Nowhere'",
        ),
        (
            {**ACTION, "Catch": [{"ErrorEquals": ["A"], "Next": "End", "Retry": 1}]},
            "a field 'Retry'",
        ),
        (
            {**ACTION, "Catch": [{"ErrorEquals": ["A"], "Next": "End", "ResultPath": "x"}]},
            "Catch[0]: its ResultPath",
        ),
        ({**CHOICE, "Choices": []}, "has no Choices"),
        ({**CHOICE, "Choices": {"a": 1}}, "has the Choices"),
        ({**CHOICE, "Choices": [{**RULE, "Next": "Nowhere"}]}, "Choices[0].Next names the state"),
        ({**CHOICE, "Choices": [{"Variable": "$.a", "IsNull": True}]}, "Choices[0] has no Next"),
        ({**CHOICE, "Default": "Nowhere"}, "Default names the state 'Nowhere'"),
        ({**CHOICE, "Next": "End"}, "a field 'Next'"),
        ({"Type": "Wait", "Next": "End"}, "exactly one of Seconds, SecondsPath, Timestamp"),
        ({**WAIT, "SecondsPath": "$.s"}, "exactly one of Seconds, SecondsPath, Timestamp"),
        ({**WAIT, "Seconds": -1}, "waits -1 Seconds; expected 0 or more"),
        ({**WAIT, "Seconds": "1"}, "has the Seconds"),
        ({"Type": "Wait", "Timestamp": "tomorrow", "Next": "End"}, "a time with its zone"),
        ({"Type": "Wait", "SecondsPath": 4, "Next": "End"}, "has the SecondsPath"),
        ({"Type": "Fail", "End": True}, "a field 'End'"),
        ({"Type": "Fail", "Error": "E", "ErrorPath": "$.e"}, "more than one of Error, ErrorPath"),
        ({"Type": "Fail", "Cause": "E", "CausePath": "$.e"}, "more than one of Cause, CausePath"),
    ],
)
def test_a_state_that_cannot_be_run_is_refused_by_its_name(
    state: dict[str, Any], complaint: str
) -> None:
    message = refused(flow_of(S=state))
    assert message.startswith(("State 'S'", "In 'a.$'"))
    assert complaint in message


@pytest.mark.parametrize(
    "handler",
    [
        "a text",
        {"Type": "RegisteredAPI", "Id": "6c1e51b5-0b1c-4d0c-8f1e-6d5e0c7c2a11"},
        {"Type": "ActionProvider"},
        {"Type": "ActionProvider", "Url": HELLO, "Extra": 1},
        {"Type": "ActionProvider", "Url": "https://example.org"},
    ],
)
def test_a_handler_that_is_not_run_here_is_refused(handler: Any) -> None:
    assert refused(flow_of(S={"Type": "Action", "Handler": handler, "End": True}))


def test_a_handler_of_a_known_provider_is_accepted_and_so_is_a_slash_at_its_end() -> None:
    handler = {
        "Type": "ActionProvider",
        "Url": f"{HELLO}/",
        "Scope": "https://auth.globus.org/scopes/a/all",
    }
    check_definition(flow_of(S={"Type": "Action", "Handler": handler, "End": True}), PROVIDERS)


def test_a_state_that_no_other_leads_to_is_checked_too() -> None:
    assert "State 'Lost'" in refused(flow_of(S=END, Lost={"Type": "Succeed"}))


def test_checking_leaves_the_definition_as_it_is() -> None:
    definition = flow_of(A={**ACTION, "Parameters": {"a": [{"b.=": "1"}]}}, C=CHOICE)
    before = copy.deepcopy(definition)
    check_definition(definition, PROVIDERS)
    assert definition == before
