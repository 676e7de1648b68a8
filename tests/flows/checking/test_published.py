"""The form that a check knows is the form that the service takes."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from braid_db.flows.actions import ActionProviders
from braid_db.flows.checking import check
from braid_db.flows.checking.published import schema_findings
from braid_db.flows.definition import check_definition
from braid_db.flows.errors import FlowDefinitionInvalid, FlowPathNotRun
from braid_db.flows.web_input import People
from tests.effort import costly
from tests.flows.checking.published import accepted
from tests.flows.checking.strategies import changed_definitions
from tests.globus_cloud.validation import by_schema

EXAMPLES = list(accepted().values())
TYPES = ("Action", "AwaitWebInput", "Choice", "CreateWebInput", "ExpressionEval", "Fail", "Pass")
FIELDS = (
    *("Type", "Comment", "Next", "End", "Parameters", "InputPath", "ResultPath", "Result"),
    *("ActionUrl", "ActionScope", "Handler", "WaitTime", "ExceptionOnActionFailure", "RunAs"),
    *("Catch", "ErrorEquals", "Url", "Id", "Scope", "Choices", "Default", "And", "Or", "Not"),
    *("Cause", "CausePath", "Error", "ErrorPath", "Seconds", "SecondsPath", "Timestamp"),
    *("TimestampPath", "Variable", "StringEquals", "NumericEquals", "IsNull", "BooleanEquals"),
    *("BooleanEqualsPath", "TimestampLessThanPath", "NumericLessThanEqualsPath", "Nonsense"),
)
RULE = {"Variable": "$.a", "IsNull": True}
VALUES = (
    *("text", "https://a.example.org", "http://a.example.org", "2026-03-01T10:00:00Z"),
    *(1, 1.5, 2.0, True, None, [], {}, ["text"], RULE, [RULE], *TYPES, "Wait"),
    *([{**RULE, "Next": "b"}], [{"Variable": "$.a", "Next": "b"}], [{"Not": RULE, "Next": "b"}]),
    *([{"And": [RULE], "Next": "b"}], [{"And": [{**RULE, "Next": "b"}], "Next": "b"}]),
    *([{"ErrorEquals": ["States.ALL"], "Next": "b"}], {"Type": "ActionProvider"}),
    {"Type": "ActionProvider", "Url": "https://a.example.org"},
    {"Type": "RegisteredAPI", "Url": "https://a.example.org"},
    {"Type": "RegisteredAPI", "Id": "1b4d8f6e-0000-4000-8000-000000000000"},
)


def containers(value: Any) -> list[Any]:
    """Return all objects and lists in a JSON value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict | list) else []
    return own + [found for each in inner for found in containers(each)]


def change(definition: Any, chance: random.Random) -> None:
    """Take something out of a definition, or put something else there."""
    place, value = chance.choice(containers(definition)), copy.deepcopy(chance.choice(VALUES))
    if isinstance(place, list):
        if place:
            place[chance.randrange(len(place))] = value
    elif place and chance.random() < 0.3:
        del place[chance.choice(list(place))]
    else:
        place[chance.choice([*place, *FIELDS])] = value


@settings(max_examples=costly(1000), deadline=None)
@given(chance=st.randoms(use_true_random=False), changes=st.integers(0, 3), is_small=st.booleans())
def test_a_check_refuses_what_the_service_refuses_and_nothing_else(
    chance: random.Random, changes: int, is_small: bool
) -> None:
    definition = copy.deepcopy(chance.choice(EXAMPLES))
    if is_small:
        name, state = chance.choice(list(definition["States"].items()))
        definition = {"StartAt": name, "States": {name: state}}
    for _ in range(changes):
        change(definition, chance)
    found = list(schema_findings(definition))
    assert bool(found) == bool(list(by_schema(definition, []))), json.dumps(definition)


class Anybody(ActionProviders, People):
    """Does what any state asks for."""

    def __init__(self) -> None:
        ActionProviders.__init__(self, {})
        People.__init__(self, ask=lambda question: None)

    def find(self, url: str, state_name: str = "") -> Any:
        return self


@settings(
    max_examples=costly(1000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(definition=changed_definitions())
def test_a_definition_that_the_service_or_the_runner_refuses_has_an_error(definition: Any) -> None:
    found = check(definition)
    refused = bool(list(by_schema(definition, [])))
    try:
        check_definition(definition, Anybody(), Anybody())
    except FlowPathNotRun:
        # A warning; an error where the path is written to, or where the form is wrong already.
        assert any(each.is_error or each.code == "path-not-run-here" for each in found)
    except FlowDefinitionInvalid:
        refused = True
    assert not refused or any(each.is_error for each in found)
    assert len(set(found)) == len(found)


def test_a_time_must_be_one_to_both() -> None:
    for time, is_one in (("2026-03-01T10:00:00Z", True), ("2026-03-01", False), ("soon", False)):
        wait = {"Type": "Wait", "Timestamp": time, "End": True}
        definition = {"StartAt": "Wait", "States": {"Wait": wait}}
        assert bool(list(schema_findings(definition))) != is_one
