"""Flows that read what may not be there, and definitions with something changed in them."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from tests.flows.checking.published import accepted
from tests.flows.instrumenting.strategies import Told, flows

PLACES = [
    *["a", "folder.path", "error.Error"] * 3,
    *("vars", "vars.x", "vars.more", "vars.more.all", "vars.deep.er", "shared"),
    *("shared.status", "error", "error.input", "nowhere", "a.b", "_context.run_id"),
]
OF_STATES = ["S0", "S1", "S0.status", "S1.status", "S2.details", "S0.details.token", "S1.Error"]


@st.composite
def reading_flows(draw: st.DrawFn) -> Told:
    """Draw a flow some of whose states read places that some way, or no way, has written."""
    told: Told = draw(flows())
    definition = copy.deepcopy(told.definition)
    states = definition["States"]
    leading_on = [each for each in states.values() if each["Type"] == "Action" and "Next" in each]
    if leading_on and draw(st.booleans()):
        draw(_losing(draw(st.sampled_from(leading_on))))
    for state in states.values():
        if draw(st.sampled_from([True, False, False])):
            draw(_reading(state))
    return Told(definition, told.outcomes)


@st.composite
def _losing(draw: st.DrawFn, state: dict[str, Any]) -> None:
    """Let an Action, or a Catch of it, replace the whole state, or keep its error."""
    if draw(st.booleans()):
        state.pop("ResultPath", None)
    else:
        place = draw(st.sampled_from([{}, {"ResultPath": "$.error"}]))
        state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": state["Next"], **place}]


@st.composite
def _reading(draw: st.DrawFn, state: dict[str, Any]) -> None:
    """Let a state read one place more."""
    place = draw(st.sampled_from(PLACES + OF_STATES))
    path = f"$.{place}"
    if state["Type"] == "Fail":
        del state["Cause"]
        state["CausePath"] = path
    elif state["Type"] == "Choice":
        rule = draw(st.sampled_from([{"IsNull": True}, {"StringEqualsPath": "$.a"}]))
        tested = {"Variable": path, **rule}
        rules = [tested, {"Not": tested}, {"Or": [tested, tested]}]
        following = {"Next": state["Default"]}  # onward: no run is to go round for ever
        state["Choices"].insert(0, {**draw(st.sampled_from(rules)), **following})
    elif "Parameters" in state:
        state["Parameters"] |= draw(_field(place))
    elif state["Type"] == "Pass" and "Result" not in state:
        state["InputPath"] = path


def _field(place: str) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a field that reads a place, or asks for it first."""
    top, _, member = place.partition(".")
    asked = f"{place} if is_present('{place}') else 0"
    found = f"'{member}' in {top} and {place}" if member and "." not in member else asked
    return st.sampled_from(
        [
            {"raw.$": f"$.{place}"},
            {"raw": [{"er.=": f"[{place}]"}]},
            {"raw.=": f"[`$.{place}`, 1]"},
            {"raw.=": f"[each for each in [{place}]]"},
            {"raw.=": f"getattr('{place}', 0)"},
            {"raw.=": asked},
            {"raw.=": found if top in ("folder", "a") else asked},
        ]
    )


VALUES = [None, True, 0, -1, 2.5, "", "Done", "$.a", "$", "$.a[*]", "https://a.example.org", [], {}]
KEYS = [
    *("Next", "End", "Type", "ResultPath", "InputPath", "Parameters", "Catch", "Choices", "Result"),
    *("Default", "Variable", "And", "Not", "IsPresent", "NumericEquals", "Seconds", "WaitTime"),
    *("Nxt", "Resource", "Timestamp", "RunAs", "Handler", "Id", "Url", "x.$", "x.="),
]


@st.composite
def changed_definitions(draw: st.DrawFn) -> Any:
    """Draw a published definition with one to three things changed anywhere in it."""
    definition = copy.deepcopy(draw(st.sampled_from(list(accepted().values()))))
    for _ in range(draw(st.integers(1, 3))):
        holders = [each for each in _holders(definition) if each]
        if holders:
            draw(_change(draw(st.sampled_from(holders))))
    return definition


@st.composite
def _change(draw: st.DrawFn, holder: Any) -> None:
    places = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    place = draw(st.sampled_from(places))
    how = draw(st.sampled_from(["drop", "replace", "add", "type"]))
    if how == "drop":
        del holder[place]
    elif how == "replace":
        holder[place] = copy.deepcopy(draw(st.sampled_from(VALUES)))
    elif isinstance(holder, dict):
        types = ["Action", "Choice", "Pass", "Wait", "Fail", "ExpressionEval", "AwaitWebInput", "X"]
        key = "Type" if how == "type" else draw(st.sampled_from(KEYS))
        value = draw(st.sampled_from(types if how == "type" else VALUES))
        holder[key] = copy.deepcopy(value)


def _holders(value: Any) -> list[Any]:
    """Return all objects and lists in a value, it included."""
    inner = value.values() if isinstance(value, dict) else value
    found = [each for item in inner if isinstance(item, dict | list) for each in _holders(item)]
    return [value, *found]
