"""Tests of the rules of a Choice state."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braid_db.flows import choice
from braid_db.flows.errors import FlowDefinitionInvalid, FlowPathInvalid, FlowStateError
from braid_db.flows.scope import Scope

STATE: dict[str, Any] = {
    "text": "b",
    "other": "c",
    "number": 2,
    "float": 2.0,
    "true": True,
    "null": None,
    "time": "2026-01-31T12:00:00Z",
    "same_time": "2026-01-31T13:00:00+01:00",
    "later": "2026-01-31T12:00:00.5Z",
    "small": "2026-01-31t12:00:00z",
    "date": "2026-01-31",
    "list": [],
}
SCOPE = Scope(STATE, {"run_id": "R"})


def holds(rule: dict[str, Any], scope: Scope = SCOPE) -> bool:
    choice.check(rule, "Choices[0]")
    return choice.matches(rule, scope, "Choices[0] of state 'S'")


@pytest.mark.parametrize(
    ("variable", "comparison", "operand", "expected"),
    [
        ("text", "StringEquals", "b", True),
        ("text", "StringEquals", "B", False),
        ("text", "StringLessThan", "c", True),
        ("text", "StringLessThan", "b", False),
        ("text", "StringGreaterThan", "a", True),
        ("text", "StringLessThanEquals", "b", True),
        ("text", "StringGreaterThanEquals", "c", False),
        ("text", "StringEqualsPath", "$.text", True),
        ("text", "StringLessThanPath", "$.other", True),
        ("number", "StringEquals", "2", False),
        ("number", "NumericEquals", 2, True),
        ("float", "NumericEquals", 2, True),
        ("true", "NumericEquals", 1, False),
        ("text", "NumericEquals", 2, False),
        ("number", "NumericLessThan", 2.5, True),
        ("number", "NumericGreaterThan", 2, False),
        ("number", "NumericLessThanEquals", 2, True),
        ("number", "NumericGreaterThanEquals", 3, False),
        ("number", "NumericLessThanPath", "$.float", False),
        ("number", "NumericLessThanPath", "$.text", False),
        ("true", "BooleanEquals", True, True),
        ("true", "BooleanEquals", False, False),
        ("number", "BooleanEquals", False, False),
        ("null", "BooleanEquals", False, False),
        ("true", "BooleanEqualsPath", "$.true", True),
        ("time", "TimestampEquals", "2026-01-31T12:00:00Z", True),
        ("time", "TimestampEqualsPath", "$.same_time", True),
        ("time", "TimestampLessThanPath", "$.later", True),
        ("time", "TimestampGreaterThan", "2026-01-31T12:00:00+01:00", True),
        ("time", "TimestampLessThanEquals", "2026-01-31T12:00:00Z", True),
        ("time", "TimestampGreaterThanEquals", "2026-01-31T12:00:01Z", False),
        ("date", "TimestampEquals", "2026-01-31T00:00:00Z", False),
        ("text", "StringMatches", "*", True),
        ("null", "StringMatches", "*", False),
        ("null", "IsNull", True, True),
        ("text", "IsNull", False, True),
        ("null", "IsPresent", True, True),
        ("missing", "IsPresent", True, False),
        ("missing", "IsPresent", False, True),
        ("number", "IsNumeric", True, True),
        ("true", "IsNumeric", False, True),
        ("text", "IsString", True, True),
        ("true", "IsBoolean", True, True),
        ("time", "IsTimestamp", True, True),
        ("small", "TimestampEqualsPath", "$.time", True),
        ("date", "IsTimestamp", True, False),
        ("list", "IsString", False, True),
    ],
)
def test_a_comparison_holds_only_between_values_of_its_type(
    variable: str, comparison: str, operand: Any, expected: bool
) -> None:
    assert holds({"Variable": f"$.{variable}", comparison: operand}) is expected


@pytest.mark.parametrize(
    "value", ["2026-02-30T00:00:00Z", "2026-01-31T12:00:00", "2026-01-31 12:00:00Z", "now", 5]
)
def test_what_is_no_rfc_3339_time_is_no_timestamp(value: Any) -> None:
    assert not choice.is_timestamp(value)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("scan*.h5", "scan_1.h5", True),
        ("scan*.h5", "scan_1.h5.bak", False),
        ("*.log", "a\nb.log", True),
        (r"a\*b", "a*b", True),
        (r"a\*b", "axb", False),
        (r"a\\*", r"a\x", True),
        ("a.b", "axb", False),
        ("[ab]", "a", False),
    ],
)
def test_a_star_matches_any_text_and_nothing_else_is_special(
    pattern: str, text: str, expected: bool
) -> None:
    assert holds({"Variable": "$.v", "StringMatches": pattern}, Scope({"v": text}, {})) is expected


def test_rules_are_combined_and_stop_at_the_first_that_decides() -> None:
    present = {"Variable": "$.missing", "IsPresent": True}
    of_missing = {"Variable": "$.missing", "StringEquals": "x"}
    assert holds({"And": [present, of_missing], "Next": "N"}) is False
    assert holds({"Or": [{"Not": present}, of_missing], "Next": "N"}) is True
    assert holds({"Not": {"And": [{"Not": present}, {"Not": present}]}}) is False


def test_a_path_to_nothing_ends_the_run_unless_presence_is_asked_for() -> None:
    for rule in (
        {"Variable": "$.missing", "IsNull": True},
        {"Variable": "$.text", "StringEqualsPath": "$.missing"},
    ):
        with pytest.raises(FlowStateError, match=r"'\$\.missing' of Choices\[0\]"):
            holds(rule)


def test_the_context_can_be_compared() -> None:
    assert holds({"Variable": "$._context.run_id", "StringEquals": "R"})


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (1, "no object"),
        ({}, "has the fields none; expected"),
        ({"Variable": "$.a"}, "exactly one comparison"),
        ({"Variable": "$.a", "StringEquals": "a", "IsNull": True}, "exactly one comparison"),
        ({"StringEquals": "a"}, "exactly one comparison"),
        ({"Variable": "$.a", "StringLike": "a"}, "has the fields StringLike, Variable"),
        ({"Variable": 1, "IsNull": True}, "Variable is no text"),
        ({"Variable": "$.a", "StringEquals": 1}, "StringEquals is 1; expected a text"),
        ({"Variable": "$.a", "NumericEquals": True}, "expected a number"),
        ({"Variable": "$.a", "BooleanEquals": "true"}, "expected true or false"),
        ({"Variable": "$.a", "IsPresent": "yes"}, "expected true or false"),
        ({"Variable": "$.a", "TimestampEquals": "2026"}, "expected a time such as"),
        ({"Variable": "$.a", "NumericEqualsPath": 3}, "NumericEqualsPath is no text"),
        ({"And": []}, "And is no list of one or more rules"),
        ({"Or": {}}, "Or is no list of one or more rules"),
        ({"Not": []}, "no object"),
        ({"And": [{"Variable": "$.a", "IsNull": True, "Next": "X"}]}, "Next inside And, Or or Not"),
        ({"Not": {"Variable": "$.a", "IsNull": True, "Next": "X"}}, "Next inside And, Or or Not"),
        ({"And": [{"Variable": "$.a", "IsNull": True}], "Or": []}, "expected And, Or or Not"),
    ],
)
def test_a_rule_that_cannot_be_decided_by_is_refused(rule: Any, complaint: str) -> None:
    with pytest.raises(FlowDefinitionInvalid, match=complaint):
        choice.check(rule, "State 'S': Choices[0]")


def test_a_rule_with_a_path_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(FlowPathInvalid, match="In Choices"):
        choice.check({"Variable": "a.b", "IsNull": True}, "Choices[0]")


def matches_naively(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(matches_naively(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and text[0] == pattern[0] and matches_naively(pattern[1:], text[1:])


@given(st.text("ab*.", max_size=6), st.text("ab.", max_size=8))
def test_string_matches_agrees_with_trying_every_length(pattern: str, text: str) -> None:
    scope = Scope({"v": text}, {})
    assert holds({"Variable": "$.v", "StringMatches": pattern}, scope) is matches_naively(
        pattern, text
    )


@given(st.recursive(st.booleans(), lambda inner: st.lists(inner, min_size=1, max_size=3)))
def test_and_or_and_not_agree_with_python(tree: Any) -> None:
    def rule(part: Any, depth: int = 0) -> dict[str, Any]:
        if isinstance(part, bool):
            return {"Variable": "$.v", "BooleanEquals": part}
        inner = [rule(each, depth + 1) for each in part]
        return {"Not": {"And": inner}} if depth % 2 else {"Or": inner}

    def expected(part: Any, depth: int = 0) -> bool:
        if isinstance(part, bool):
            return part
        inner = [expected(each, depth + 1) for each in part]
        return not all(inner) if depth % 2 else any(inner)

    assert holds(rule(tree), Scope({"v": True}, {})) is expected(tree)
