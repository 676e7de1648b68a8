"""Flows to be instrumented: branches, joins, loops, Catches, wiped states, nested Parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from braid_db.flows.instrumenting.reading import edges
from tests.flows.instrumenting.world import COLLECTIONS, OLD_TRANSFER, OTHER, TRANSFER, Outcome

NOTHING = "nothing-there"
"""What is read where nothing stands."""
MOST_STATES = 7
HOW = [*["done"] * 8, "failed", "refused", "late"]
ERRORS = [["States.ALL"], ["ActionFailedException"], ["ActionUnableToRun", "ActionTimeout"]]


@dataclass(frozen=True)
class Told:
    """A flow, and what is to come of its actions, one execution after the other."""

    definition: dict[str, Any]
    outcomes: list[Outcome]


def flows() -> st.SearchStrategy[Told]:
    """Flows whose every way ends: what goes back does so as often as results say."""
    one = st.builds(Outcome, st.sampled_from(HOW), st.sampled_from([True, True, False]))
    outcomes = st.lists(one, min_size=2, max_size=10)
    return st.builds(Told, definitions(), outcomes)


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the states S0, S1, ...; edges lead to later ones, or back from a Choice."""
    names = [f"S{number}" for number in range(draw(st.integers(1, MOST_STATES)))]
    states = {name: draw(_state(number, names)) for number, name in enumerate(names)}
    if len(names) > 2 and draw(st.booleans()):
        last = draw(st.integers(0, len(names) - 3))
        _loop(states, names, draw(st.integers(0, last)), last)
    return {"StartAt": "S0", "States": states}


def _loop(states: dict[str, Any], names: list[str], first: int, last: int) -> None:
    """Lead from one state back to another as often as the result of an action says."""
    action, choice, after = names[last : last + 3]
    if states[action]["Type"] != "Action":
        states[action] = {"Type": "Action", "ActionUrl": OTHER, **given_to("S0", "vars")}
    states[action] |= {"Next": choice, "ResultPath": f"$.{action}"}
    states[choice] = going_by(action, names[first], after)
    leave_out_none(states, names[first:last], action)


def leave_out_none(states: dict[str, Any], names: list[str], last: str) -> None:
    """Let no way from some states go past another one: that whose result ends their loop."""
    for name in names:
        for holder, field in edges(states[name]):
            holder[field] = min(holder[field], last)


def going_by(asked: str, then: str, otherwise: str) -> dict[str, Any]:
    """Return a Choice by what the result of an action says."""
    variable = f"$.{asked}.details.again"
    rules = [
        {"Variable": variable, "IsPresent": True},
        {"Variable": variable, "BooleanEquals": True},
    ]
    return {"Type": "Choice", "Choices": [{"And": rules, "Next": then}], "Default": otherwise}


@st.composite
def _state(draw: st.DrawFn, number: int, names: list[str]) -> dict[str, Any]:
    kinds = ["Action"] * 6 + ["Choice"] * 2 + ["Pass"] * 2 + ["ExpressionEval", "Wait", "Fail"]
    kind = draw(st.sampled_from(kinds))
    if kind == "Fail":
        return {"Type": "Fail", "Error": "Own", "Cause": "own"}
    later = names[number + 1 :]
    if kind == "Choice" and later:
        return draw(_choice(names[: number + 1], later))
    follow = {"Next": draw(st.sampled_from(later))} if later else {"End": True}
    if kind == "Pass":
        return {"Type": "Pass", **draw(_pass(names)), **follow}
    if kind == "ExpressionEval":
        told = {"all.=": f"[getattr({draw(st.sampled_from(names))!r}, {NOTHING!r})]"}
        place = draw(st.sampled_from(["$.vars", "$.vars.more"]))
        return {"Type": kind, "Parameters": told, "ResultPath": place, **follow}
    if kind == "Wait":
        return {"Type": "Wait", "Seconds": 1, **follow}
    return draw(_action(names[number], names, later)) | follow


@st.composite
def _choice(draw: st.DrawFn, before: list[str], later: list[str]) -> dict[str, Any]:
    asked, one = draw(st.sampled_from(before)), draw(st.sampled_from(later))
    return going_by(asked, one, draw(st.sampled_from(later)))


@st.composite
def _pass(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    one = draw(st.sampled_from(names))
    read, a = f"getattr('{one}', {NOTHING!r})", f"getattr('a', {NOTHING!r})"
    return draw(
        st.sampled_from(
            [
                {},
                {"Result": {"x": 1}, "ResultPath": "$.vars"},
                {"Parameters": {"deep": {"er.=": read}}, "ResultPath": "$.vars"},
                {"Parameters": {"a.=": a, f"{one}.=": read}},
                {"Parameters": {"a.=": a}, "ResultPath": "$"},
                {"InputPath": "$.folder"},
            ]
        )
    )


@st.composite
def _action(draw: st.DrawFn, name: str, names: list[str], later: list[str]) -> dict[str, Any]:
    url = draw(st.sampled_from([OTHER, OTHER, TRANSFER, OLD_TRANSFER]))
    state: dict[str, Any] = {"Type": "Action"}
    is_plain: bool = draw(st.booleans())
    if is_plain:
        state["ActionUrl"] = url
    else:
        state["Handler"] = {"Type": "ActionProvider", "Url": url}
    state |= draw(_input(url, names))
    places = [f"$.{name}"] * 4 + ["$.shared", "$.vars", "$.a", None, "$"]
    place = draw(st.sampled_from(places))
    state |= {} if place is None else {"ResultPath": place}
    if draw(st.booleans()):
        state["ExceptionOnActionFailure"] = draw(st.booleans())
    if later and draw(st.booleans()):
        state["Catch"] = draw(st.lists(_catcher(later), max_size=2))
    return state


@st.composite
def _catcher(draw: st.DrawFn, later: list[str]) -> dict[str, Any]:
    place = draw(st.sampled_from(["$.error", "$.error", "$.vars", None]))
    return {
        "ErrorEquals": draw(st.sampled_from(ERRORS)),
        "Next": draw(st.sampled_from(later)),
        **({} if place is None else {"ResultPath": place}),
    }


@st.composite
def _input(draw: st.DrawFn, url: str, names: list[str]) -> dict[str, Any]:
    one, other = draw(st.sampled_from(names)), draw(st.sampled_from([*names, "vars", "shared"]))
    if url != OTHER:
        files = {
            "source_path.=": f"'/data/' + str(getattr('{one}.details.token', {NOTHING!r}))",
            "destination_path": "/archive/raw",
        }
        old = {f"{key}_id": value for key, value in COLLECTIONS.items()}
        told = {**COLLECTIONS, "DATA": [files]}
        return {"Parameters": told if url == TRANSFER else {**old, "transfer_items": [files]}}
    return given_to(one, other)


def given_to(one: str, other: str) -> dict[str, Any]:
    """Return Parameters that read two members of the state, and hide two things."""
    read = {
        "a.=": f"getattr('a', {NOTHING!r})",
        "deep": [{"one.=": f"getattr('{one}.details', {NOTHING!r})", "constant": 1}],
        "other.=": f"getattr('{other}', {NOTHING!r})",
    }
    hidden = {"word.=": f"getattr('_private_key', {NOTHING!r})", "__Private_Parameters": ["hidden"]}
    return {"Parameters": {**read, **hidden, "hidden": "secret-word"}}
