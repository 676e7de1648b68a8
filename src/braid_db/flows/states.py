"""What each type of state does: from the run's state to the next state and its name."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from braid_db.errors import shown
from braid_db.flows import actions, choice, jsonpath, limits, parameters
from braid_db.flows.actions import ActionCall, ActionProviders
from braid_db.flows.definition import DEFAULT_WAIT_TIME_S, action_url
from braid_db.flows.errors import FlowStateError
from braid_db.flows.parameters import Evaluated
from braid_db.flows.scope import CONTEXT, DEEPEST, RUNTIME_ERROR, Scope, is_too_deep, visible
from braid_db.flows.web_input import People, question_of

NO_CHOICE = "States.NoChoiceMatched"
RESULT_PATH_MISMATCH = "States.ResultPathMatchFailure"

_EXECUTIONS = uuid.UUID("a3b0f6a9-58f2-4d0c-9a55-0d5b3d2f7c11")

State = dict[str, Any]


@dataclass(frozen=True)
class Surroundings:
    """What a run has beside its state: action providers, people to ask, and a way to wait.

    :param web_inputs: what was asked of people in this run, by the web input's id.
    :param execution: which execution the state that is being performed is, from 1.
    :param again: whether that execution was interrupted before.
    """

    actions: ActionProviders
    people: People = field(default_factory=People)
    sleep: Callable[[float], None] = time.sleep
    web_inputs: dict[str, Any] = field(default_factory=dict)
    execution: int = 1
    again: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a state leaves: the run's state after it, and which state is next, if any."""

    state: Any
    next: str | None


def take_input(name: str, state: State, scope: Scope) -> Evaluated:
    """Return what a state works on: its Parameters, what its InputPath selects, or everything."""
    if "Parameters" in state:
        where = f"the Parameters of state '{name}'"
        return parameters.evaluate(state["Parameters"], scope, where)
    found = scope.read(state.get("InputPath", "$"), f"InputPath of state '{name}'")
    return Evaluated(found, visible(found))


def perform(
    name: str, state: State, taken: Any, scope: Scope, surroundings: Surroundings
) -> Outcome:
    """Do what a state is for, with the input that was taken for it.

    :raises FlowStateError: with the name that a Catch knows the error by.
    """
    return _PERFORM[state["Type"]](name, state, taken, scope, surroundings)


def put_result(state: State, value: Any, scope: Scope, name: str) -> Any:
    """Return the run's state with a state's result at its ResultPath, ``$`` by default.

    :raises FlowStateError: ``States.ResultPathMatchFailure``, if something is in the way;
        ``States.Runtime``, if the state became nested too deeply to go on with.
    """
    path = jsonpath.parse_reference(state.get("ResultPath", "$"))
    try:
        result = path.write(scope.state, value)
    except jsonpath.PathBlocked as error:
        raise FlowStateError(
            RESULT_PATH_MISMATCH,
            f"The result of state '{name}' cannot be written to {path.text}: {error}",
        ) from None
    if is_too_deep(result):
        raise FlowStateError(
            RUNTIME_ERROR,
            f"With the result of state '{name}' the run's state is nested more than {DEEPEST} deep",
        )
    limits.check_size(result, name)
    return without_context(result)


def without_context(state: Any) -> Any:
    """Return a run's state without a member that would hide ``$._context``."""
    if isinstance(state, dict) and CONTEXT in state:
        return {key: value for key, value in state.items() if key != CONTEXT}
    return state


def _action(
    name: str, state: State, taken: Any, scope: Scope, surroundings: Surroundings
) -> Outcome:
    url = action_url(state)
    provider = surroundings.actions.find(url, name)
    if provider is None:  # the definition was checked with other providers
        raise actions.unable_to_run(f"No action provider is known for {url}.")
    call = ActionCall(
        name,
        url,
        taken,
        float(state.get("WaitTime", DEFAULT_WAIT_TIME_S)),
        scope.context["user_id"],
        surroundings.execution,
        surroundings.again,
        _execution_id(name, scope, surroundings),
    )
    status = {"state_name": name, **provider.run(call)}
    if status["status"] == "FAILED" and state.get("ExceptionOnActionFailure", True):
        raise FlowStateError(actions.FAILED, status, str(status.get("display_status", "")))
    return Outcome(put_result(state, status, scope, name), state.get("Next"))


def _pass(name: str, state: State, taken: Any, scope: Scope, _: Surroundings) -> Outcome:
    result = state.get("Result", taken)
    return Outcome(put_result(state, result, scope, name), state.get("Next"))


def _choice(name: str, state: State, _taken: Any, scope: Scope, _: Surroundings) -> Outcome:
    for index, rule in enumerate(state["Choices"]):
        if choice.matches(rule, scope, f"Choices[{index}] of state '{name}'"):
            return Outcome(scope.state, rule["Next"])
    if "Default" in state:
        return Outcome(scope.state, state["Default"])
    raise FlowStateError(
        NO_CHOICE, f"No rule of the Choice state '{name}' matched, and it has no Default"
    )


def _wait(
    name: str, state: State, _taken: Any, scope: Scope, surroundings: Surroundings
) -> Outcome:
    surroundings.sleep(_seconds(name, state, scope))
    return Outcome(scope.state, state.get("Next"))


def _seconds(name: str, state: State, scope: Scope) -> float:
    """Return how long a Wait state waits from now on, in seconds; 0 for a time that is past."""
    key = next(
        key for key in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if key in state
    )
    value = state[key]
    if key.endswith("Path"):
        value = scope.read(value, f"{key} of state '{name}'")
    if key.startswith("Timestamp") and choice.is_timestamp(value):
        left: float = (choice.timestamp(value) - datetime.now(UTC)).total_seconds()
        return max(0.0, left)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if key.startswith("Seconds") and is_number and value >= 0:
        return float(value)
    raise FlowStateError(RUNTIME_ERROR, f"State '{name}' cannot wait for {value!r} at its {key}")


def _create_web_input(
    name: str, state: State, taken: Any, scope: Scope, surroundings: Surroundings
) -> Outcome:
    question_of(name, taken, surroundings.execution)
    web_input_id = str(_execution_id(name, scope, surroundings))
    surroundings.web_inputs[web_input_id] = taken
    result = {"web_input_id": web_input_id}
    return Outcome(put_result(state, result, scope, name), state.get("Next"))


def _await_web_input(
    name: str, state: State, taken: Any, scope: Scope, surroundings: Surroundings
) -> Outcome:
    web_input_id = taken.get("web_input_id") if isinstance(taken, dict) else None
    if not (isinstance(web_input_id, str) and web_input_id in surroundings.web_inputs):
        raise FlowStateError(
            RUNTIME_ERROR,
            f"State '{name}' awaits the web input {shown(web_input_id)}, which no CreateWebInput "
            f"state of this run has made; expected the web_input_id that one left",
        )
    asked = surroundings.web_inputs[web_input_id]
    response = surroundings.people.answer(question_of(name, asked, surroundings.execution))
    result = {"web_input_id": web_input_id, "response": response}
    return Outcome(put_result(state, result, scope, name), state.get("Next"))


def _execution_id(name: str, scope: Scope, surroundings: Surroundings) -> uuid.UUID:
    """Return the id of one execution of a state, the same whenever a run is resumed at it."""
    place = f"{scope.context['run_id']}/{name}/{surroundings.execution}"
    return uuid.uuid5(_EXECUTIONS, place)


def _fail(name: str, state: State, _taken: Any, scope: Scope, _: Surroundings) -> Outcome:
    raise FlowStateError(
        _text(name, state, "Error", scope) or "Fail",
        _text(name, state, "Cause", scope) or f"The run came to the Fail state '{name}'",
    )


def _text(name: str, state: State, field: str, scope: Scope) -> str:
    path = state.get(f"{field}Path")
    if path is None:
        return str(state.get(field, ""))
    return str(scope.read(path, f"{field}Path of state '{name}'"))


_PERFORM: dict[str, Callable[[str, State, Any, Scope, Surroundings], Outcome]] = {
    "Action": _action,
    "ExpressionEval": _pass,
    "Pass": _pass,
    "Choice": _choice,
    "Wait": _wait,
    "CreateWebInput": _create_web_input,
    "AwaitWebInput": _await_web_input,
    "Fail": _fail,
}
