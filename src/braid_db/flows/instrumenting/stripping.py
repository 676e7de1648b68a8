"""Taking out what instrumentation added: the flow as it was written."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from braid_db.flows.instrumenting.naming import is_added
from braid_db.flows.instrumenting.reading import (
    ROOT,
    State,
    States,
    edges,
    read_states,
    result_path,
)


def strip(definition: Any) -> dict[str, Any]:
    """Return a definition without the states that were added to it, and a copy of any other.

    :raises FlowDefinitionInvalid: if it is no definition.
    """
    states = read_states(definition)
    result: dict[str, Any] = copy.deepcopy(definition)
    result["StartAt"] = _target(states, definition["StartAt"])
    result["States"] = {
        name: _stripped(state, states)
        for name, state in result["States"].items()
        if not is_added(state)
    }
    return result


def _stripped(state: State, states: States) -> State:
    """Return a state with its edges and result paths as they were."""
    if "Next" in state:
        _put_back(state, state["Next"], states)
    for catcher in state.get("Catch", []):
        _put_back(catcher, catcher["Next"], states)
    own = [catcher for catcher in state.get("Catch", []) if not _fails(states, catcher["Next"])]
    if len(own) < len(state.get("Catch", [])):
        _put_catch_back(state, own)
    for holder, field in list(edges(state)):
        target = _target(states, holder[field])
        if target is None:
            del holder[field]
            holder["End"] = True
        else:
            holder[field] = target
    return state


def _put_catch_back(state: State, own: list[State]) -> None:
    """Leave a state its own catchers; one added to an empty Catch names its error twice."""
    was_empty = len(state["Catch"][-1]["ErrorEquals"]) > 1
    if own or was_empty:
        state["Catch"] = own
    else:
        del state["Catch"]


def _put_back(fields: State, target: str, states: States) -> None:
    """Give a state or catcher the result path from which its result was led away."""
    for state in _chain(states, target):
        is_put = state["Type"] == "Pass" and result_path(state) == ROOT
        if is_put and state.get("InputPath", "") == fields.get("ResultPath"):
            del fields["ResultPath"]
            if "ResultPath" in state:
                fields["ResultPath"] = state["ResultPath"]
            return


def _chain(states: States, target: str) -> Iterator[State]:
    """Yield the added states that stand between a state and the next one of the flow itself."""
    following: str | None = target
    passed: set[str] = set()  # a mark that somebody wrote by hand may lead round and round
    while following is not None and following not in passed and is_added(states[following]):
        passed.add(following)
        yield states[following]
        following = states[following].get("Next")


def _target(states: States, target: str) -> str | None:
    """Return the state of the flow itself that an edge leads to; None where the run ends there."""
    chain = list(_chain(states, target))
    following: str | None = chain[-1].get("Next") if chain else target
    return None if following is None or is_added(states[following]) else following


def _fails(states: States, target: str) -> bool:
    """Return whether an edge leads to the Fail state of a run that nothing else had caught."""
    return any(state["Type"] == "Fail" for state in _chain(states, target))
