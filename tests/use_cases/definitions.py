"""Definitions of flows: with and without the steps that record provenance."""

from __future__ import annotations

import copy
from typing import Any

PROVENANCE = "$.functions.add_record_for_action_step"

States = dict[str, dict[str, Any]]


def task(state: dict[str, Any]) -> dict[str, Any]:
    """Return the only task of an action."""
    (found,) = state["Parameters"]["tasks"]
    return dict(found)


def records(states: States) -> dict[str, dict[str, Any]]:
    """Return the states that record provenance."""
    return {name: state for name, state in states.items() if _is_record(state)}


def works(states: States) -> dict[str, dict[str, Any]]:
    """Return the actions of the science."""
    actions = {name: state for name, state in states.items() if state["Type"] == "Action"}
    return {name: state for name, state in actions.items() if not _is_record(state)}


def _is_record(state: dict[str, Any]) -> bool:
    return state["Type"] == "Action" and task(state)["function_id.$"] == PROVENANCE


def without_provenance(definition: dict[str, Any]) -> dict[str, Any]:
    """Return a flow whose actions go on to where its provenance steps did."""
    left = copy.deepcopy(definition)
    taken = records(left["States"])
    left["States"] = {name: it for name, it in left["States"].items() if name not in taken}
    for state in left["States"].values():
        after = taken.get(state.get("Next", ""))
        if after is not None:
            del state["Next"]
            state |= {key: after[key] for key in ("Next", "End") if key in after}
    return left
