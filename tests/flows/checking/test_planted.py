"""Every kind of finding is found where it is planted, and nowhere else in the flow."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from braid_db.flows.checking import Finding, check

States = dict[str, Any]
URL = "https://actions.example.org/run"

CATCHER = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}
FLOW: dict[str, Any] = {
    "StartAt": "Get",
    "States": {
        "Get": {
            "Type": "Action",
            "ActionUrl": URL,
            "Parameters": {"name.$": "$.name", "word.=": "'a' + name"},
            "ResultPath": "$.Get",
            "Catch": [CATCHER],
            "Next": "Which",
        },
        "Which": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.Get.status", "StringEquals": "SUCCEEDED", "Next": "Make"}],
            "Default": "Put",
        },
        "Make": {"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.made", "Next": "Put"},
        "Put": {
            "Type": "Action",
            "ActionUrl": URL,
            "Parameters": {"got.$": "$.Get.details"},
            "ResultPath": "$.Put",
            "End": True,
        },
        "Failed": {"Type": "Fail", "CausePath": "$.error.Error"},
    },
}
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "note": {"type": "string"}, "_private_key": {}},
    "required": ["name", "_private_key"],
    "additionalProperties": False,
}


def found_in(plant: Callable[[States], Any], **options: Any) -> list[Finding]:
    definition = copy.deepcopy(FLOW)
    plant(definition["States"])
    return check(definition, **options)


def put(state: str, **fields: Any) -> Callable[[States], Any]:
    """Return what puts fields into a state; those that are None are taken out."""

    def plant(states: States) -> None:
        states[state] |= fields
        states[state] = {key: each for key, each in states[state].items() if each is not None}

    return plant


def reading(state: str, field: str, value: str, **others: Any) -> Callable[[States], Any]:
    """Return what has a state read something by a field of its Parameters."""
    return put(state, Parameters={field: value, **others})


def provenance(place: str) -> Callable[[States], Any]:
    """Return what makes of a state a call that records it after the step at a place."""
    known = {"previous_step_output.$": place}
    task = {"function_id": "add_record_for_action_step", "kwargs": known}
    return put("Put", Parameters={"endpoint_id": "e", "tasks": [task]})


def test_a_loop_that_no_rule_may_match_in_ends() -> None:
    rule = {"Variable": "$.go", "BooleanEquals": True, "Next": "Wait"}
    wait = {"Type": "Wait", "Seconds": 1, "Next": "Which"}
    states = {"Wait": wait, "Which": {"Type": "Choice", "Choices": [rule]}}
    assert not [each for each in check({"StartAt": "Wait", "States": states}) if each.is_error]


@pytest.mark.parametrize("called", ["foo(3)", "open('x')", "__import__('os')", "sum([1])"])
def test_a_function_that_expressions_do_not_have_is_an_error(called: str) -> None:
    told = copy.deepcopy(FLOW)
    told["States"]["Get"]["Parameters"]["word.="] = called
    assert [each.code for each in check(told) if each.is_error] == ["expression-unreadable"]


def test_the_flow_itself_has_no_finding() -> None:
    assert check(FLOW) == check(FLOW, input_schema=SCHEMA) == []


OF_FORM = [
    ("schema", "Get", "Nxt", put("Get", Nxt="Put")),
    ("schema", "Get", "WaitTime", put("Get", WaitTime="300")),
    ("schema", "Get", "ActionUrl", put("Get", ActionUrl="http://actions.example.org")),
    ("schema", "Put", "Type", put("Put", Type="Task")),
    ("schema", "Which", "Choices", put("Which", Choices=[])),
    ("schema", "Get", "Catch[0].ErrorEquals", put("Get", Catch=[{"Next": "Failed"}])),
    ("dialect", "Put", "Next", put("Put", Next="Make")),
    ("dialect", "Put", "Next", put("Put", End=None)),
    ("dialect", "Get", "WaitTime", put("Get", WaitTime=0)),
    ("dialect", "Get", "ActionUrl", put("Get", ActionUrl=None)),
    ("dialect-of-2020", "Get", "Resource", put("Get", ActionUrl=None, Resource=URL)),
    ("expression-unreadable", "Get", "Parameters.a.=", put("Get", Parameters={"a.=": "1 +"})),
    (
        "path-unreadable",
        "Get",
        "Parameters.a[0].b.$",
        put("Get", Parameters={"a": [{"b.$": "name"}]}),
    ),
    ("path-unreadable", "Get", "ResultPath", put("Get", ResultPath="$._context.x")),
    ("target-missing", "Make", "Next", put("Make", Next="Pt")),
    ("target-missing", "Which", "Default", put("Which", Default="put")),
    ("target-missing", "Get", "Catch[0].Next", put("Get", Catch=[{**CATCHER, "Next": "F"}])),
]


@pytest.mark.parametrize(("code", "state", "field", "plant"), OF_FORM)
def test_what_the_service_refuses_is_one_error(
    code: str, state: str, field: str, plant: Callable[[States], Any]
) -> None:
    (found,) = found_in(plant)
    assert (found.code, found.state, found.field) == (code, state, field)
    assert found.is_error
    assert found.sentence
    assert found.mend[-1] in ".?"


def endless(states: States) -> None:
    states["Put"] |= {"Next": "Which"}
    del states["Put"]["End"]


def old_transfer(states: States) -> None:
    items = {"transfer_items": [], "source_endpoint_id": "a", "destination_endpoint_id": "b"}
    url = "https://actions.globus.org/transfer/transfer"
    states["Put"] |= {"ActionUrl": url, "Parameters": items}


def funcx(states: States) -> None:
    states["Get"] |= {"Handler": {"Type": "ActionProvider", "Url": "https://automate.funcx.org"}}
    del states["Get"]["ActionUrl"]


PRIVATE, KEY = "__Private_Parameters", "$._private_key"
OF_RUNS = [
    ("error", "no-way-out", "Which", "Next", endless),
    ("error", "path-never-written", "Put", "Parameters.a.$", reading("Put", "a.$", "$.nothing")),
    (
        "error",
        "path-never-written",
        "Put",
        "Parameters.a.=",
        reading("Put", "a.=", "name + none.x"),
    ),
    ("error", "path-never-written", "Put", "Parameters.a.=", reading("Put", "a.=", "`$.error`")),
    ("error", "path-never-written", "Failed", "CausePath", put("Failed", CausePath="$.error.Why")),
    ("error", "path-never-written", "Failed", "CausePath", put("Failed", CausePath="$.Get")),
    (
        "warning",
        "path-not-always-written",
        "Put",
        "InputPath",
        put("Put", Parameters=None, InputPath="$.made.x"),
    ),
    (
        "warning",
        "path-not-always-written",
        "Put",
        "Parameters.a.$",
        reading("Put", "a.$", "$.made.x"),
    ),
    (
        "warning",
        "path-undocumented",
        "Put",
        "Parameters.a.$",
        reading("Put", "a.$", "$.Get.result"),
    ),
    (
        "warning",
        "path-undocumented",
        "Put",
        "Parameters.a.=",
        reading("Put", "a.=", "_context.run"),
    ),
    ("warning", "input-not-required", "Put", "Parameters.a.$", reading("Put", "a.$", "$.note")),
    (
        "warning",
        "predecessor-may-not-have-run",
        "Put",
        "Parameters.tasks[0].kwargs.previous_step_output.$",
        provenance("$.made"),
    ),
    (
        "warning",
        "state-wiped",
        "Get",
        "Catch[1].ResultPath",
        put("Get", Catch=[CATCHER, {"ErrorEquals": ["States.ALL"], "Next": "End"}]),
    ),
    (
        "warning",
        "state-unreachable",
        "Make",
        "",
        put("Which", Choices=[{"Variable": "$.name", "IsNull": True, "Next": "Put"}]),
    ),
    (
        "warning",
        "no-default",
        "Which",
        "Default",
        put(
            "Which",
            Default=None,
            Choices=[
                *FLOW["States"]["Which"]["Choices"],
                {"Variable": "$.name", "IsNull": True, "Next": "Put"},
            ],
        ),
    ),
    ("warning", "retired-url", "Put", "ActionUrl", old_transfer),
    ("warning", "retired-url", "Get", "Handler.Url", funcx),
    ("warning", "private-leak", "Put", "Parameters.key.$", reading("Put", "key.$", KEY)),
    (
        "warning",
        "private-leak",
        "Put",
        "Parameters.deep[0].key.=",
        put("Put", Parameters={"deep": [{"key.=": "_private_key"}]}),
    ),
    ("warning", "private-leak", "Put", "InputPath", put("Put", Parameters=None, InputPath=KEY)),
    (
        "warning",
        "private-leak",
        "Make",
        "Parameters.key.$",
        put("Make", Result=None, Parameters={"key.$": KEY, PRIVATE: ["key"]}),
    ),
    ("warning", "private-leak", "Failed", "CausePath", put("Failed", CausePath=KEY)),
]


@pytest.mark.parametrize(("severity", "code", "state", "field", "plant"), OF_RUNS)
def test_what_goes_wrong_in_a_run_is_found(
    severity: str, code: str, state: str, field: str, plant: Callable[[States], Any]
) -> None:
    def planted(states: States) -> None:
        states["End"] = {"Type": "Pass", "End": True}
        states["Get"]["Catch"] = [*states["Get"]["Catch"], {**CATCHER, "Next": "End"}]
        plant(states)

    found = [each for each in found_in(planted, input_schema=SCHEMA) if each.state != "End"]
    assert [(each.severity, each.code, each.state, each.field) for each in found][:1] == [
        (severity, code, state, field)
    ]


def test_an_action_that_wipes_the_state_leaves_nothing_to_read_after_it() -> None:
    wiped, lost, *more = found_in(put("Get", ResultPath=None))
    assert (wiped.code, wiped.state, wiped.field) == ("state-wiped", "Get", "ResultPath")
    assert (lost.code, lost.state, lost.field) == (
        *("path-never-written", "Which"),
        "Choices[0].Variable",
    )
    assert "$ has action_id" in lost.mend
    assert [(each.code, each.state) for each in more] == [("path-never-written", "Put")]


@pytest.mark.parametrize("known", [{}, {"input_schema": SCHEMA}, {"run_input": {"name": "a"}}])
@pytest.mark.parametrize("place", [None, "$"])
def test_what_a_catch_has_replaced_is_not_said_to_be_lacking_in_the_input(
    known: dict[str, Any], place: str | None
) -> None:
    catcher = {"ErrorEquals": ["States.ALL"], "Next": "Put", "ResultPath": place}

    def plant(states: States) -> None:
        put("Get", Catch=[{key: each for key, each in catcher.items() if each}])(states)
        reading("Put", "a.$", "$.name")(states)

    found = [each for each in found_in(plant, **known) if each.state == "Put"]
    assert [(each.code, each.field) for each in found] == [
        ("path-not-always-written", "Parameters.a.$")
    ]
    assert found[0].sentence == (
        "On some way that leads here there is no $.name: the error that a Catch of Get caught has "
        "replaced the whole state."
    )


def test_what_the_input_may_lack_is_said_of_the_input_where_nothing_replaced_the_state() -> None:
    (found,) = found_in(reading("Put", "a.$", "$.note"), input_schema=SCHEMA)
    assert found.sentence == "$.note is read, and the input may lack it: it is not required."


UNRUN = ["$.Get.details[*]", "$.Get.*", "$..details", "$.Get.details[?(@.a)].b"]


@pytest.mark.parametrize("path", UNRUN)
@pytest.mark.parametrize(
    ("field", "plant"),
    [
        ("Parameters.a.$", lambda path: reading("Put", "a.$", path)),
        ("Parameters.a.=", lambda path: reading("Put", "a.=", f"len(`{path}`)")),
        ("InputPath", lambda path: put("Put", Parameters=None, InputPath=path)),
    ],
)
def test_a_part_of_jsonpath_that_the_service_may_know_is_no_error(
    path: str, field: str, plant: Callable[[str], Callable[[States], Any]]
) -> None:
    (found,) = found_in(plant(path), input_schema=SCHEMA)
    assert (found.code, found.field, found.is_error) == ("path-not-run-here", field, False)
    assert path in found.sentence


def test_beside_a_path_that_cannot_be_run_the_rest_is_looked_at_as_ever() -> None:
    found = found_in(reading("Put", "a.$", "$.Get[*]._private_key", b="`$.x[*]`", **{"c.$": "$.x"}))
    assert [(each.code, each.field) for each in found] == [
        ("path-not-run-here", "Parameters.a.$"),
        ("private-leak", "Parameters.a.$"),
    ]
    (found,) = found_in(put("Put", ResultPath="$.a[*]"))
    assert found.is_error


def test_what_one_action_is_given_in_private_is_shown_by_no_other() -> None:
    def plant(states: States) -> None:
        states["Get"]["Parameters"] |= {"key.$": "$.word", PRIVATE: ["key"]}
        reading("Put", "said.$", "$.word", **{"other.$": "$.words"})(states)

    (found,) = found_in(plant)
    assert (found.code, found.state) == ("private-leak", "Put")
    assert "$.word is given in private to Get" in found.sentence
    hidden = {"said.$": "$.word", PRIVATE: ["said"]}
    assert found_in(lambda states: (plant(states), put("Put", Parameters=hidden)(states))) == []


SECRETS = [
    *[{key: "s3cret-word"} for key in ("password", "apiKey", "db_password", "token", "API-Key")],
    *({"a": [{"access_token": "0123456789"}]}, {"args": [f"AKIA{'A1' * 8}"]}),
    *({"header": f"Bearer {'a' * 24}"}, {"url": "postgresql://me:word@db.example.org/runs"}),
    *({"x.=": f"'ghp_{'a' * 36}'"}, {"secret": "a", PRIVATE: ["secret"]}),
]
NO_SECRETS = [
    *({"password": ""}, {"password": "<your password>"}, {"token": "xxxx"}, {"token": 7}),
    *({"token.$": "$.name"}, {"password.=": "name"}, {"next_token": "0123456789"}),
    *({"token_url": "https://auth.example.org/token"}, {"api_key": "your-key"}),
    *({"secrets": "abc"}, {"keyboard": "qwerty"}, {"url": "https://example.org:443/a@b"}),
    *({"tokens": ["a"]}, {"password": "in the vault of the group"}),
]


@pytest.mark.parametrize("parameters", SECRETS, ids=str)
def test_a_secret_in_a_definition_is_found_and_not_shown(parameters: dict[str, Any]) -> None:
    (found,) = found_in(put("Put", Parameters=parameters))
    assert (found.code, found.state, found.is_error) == ("secret-in-definition", "Put", False)
    assert not [text for text in ("s3cret", "AKIA", "0123", "aaaa", "word@") if text in str(found)]


@pytest.mark.parametrize("parameters", NO_SECRETS, ids=str)
def test_what_is_no_secret_is_not_taken_for_one(parameters: dict[str, Any]) -> None:
    assert found_in(put("Put", Parameters=parameters)) == []


def test_what_is_hidden_where_it_is_shown_is_no_leak() -> None:
    hidden = {"key.$": KEY, PRIVATE: ["key"], "_private_other.$": KEY}
    assert found_in(put("Put", Parameters=hidden)) == []
    assert found_in(put("Make", Result=None, Parameters={"_private_key.$": KEY})) == []


def test_a_name_that_hides_nothing_is_found() -> None:
    told = {"key.$": "$.name", PRIVATE: ["kee"]}
    (found,) = found_in(put("Put", Parameters=told))
    assert (found.code, found.field) == ("private-leak", f"Parameters.{PRIVATE}")


def test_a_retired_transfer_is_told_todays_names() -> None:
    (found,) = found_in(old_transfer)
    assert found.mend == (
        "Write https://transfer.actions.globus.org/transfer, and rename source_endpoint_id to "
        "source_endpoint, destination_endpoint_id to destination_endpoint, transfer_items to DATA."
    )


def test_a_misspelt_field_is_told_the_one_that_was_meant() -> None:
    (found,) = found_in(put("Get", ResultPth="$.x", ResultPath=None))
    assert found.mend == "Did you mean 'ResultPath'?"


@pytest.mark.parametrize(
    "definition", [None, [], "", {"States": 1}, {"StartAt": []}, {"States": {}}]
)
def test_what_is_no_definition_has_an_error_and_nothing_else(definition: Any) -> None:
    assert all(each.is_error for each in check(definition))
    assert check(definition)
