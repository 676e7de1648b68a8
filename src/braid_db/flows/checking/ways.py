"""What a run's state may look like at each state of a flow, over all ways that lead there."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from braid_db.flows.checking.choosing import Decision
from braid_db.flows.checking.reads import Read, reads_of, whole
from braid_db.flows.checking.shape import (
    ABSENT,
    ANYTHING,
    GIVEN,
    MADE,
    NOTHING,
    UNDOCUMENTED,
    UNKNOWN,
    WRITTEN,
    Member,
    Shape,
    document,
    of_members,
    of_value,
)
from braid_db.flows.instrumenting.origins import is_identity
from braid_db.flows.instrumenting.reading import ROOT, Path, State, States, result_path
from braid_db.flows.instrumenting.reads import EXPRESSION, REFERENCE, is_computed
from braid_db.flows.parameters import PRIVATE
from braid_db.flows.scope import CONTEXT, make_context

_STATUS = (
    *("state_name", "action_id", "status", "details", "completion_time", "creator_id"),
    *("display_status", "label", "manage_by", "monitor_by", "release_after", "start_time"),
)
"""The members of an action's status document."""

_DEEPEST = 12
_MOST_MEMBERS = 10_000
"""How much is kept of one shape: a loop can put a run's state into itself without end."""


def at_start(state: Shape) -> Shape:
    """Return the shape of a run's state at its start, the run's context beside it."""
    context = Shape(of_value(make_context("", ""), GIVEN).members, frozenset({UNDOCUMENTED}))
    return state.put((CONTEXT,), Member(frozenset({GIVEN}), context))


def shapes_of(start: str, states: States, begin: Shape) -> dict[str, Shape]:
    """Follow all ways through a flow, and return how the run's state may look at each state.

    :param begin: what the run's input may look like.
    :returns: only for the states that a run may come to.
    """
    reads = {name: list(reads_of(state)) for name, state in states.items()}
    results = set(_results(states))
    shapes, waiting = {start: at_start(begin).doubted(results)}, deque([start])
    depths = dict.fromkeys(states, _DEEPEST)
    while waiting:
        name = waiting.popleft()
        for target, left in _after(name, states[name], shapes[name], reads[name]):
            known, after = shapes.get(target), left.doubted(results)
            joined = after if known is None else known.joined(after.cut(depths[target]))
            if joined is known:
                continue
            too_deep = joined.depth_within(_MOST_MEMBERS)
            if too_deep is not None:
                depths[target] = min(depths[target], max(1, too_deep))
            joined = joined.cut(depths[target])
            if joined != known:
                shapes[target] = joined
                waiting.append(target)
    return shapes


def _results(states: States) -> Iterator[Path]:
    """Yield where the results of actions and web inputs go, and the errors that are caught.

    These a flow has by running. What a Pass makes may begin as the input's, as a counter does.
    """
    for state in states.values():
        makes = state["Type"] in ("Action", "CreateWebInput", "AwaitWebInput")
        for fields in (*([state] if makes else []), *state.get("Catch", [])):
            path = result_path(fields)
            if path != ROOT and path == whole(fields["ResultPath"]):
                yield path


def _after(name: str, state: State, shape: Shape, reads: list[Read]) -> Iterator[tuple[str, Shape]]:
    """Yield where a run may go on, and what its state may look like there."""
    if state["Type"] == "Choice":
        decision = Decision(shape)
        for index, rule in enumerate(state["Choices"]):
            fits = decision.take(rule, f"Choices[{index}]")
            if fits is not None:
                yield rule["Next"], fits
        if "Default" in state and decision.left is not None:
            yield state["Default"], decision.left
        return
    for read in reads:
        shape = shape.present(read.path) if read.is_sure else shape
    if "Next" in state:
        yield state["Next"], _done(name, state, shape)
    for catcher in state.get("Catch", []):
        by = f"the error that a Catch of {name} caught"
        yield catcher["Next"], _put(by, catcher, shape, document(("Error", "Cause"), ABSENT))


def _done(name: str, state: State, shape: Shape) -> Shape:
    """Return the shape after a state has done what it is for."""
    kind, by = state["Type"], f"the result of {name}"
    if kind == "Wait" or is_identity(state):
        return shape
    if kind == "Action":
        return _put(by, state, shape, document(_STATUS, UNDOCUMENTED))
    if kind == "CreateWebInput":
        return _put(by, state, shape, document(("web_input_id",), UNKNOWN))
    if kind == "AwaitWebInput":
        return _put(by, state, shape, document(("web_input_id", "response"), UNKNOWN))
    if "Result" in state:
        return _put(by, state, shape, of_value(state["Result"], MADE), MADE)
    if "Parameters" in state:
        return _put(by, state, shape, _evaluated(state["Parameters"], shape), MADE)
    return _put(by, state, shape, _at(state.get("InputPath", "$"), shape), MADE)


def _put(by: str, fields: State, shape: Shape, value: Shape, how: str = WRITTEN) -> Shape:
    """Return the shape with a result at a state's or catcher's ResultPath.

    :param by: what the result is, for whoever misses what it took the place of.
    """
    path = result_path(fields)
    if path != whole(fields.get("ResultPath", "$")):
        # It goes into a list, of which nothing is known.
        there = shape.find(path)
        return shape.put(path, Member(there.how, ANYTHING))
    if path != ROOT:
        return shape.put(path, Member(frozenset({how}), value))
    if how == WRITTEN:
        value = Shape(value.members)  # of what was there before, nothing is left
    return replace(value.put((CONTEXT,), shape.member(CONTEXT)), replaced_by=frozenset({by}))


def _at(path: str, shape: Shape) -> Shape:
    place = whole(path)
    if place is None:
        return ANYTHING
    found = shape.find(place).shape
    return found.without(CONTEXT) if place == ROOT else found


def _evaluated(value: Any, shape: Shape) -> Shape:
    """Return the shape of what Parameters come to."""
    if not isinstance(value, dict):
        return NOTHING
    fields = {
        key.removesuffix(REFERENCE).removesuffix(EXPRESSION): _field(key, inner, shape)
        for key, inner in value.items()
        if key != PRIVATE
    }
    return of_members(fields, MADE)


def _field(key: str, value: Any, shape: Shape) -> Shape:
    if not is_computed(key):
        return _evaluated(value, shape)
    return _at(value, shape) if key.endswith(REFERENCE) else ANYTHING
