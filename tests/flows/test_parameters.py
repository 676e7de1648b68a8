"""Tests of the Parameters of a state."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braid_db.flows import parameters
from braid_db.flows.errors import FlowDefinitionInvalid, FlowPathInvalid, FlowStateError
from braid_db.flows.scope import Scope, visible

STATE = {
    "Path": {"To": {"Value": [1, 2], "SuffixString": "suffix"}},
    "Child": {"Val": {"Path": {"x": 1}}},
    "_private": {"password": "pw"},
    "a": 1,
}
SCOPE = Scope(STATE, {"run_id": "R"})


def evaluate(given_parameters: Any) -> parameters.Evaluated:
    parameters.check(given_parameters, "the Parameters of state 'S'")
    return parameters.evaluate(given_parameters, SCOPE, "the Parameters of state 'S'")


def test_constants_references_and_expressions_stand_side_by_side() -> None:
    # the authoring guide's example of an ExpressionEval
    found = evaluate(
        {
            "constant_val": 10,
            "reference_value.$": "$.Path.To.Value",
            "expression_value.=": "'Constant string ' + `$.Path.To.SuffixString`",
            "nested_value": {"child_const_val": True, "child_ref_val.$": "$.Child.Val.Path"},
            "secret_value": "MyPassword",
            "__Private_Parameters": ["secret_value"],
        }
    )
    shown = {
        "constant_val": 10,
        "reference_value": [1, 2],
        "expression_value": "Constant string suffix",
        "nested_value": {"child_const_val": True, "child_ref_val": {"x": 1}},
    }
    assert found.value == {**shown, "secret_value": "MyPassword"}
    assert found.logged == shown


def test_they_are_evaluated_inside_lists_of_lists() -> None:
    found = evaluate({"tasks": [{"args": [[{"a.$": "$.a"}], {"b.=": "a + 1"}, "c.$"]}]})
    assert found.value == {"tasks": [{"args": [[{"a": 1}], {"b": 2}, "c.$"]}]}


def test_private_parameters_are_kept_from_logs_at_any_depth_and_whatever_their_suffix() -> None:
    found = evaluate(
        {
            "server": {
                "password.$": "$._private.password",
                "token.=": "'t' + 'k'",
                "url": "https://example.com",
                "__Private_Parameters": ["password", "token.="],
            },
            "items": [{"key": 1, "__Private_Parameters": ["key", "not there"]}],
        }
    )
    assert found.value == {
        "server": {"password": "pw", "token": "tk", "url": "https://example.com"},
        "items": [{"key": 1}],
    }
    assert found.logged == {"server": {"url": "https://example.com"}, "items": [{}]}


def test_what_the_state_keeps_private_is_kept_from_logs_where_it_is_passed_whole() -> None:
    found = evaluate({"payload.$": "$"})
    assert found.value == {"payload": STATE}
    assert found.logged == {"payload": visible(STATE)}
    assert "_private" not in found.logged["payload"]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"a.$": 1}, "'a.\\$' in the Parameters of state 'S' is no text; expected a path"),
        ({"a.=": ["x"]}, "is no text; expected an expression"),
        ({"a.=": "1 +"}, "invalid syntax"),
        ({"a": 1, "a.$": "$.a"}, "'a' is given more than once"),
        ({"x": [{"a.$": "$.a", "a.=": "a"}]}, "given more than once in .*x\\[0\\]"),
        ({"__Private_Parameters": "a"}, "no list of names"),
        ({"__Private_Parameters": [1]}, "no list of names"),
    ],
)
def test_parameters_that_never_work_are_refused_with_their_field(
    wrong: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(FlowDefinitionInvalid, match=complaint):
        parameters.check(wrong, "the Parameters of state 'S'")


def test_a_path_that_cannot_be_read_is_refused_with_its_field() -> None:
    with pytest.raises(FlowPathInvalid, match=r"In 'a\.\$' in .*tasks\[0\]: The path '\$\.\.x'"):
        parameters.check({"tasks": [{"a.$": "$..x"}]}, "the Parameters of state 'S'")


def test_a_path_to_nothing_names_the_field_and_what_the_state_has() -> None:
    with pytest.raises(FlowStateError) as caught:
        evaluate({"subject.$": "$.destination.path"})
    assert caught.value.error == "States.Runtime"
    assert caught.value.explanation == (
        "Nothing stands at the path '$.destination.path' of 'subject.$' in the Parameters of "
        "state 'S'; the run's state has: Child, Path, _context, _private, a"
    )


constants = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5).filter(
                lambda key: not key.endswith((".$", ".=")) and not key.startswith("_")
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(constants)
def test_constants_come_out_as_they_are(value: Any) -> None:
    assert evaluate(value) == parameters.Evaluated(value, value)


@given(st.dictionaries(st.sampled_from(["_private", "_private_x", "_x", "y"]), constants))
def test_what_is_visible_has_no_private_member_and_everything_else(value: dict[str, Any]) -> None:
    shown = visible(value)
    assert set(shown) == {key for key in value if not key.startswith("_private")}
    assert visible(shown) == shown
