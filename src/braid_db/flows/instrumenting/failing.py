"""What an added Fail state stands for: the failure of a state of the flow itself.

The service tells only of the added state. A run here says what failed as the flow would without
what was added, and goes on there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from braid_db.flows import jsonpath
from braid_db.flows.errors import FlowPathInvalid
from braid_db.flows.instrumenting.naming import is_added
from braid_db.flows.point import RunPoint


@dataclass(frozen=True)
class OwnFailure:
    """The failure of a flow's own state that instrumentation caught, recorded and let through.

    :param state_name: the state that failed.
    :param error: the error's name.
    :param cause: why: a sentence, or the document that the action provider answered.
    """

    state_name: str
    error: str
    cause: Any


def own_failure(point: RunPoint) -> OwnFailure | None:
    """Return the failure by which a run ends at an added Fail state; None anywhere else."""
    states = point.definition["States"]
    fail = states.get(point.next, {})
    if not (fail.get("Type") == "Fail" and is_added(fail)):
        return None
    try:
        caught, note = (_holder(fail[field], point.state) for field in ("ErrorPath", "CausePath"))
        found = OwnFailure(note["state_name"], caught["Error"], caught["Cause"])
    except (KeyError, TypeError, FlowPathInvalid, jsonpath.PathNotFound):
        return None  # a mark that somebody wrote by hand
    return found if found.state_name in states else None


def before_failure(point: RunPoint) -> RunPoint:
    """Return where a run goes on that has come to an added Fail state: at the state that failed.

    What was recorded stays known, so that what is recorded next is linked to it; that the run
    ended there does not.
    """
    failure = own_failure(point)
    if failure is None:
        return point
    fail, state = point.definition["States"][point.next], point.state
    for field in ("ErrorPath", "CausePath"):
        *way, last = _holder_path(fail[field]).steps
        holder = jsonpath.JsonPath(fail[field], tuple(way))
        left = {key: value for key, value in holder.read(state).items() if key != last}
        state = holder.write(state, left)
    return replace(point, state=state, next=failure.state_name)


def _holder(path: str, state: Any) -> Any:
    return _holder_path(path).read(state)


def _holder_path(path: str) -> jsonpath.JsonPath:
    """Return the path of the object that holds what a path leads to."""
    return jsonpath.JsonPath(path, jsonpath.parse_reference(path).steps[:-1])
