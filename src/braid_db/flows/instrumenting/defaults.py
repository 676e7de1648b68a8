"""The ids that added states fall back on, where a run's input names none."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from braid_db.flows.instrumenting.calling import COMPUTE, ENDPOINT_ID, FUNCTIONS
from braid_db.flows.instrumenting.naming import get, is_added

_FUNCTION = re.compile(rf"getattr\('{FUNCTIONS}\.(\w+)', .*\)")


def call_by_name(definition: Any, endpoint_id: str) -> Any:
    """Return a definition whose added states fall back on an endpoint and on functions' names.

    :param definition: any; what was not added to it by instrumentation is left as it is.
    """
    result = copy.deepcopy(definition)
    for parameters in _calls(result):
        parameters["endpoint_id.="] = get(ENDPOINT_ID, endpoint_id)
        for task in parameters["tasks"]:
            task["function_id.="] = _FUNCTION.sub(_by_name, task["function_id.="])
    return result


def _calls(definition: Any) -> Iterator[Any]:
    """Yield the Parameters of the states that instrumentation added to call a function."""
    states = definition.get("States") if isinstance(definition, dict) else None
    for state in states.values() if isinstance(states, dict) else ():
        if isinstance(state, dict) and _is_call_as_added(state):
            yield state["Parameters"]


def _is_call_as_added(state: dict[str, Any]) -> bool:
    """Return whether an added state calls a function, and nobody has given it another form."""
    parameters = state.get("Parameters")
    tasks = parameters.get("tasks") if isinstance(parameters, dict) else None
    return is_added(state) and state.get("ActionUrl") == COMPUTE and _are_as_added(tasks)


def _are_as_added(tasks: Any) -> bool:
    return isinstance(tasks, list) and all(
        isinstance(task, dict) and isinstance(task.get("function_id.="), str) for task in tasks
    )


def _by_name(found: re.Match[str]) -> str:
    return get(f"{FUNCTIONS}.{found[1]}", found[1])
