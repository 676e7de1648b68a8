"""What is known of a run's state where ways part, meet, and go round."""

from __future__ import annotations

from typing import Any

import pytest

from braid_db.flows.checking import check

URL = "https://actions.example.org/run"
NEVER, SOMETIMES = "path-never-written", "path-not-always-written"


def flow(read: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Return a loop around an action, after which something is read."""
    states = {
        "Begin": {"Type": "Pass", "Result": {"index": 0}, "ResultPath": "$.loop", "Next": "Left"},
        "Left": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.loop.index", "NumericLessThan": 3, "Next": "Do"}],
            "Default": "Read",
        },
        "Do": {"Type": "Action", "ActionUrl": URL, "ResultPath": "$.Do", "Next": "On"},
        "On": {
            "Type": "ExpressionEval",
            "Parameters": {"index.=": "loop.index + 1"},
            "ResultPath": "$.loop",
            "Next": "Left",
        },
        "Read": {"Type": "Pass", "ResultPath": "$.read", "End": True, **read},
    }
    return {"StartAt": "Begin", "States": {**states, **changed}}


def by(**parameters: str) -> dict[str, Any]:
    return {
        "Parameters": {f"value.{'=' if key == 'e' else '$'}": it for key, it in parameters.items()}
    }


CHOOSING = {
    "Type": "Choice",
    "Choices": [{"Variable": "$.Do", "IsPresent": False, "Next": "Done"}],
    "Default": "After",
}
DONE = {"Type": "Pass", "End": True}
COPY = {"Type": "Pass", "InputPath": "$", "ResultPath": "$.all", "Next": "On"}


@pytest.mark.parametrize(
    ("read", "changed", "expected"),
    [
        (by(p="$.loop.index"), {}, None),
        (by(p="$.Do.status"), {}, SOMETIMES),
        (by(p="$.Done"), {}, NEVER),
        (by(p="$.loop.count"), {}, NEVER),
        (by(e="getattr('Do.status', None)"), {}, None),
        (by(e="Do.status if is_present('Do') else 0"), {}, None),
        (by(e="Do.status if loop.index > 0 else 0"), {}, SOMETIMES),
        (by(e="[Do.status for each in [1]]"), {}, SOMETIMES),
        (by(e="[Do for Do in [1]]"), {}, None),
        (by(e="'index' in loop and loop.index"), {}, None),
        (by(e="Done.status if loop.index > 0 else 0"), {}, NEVER),
        ({**CHOOSING}, {"After": {**DONE, **by(p="$.Do.status")}, "Done": DONE}, None),
        ({**CHOOSING}, {"After": DONE, "Done": {**DONE, **by(p="$.Do")}}, NEVER),
        (by(p="$.all.all.loop.index"), {"Do": COPY}, SOMETIMES),
    ],
)
def test_a_read_is_found_by_all_ways_that_lead_to_it(
    read: dict[str, Any], changed: dict[str, Any], expected: str | None
) -> None:
    if read.get("Type") == "Choice":
        changed = {**changed, "Read": read}
        read = {}
    found = check(flow(read, **changed), run_input={})
    assert [each.code for each in found] == ([expected] if expected else [])


CALL = {"Type": "Action", "ActionUrl": URL}
CAUGHT = {"Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Use"}]}
OPEN_SCHEMA = {"type": "object", "properties": {}}


@pytest.mark.parametrize("place", ["$.own.First", "$.First"])
@pytest.mark.parametrize("deeper", ["", ".status", ".details.result[0]", ".details.made.of"])
@pytest.mark.parametrize(
    ("caught", "begins", "sentence"),
    [
        (CAUGHT, "First", "Some way through the flow leads here without having written"),
        ({}, "Use", "No way through the flow has written"),
    ],
)
@pytest.mark.parametrize("schema", [None, OPEN_SCHEMA])
def test_an_unknown_input_is_not_taken_to_hold_the_result_of_an_action(
    place: str, deeper: str, caught: Any, begins: str, sentence: str, schema: Any
) -> None:
    use = {"Type": "Pass", "InputPath": f"{place}{deeper}", "ResultPath": "$.used"}
    states = {
        "First": {**CALL, "ResultPath": place, **caught, "Next": "Use" if caught else "Last"},
        "Use": {**use, "Next": "Last" if caught else "First"},
        "Last": {"Type": "Pass", "End": True},
    }
    found = check({"StartAt": begins, "States": states}, input_schema=schema)
    [of_use] = [each for each in found if each.state == "Use"]
    assert of_use.code == SOMETIMES
    assert of_use.sentence.startswith(sentence)


def test_a_part_of_the_input_that_becomes_the_state_holds_no_result_either() -> None:
    states = {
        "Unwrap": {"Type": "Pass", "InputPath": "$.input", "ResultPath": "$", "Next": "Use"},
        "Use": {**CALL, "Parameters": {"a.$": "$.Use.details.result[0]"}, "ResultPath": "$.Use"},
    }
    states["Use"]["End"] = True
    [found] = check({"StartAt": "Unwrap", "States": states})
    assert (found.code, found.state) == (SOMETIMES, "Use")


def test_an_unknown_input_may_hold_what_a_pass_makes_anew() -> None:
    count = {"Parameters": {"count.=": "loop.count + 1"}, "ResultPath": "$.loop"}
    states = {"Count": {"Type": "ExpressionEval", **count, "End": True}}
    assert check({"StartAt": "Count", "States": states}) == []


def test_a_state_that_is_put_into_itself_without_end_is_followed_to_an_end() -> None:
    names = [f"P{number}" for number in range(6)]
    whole = {f"m{number}.$": "$" for number in range(6)}
    states: dict[str, Any] = {"Done": DONE}
    for name in names:
        rules = [{"Variable": "$.x", "IsPresent": True, "Next": each} for each in names]
        states[f"C{name}"] = {"Type": "Choice", "Choices": rules, "Default": "Done"}
        states[name] = {"Type": "Pass", "Parameters": {**whole, "x": 1}, "Next": f"C{name}"}
    assert check({"StartAt": "P0", "States": states}) == []
    states["P0"]["Parameters"]["y.$"] = "$.nowhere"
    assert [each.field for each in check({"StartAt": "P0", "States": states}, run_input={})][
        -1
    ] == "Parameters.y.$"
