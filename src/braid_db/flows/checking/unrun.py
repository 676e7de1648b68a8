"""Paths by parts of JSONPath that flows are not run with here: wildcards, filters, and ``..``.

The service's schema asks for a JSONPath expression and says no more, and no published flow shows
what it makes of these. So they are no errors; but nothing here can say what such a path gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from braid_db.flows import jsonpath
from braid_db.flows.checking.finding import Finding, warning
from braid_db.flows.checking.published import Place, written
from braid_db.flows.errors import FlowPathInvalid, FlowPathNotRun
from braid_db.flows.expressions import with_paths
from braid_db.flows.instrumenting.reading import State, States, reads_private
from braid_db.flows.instrumenting.reads import EXPRESSION, REFERENCE, is_computed

_ALL = "[:]"
"""What stands for the part that is not known: it gives a list, of which nothing is known."""


def without_unrun(states: dict[str, Any]) -> tuple[States, list[Finding]]:
    """Return states that read no more than can be run here, and what was left out of each."""
    found: list[Finding] = []
    known = {
        name: _of_state(name, state, found) if isinstance(state, dict) else state
        for name, state in states.items()
    }
    return known, found


def _of_state(name: str, state: State, found: list[Finding]) -> State:
    return {
        key: _known(name, key, value, (key,), found, in_parameters=key == "Parameters")
        for key, value in state.items()
    }


def _known(
    name: str, key: str, value: Any, at: Place, found: list[Finding], *, in_parameters: bool
) -> Any:
    """Return a value with each path in it cut where it cannot be followed any more."""
    if isinstance(value, list):
        return [
            _known(name, key, item, (*at, index), found, in_parameters=in_parameters)
            for index, item in enumerate(value)
        ]
    if isinstance(value, dict):
        return {
            inner: _known(name, inner, item, (*at, inner), found, in_parameters=in_parameters)
            for inner, item in value.items()
        }
    if not isinstance(value, str) or not _holds_paths(key, in_parameters=in_parameters):
        return value
    is_expression = in_parameters and key.endswith(EXPRESSION)
    cut: list[str] = []
    known = with_paths(value, lambda path: _cut(path, cut)) if is_expression else _cut(value, cut)
    found.extend(_findings(name, at, cut))
    return known


def _holds_paths(key: str, *, in_parameters: bool) -> bool:
    if in_parameters:
        return is_computed(key) and key.endswith((REFERENCE, EXPRESSION))
    return key == "Variable" or (key.endswith("Path") and key != "ResultPath")


def _cut(path: str, cut: list[str]) -> str:
    try:
        jsonpath.parse(path)
    except FlowPathNotRun as refused:
        cut.append(path)
        hidden = "._private" if reads_private(path[len(refused.begin) :]) else ""
        return f"{refused.begin}{_ALL}{hidden}"
    except FlowPathInvalid:
        pass  # an error of its own, which is found where all of them are
    return path


def _findings(name: str, at: Place, paths: list[str]) -> Iterator[Finding]:
    for path in paths:
        yield warning(
            "path-not-run-here",
            name,
            written(at),
            f"The path {path} has a wildcard, a filter or '..': what it gives in the service is "
            f"documented nowhere, and 'flow run' and 'flow instrument' refuse it.",
            "Use names, indexes and slices, or take what you want out by an expression ('.=').",
        )
