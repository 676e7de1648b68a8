"""Flows that move what their actions left: copied, gathered, overwritten, the state replaced."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.flows.instrumenting.strategies import ERRORS, NOTHING, Told, going_by, leave_out_none
from tests.flows.instrumenting.world import OTHER, Outcome

MOST_STATES = 8
HOW = [*["done"] * 16, "failed", "refused", "late"]
PLACES = ["x", "y", "z", "x.in", "y.q"]
BELOW = ["x.details", "x.p", "x.q", "x.q.r", "y.q.r", "z.all", "x.in.details"]
READS = [*PLACES, *BELOW, "x", "x", "y", "z", "e"]
BEGIN = {"x": {"n": 1}, "y": {"q": {"n": 1}}, "z": {"all": []}}
"""What the input of a run has at these places."""


def moving() -> st.SearchStrategy[Told]:
    """Flows with branches, joins, loops and Catches."""
    one = st.builds(Outcome, st.sampled_from(HOW), st.sampled_from([True, True, False]))
    return st.builds(Told, _definitions(), st.lists(one, min_size=2, max_size=12))


def straight() -> st.SearchStrategy[Told]:
    """Flows with one way, on which all goes well."""
    return st.builds(Told, _definitions(is_straight=True), st.just([]))


@st.composite
def _definitions(draw: st.DrawFn, *, is_straight: bool = False) -> dict[str, Any]:
    names = [f"S{number}" for number in range(draw(st.integers(3, MOST_STATES)))]
    states: dict[str, Any] = {}
    for number, name in enumerate(names):
        later = names[number + 1 :]
        state = draw(_state(later, is_straight=is_straight))
        if state["Type"] != "Choice":
            onward = later[:1] if is_straight else [*later[:1] * 4, *later]
            follow = draw(st.sampled_from(onward or [""]))
            state |= {"Next": follow} if follow else {"End": True}
        states[name] = state
    if not is_straight and draw(st.integers(0, 2)):
        _loop(draw, states, names)
    return {"StartAt": "S0", "States": states}


def _loop(draw: st.DrawFn, states: dict[str, Any], names: list[str]) -> None:
    """Lead back from behind an action, round by round as its results say."""
    last = draw(st.integers(0, len(names) - 3))
    first = draw(st.integers(0, last))
    states[names[last]] = draw(_action([])) | {"ResultPath": "$.x", "Next": names[last + 1]}
    states[names[last + 1]] = going_by("x", names[first], names[last + 2])
    if first < last and draw(st.booleans()):
        told = {"all.=": f"getattr('z.all', [{NOTHING!r}]) + [x]"}
        states[names[first]] = {"Type": "ExpressionEval", "Parameters": told, "ResultPath": "$.z"}
        states[names[first]]["Next"] = names[first + 1]
        follow = {
            key: states[names[last + 2]][key]
            for key in ("Next", "End")
            if key in states[names[last + 2]]
        }
        reading = {"Type": "Action", "ActionUrl": OTHER, "Parameters": {"x.$": "$.z"}}
        states[names[last + 2]] = {**reading, "ResultPath": "$.y", **(follow or {"End": True})}
    leave_out_none(states, names[first:last], names[last])


@st.composite
def _state(draw: st.DrawFn, later: list[str], *, is_straight: bool) -> dict[str, Any]:
    kinds = ["Action"] * 5 + ["Move"] * 3 + ["Gather", "Replace", "Forget", "Copy"]
    if later and not is_straight:
        kinds += ["Choice"] * 2
    kind = draw(st.sampled_from(kinds))
    if kind == "Choice":
        one, other = draw(st.sampled_from(later)), draw(st.sampled_from(later))
        return going_by(draw(st.sampled_from(["x", "y"])), one, other)
    if kind == "Action":
        return draw(_action([] if is_straight else later))
    place = f"$.{draw(st.sampled_from(PLACES[:3]))}"
    if kind == "Copy":
        return {"Type": "Pass", "InputPath": "$.y", "ResultPath": place}
    return draw(_moving(kind, place))


@st.composite
def _moving(draw: st.DrawFn, kind: str, place: str) -> dict[str, Any]:
    one, other = _read(draw), _read(draw)
    if kind == "Move":
        told = {"p.=": one, "q": {"r.=": other, "s.$": "$.y"}}
        return {"Type": "Pass", "Parameters": told, "ResultPath": place}
    if kind == "Gather":
        told = {"all.=": f"getattr('z.all', [{NOTHING!r}]) + [{one}]"}
        return {"Type": "ExpressionEval", "Parameters": told, "ResultPath": "$.z"}
    if kind == "Replace":
        told = {"x.=": one, "y": {"q.=": other}, "z.=": "getattr('z', 0)", "a.=": "a"}
        return {"Type": "Pass", "Parameters": told}
    return {"Type": "Pass", "Result": {"none": 1}, "ResultPath": place}


@st.composite
def _action(draw: st.DrawFn, later: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {"one.=": _read(draw), "deep": [{"other.=": _read(draw)}]}
    if draw(st.integers(0, 5)) == 0:
        told["all.$"] = "$"
    state = {"Type": "Action", "ActionUrl": OTHER, "Parameters": told}
    state["ResultPath"] = f"$.{draw(st.sampled_from(PLACES))}"
    if draw(st.integers(0, 9)) == 0:
        del state["ResultPath"]
    if later and draw(st.booleans()):
        catch = {"ErrorEquals": draw(st.sampled_from(ERRORS)), "Next": draw(st.sampled_from(later))}
        place = draw(st.sampled_from(["$.e", "$.e", "$.x", None]))
        state["Catch"] = [catch if place is None else {**catch, "ResultPath": place}]
    return state


def _read(draw: st.DrawFn) -> str:
    return f"getattr({draw(st.sampled_from(READS))!r}, {NOTHING!r})"
