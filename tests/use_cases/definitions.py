"""Definitions of flows, as the scientists write them."""

from __future__ import annotations

from typing import Any

States = dict[str, dict[str, Any]]


def task(state: dict[str, Any]) -> dict[str, Any]:
    """Return the only task of an action."""
    (found,) = state["Parameters"]["tasks"]
    return dict(found)


def works(states: States) -> States:
    """Return the actions of the science."""
    return {name: state for name, state in states.items() if state["Type"] == "Action"}
