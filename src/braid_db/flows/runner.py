"""Running a flow on this machine, from its first state to its last."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from braid_db.flows import states
from braid_db.flows.actions import ActionProvider, ActionProviders
from braid_db.flows.definition import Definition, check_definition
from braid_db.flows.errors import FlowInputInvalid, FlowStateError
from braid_db.flows.events import Event, Listener, ignore
from braid_db.flows.scope import (
    CONTEXT,
    DEEPEST,
    RUNTIME_ERROR,
    Scope,
    is_too_deep,
    make_context,
    visible,
)

_FLOW_IDS = uuid.UUID("25fd79b2-e7ab-44c5-baef-e070cbe6076b")
_ALL = "States.ALL"


@dataclass(frozen=True)
class FlowRun:
    """What came of a run.

    :param status: ``SUCCEEDED`` or ``FAILED``.
    :param state: the run's state after the last state that completed.
    :param error: the name of the error that ended it, such as ``ActionFailedException``.
    :param cause: why: a sentence, or the document that the action provider answered.
    :param explanation: the cause as one readable line.
    """

    run_id: str
    flow_id: str
    status: str
    state: Any
    failed_state: str | None = None
    error: str | None = None
    cause: Any = None
    explanation: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the run came to its end."""
        return self.status == "SUCCEEDED"

    @property
    def visible_state(self) -> Any:
        """The run's state as the service shows it, without what the flow keeps private."""
        return visible(self.state)


def run_flow(
    definition: Definition,
    run_input: dict[str, Any],
    *,
    actions: Mapping[str, ActionProvider],
    run_id: str | None = None,
    flow_id: str | None = None,
    on_event: Listener = ignore,
    sleep: Callable[[float], None] = time.sleep,
) -> FlowRun:
    """Run a flow to its end, one state after the other.

    :param actions: the action providers, by URL.
    :param run_id: ``$._context.run_id``; a new UUID when omitted.
    :param flow_id: ``$._context.flow_id``; when omitted one that is the same for every run of
        this definition.
    :param on_event: told each entry of the run's log as it happens.
    :param sleep: how a Wait state waits.
    :returns: what came of it; a failed run is a result and no exception.
    :raises FlowDefinitionInvalid: if the definition cannot be run; no state was entered.
    :raises FlowInputInvalid: if the input is no object, or would hide the run's context.
    """
    providers = ActionProviders(actions)
    check_definition(definition, providers)
    state = _checked_input(run_input)
    context = make_context(run_id or str(uuid.uuid4()), flow_id or _flow_id(definition))
    surroundings = states.Surroundings(providers, sleep)
    return _Run(definition, context, surroundings, on_event, state).to_end()


class _Run:
    """A run while it goes on: its state, and the state of the definition that it is in."""

    def __init__(
        self,
        definition: Definition,
        context: dict[str, Any],
        surroundings: states.Surroundings,
        listener: Listener,
        state: Any,
    ) -> None:
        self._definition = definition
        self._context = context
        self._surroundings = surroundings
        self._listener = listener
        self._state = state

    def to_end(self) -> FlowRun:
        """Go on from state to state until there is no next one or one fails."""
        self._tell("FlowStarted", "The run started", input=visible(self._state))
        following: str | None = self._definition["StartAt"]
        while following is not None:
            current = following
            try:
                following = self._enter(current)
            except FlowStateError as error:
                return self._failed(current, error)
        self._tell("FlowSucceeded", "The run completed successfully", output=visible(self._state))
        ids = self._context["run_id"], self._context["flow_id"]
        return FlowRun(*ids, status="SUCCEEDED", state=self._state)

    def _enter(self, name: str) -> str | None:
        state = self._definition["States"][name]
        try:
            return self._complete(name, state)
        except FlowStateError as error:
            if state["Type"] == "Action":
                self._tell_state("Failed", name, exception=error.error, cause=visible(error.cause))
            catcher = _catcher(state, error)
            if catcher is None:
                raise
            document = {"Error": error.error, "Cause": error.cause}
            self._state = states.put_result(catcher, document, self._scope(), name)
            return str(catcher["Next"])

    def _complete(self, name: str, state: states.State) -> str | None:
        taken = states.take_input(name, state, self._scope())
        self._tell_state("Started", name, input=taken.logged)
        outcome = states.perform(name, state, taken.value, self._scope(), self._surroundings)
        self._state = outcome.state
        self._tell_state("Completed", name, output=visible(self._state))
        return outcome.next

    def _failed(self, name: str, error: FlowStateError) -> FlowRun:
        self._tell(
            "FlowFailed",
            f"The run failed in state {name}",
            state_name=name,
            exception=error.error,
            cause=visible(error.cause),
        )
        return FlowRun(
            self._context["run_id"],
            self._context["flow_id"],
            status="FAILED",
            state=self._state,
            failed_state=name,
            error=error.error,
            cause=error.cause,
            explanation=error.explanation,
        )

    def _scope(self) -> Scope:
        return Scope(self._state, self._context)

    def _tell_state(self, what: str, name: str, **details: Any) -> None:
        kind = self._definition["States"][name]["Type"]
        self._tell(
            f"{kind}{what}",
            f"State {name} of type {kind} {what.lower()}",
            state_name=name,
            state_type=kind,
            **details,
        )

    def _tell(self, code: str, description: str, **details: Any) -> None:
        self._listener(Event(code, description, details))


def _catcher(state: states.State, error: FlowStateError) -> states.State | None:
    """Return the first catcher of an error, if there is one.

    As in the Amazon States Language that the service stands on, ``States.Runtime`` (a path that
    leads nowhere) always ends the run.
    """
    if error.error == RUNTIME_ERROR:
        return None
    for catcher in state.get("Catch", []):
        if error.error in catcher["ErrorEquals"] or _ALL in catcher["ErrorEquals"]:
            found: states.State = catcher
            return found
    return None


def _checked_input(run_input: Any) -> Any:
    """Return the input as JSON carries it, a copy."""
    if not isinstance(run_input, dict):
        raise FlowInputInvalid("A flow's input is a JSON object; its members are the first state.")
    if CONTEXT in run_input:
        raise FlowInputInvalid(
            f"The input has a member '{CONTEXT}', which would hide the run's own; rename it."
        )
    if is_too_deep(run_input):
        raise FlowInputInvalid(f"The flow's input is nested more than {DEEPEST} deep.")
    try:
        return json.loads(json.dumps(run_input))
    except (TypeError, ValueError) as error:
        raise FlowInputInvalid(f"The flow's input is not JSON: {error}.") from None


def _flow_id(definition: Definition) -> str:
    return str(uuid.uuid5(_FLOW_IDS, json.dumps(definition, sort_keys=True)))
