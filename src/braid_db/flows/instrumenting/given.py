"""What an action was given: its Parameters, as they may go along to its record."""

from __future__ import annotations

from typing import Any

from braid_db.flows.instrumenting.reading import State, reads_private
from braid_db.flows.instrumenting.reads import EXPRESSION, REFERENCE, is_computed
from braid_db.flows.parameters import PRIVATE


def given_to(state: State) -> dict[str, Any]:
    """Return fields that say what an action is given: ``{"given": ...}`` or ``{"given.$": ...}``.

    Nothing of what it keeps private, and nothing where it takes the whole state, which holds much
    that does not concern it.
    """
    if "Parameters" in state:
        return {"given": public(state["Parameters"])}
    path = state.get("InputPath", "$")
    return {} if path == "$" or reads_private(path) else {"given.$": path}


def public(value: Any) -> Any:
    """Return Parameters without what is private, at any depth."""
    if isinstance(value, list):
        return [public(item) for item in value]
    if not isinstance(value, dict):
        return value
    private = {_name(key) for key in value.get(PRIVATE, [])} | {PRIVATE}
    return {
        key: inner if is_computed(key) else public(inner)
        for key, inner in value.items()
        if _name(key) not in private and not _is_left_out(key, inner)
    }


def _is_left_out(key: str, value: Any) -> bool:
    """Return whether a field is private by its name or by what it reads, or is the whole state.

    The whole state holds what was kept of it before, too, and so would grow with every round.
    """
    if key.startswith("_private"):
        return True
    return is_computed(key) and (reads_private(value) or value == "$")


def _name(key: str) -> str:
    for suffix in (REFERENCE, EXPRESSION):
        if key.endswith(suffix) and key != suffix:
            return key.removesuffix(suffix)
    return key


def renamed(given: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what an action is given under another name than ``given``."""
    return {key.replace("given", name, 1): value for key, value in given.items()}
