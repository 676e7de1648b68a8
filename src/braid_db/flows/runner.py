"""Running a flow on this machine, from its first state to its last."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from braid_db.flows import states
from braid_db.flows.actions import ActionProvider, ActionProviders
from braid_db.flows.definition import CATCHING, Definition, check_definition
from braid_db.flows.errors import FlowStateError
from braid_db.flows.events import Event, Listener, ignore
from braid_db.flows.instrumenting.failing import before_failure, own_failure
from braid_db.flows.limits import TOO_LARGE
from braid_db.flows.point import Keeper, RunPoint, keep_nothing, start_of
from braid_db.flows.providers.stub import Stub, StubProvider
from braid_db.flows.scope import RUNTIME_ERROR, Scope, visible
from braid_db.flows.web_input import People

_ALL = "States.ALL"
_NAMING = ("run_id", "flow_id", "user_id")
"""What the log of a run here says at its beginning; of the service's, one knows it elsewhere."""
_UNCATCHABLE = (RUNTIME_ERROR, TOO_LARGE)


@dataclass(frozen=True)
class FlowRun:
    """What came of a run.

    :param status: ``SUCCEEDED`` or ``FAILED``.
    :param state: the run's state after the last state that completed.
    :param failed_state: the state of the flow itself that ended it.
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


@dataclass(frozen=True)
class RunSetup:
    """What a run is given beside its definition and input.

    :param actions: the action providers, by URL.
    :param stubs: what answers in place of the action of a state, by the state's name.
    :param people: who answers what the flow asks people.
    :param on_event: told each entry of the run's log as it happens.
    :param keep: told where the run stands, at its start and after each state.
    :param sleep: how a Wait state waits.
    """

    actions: Mapping[str, ActionProvider] = field(default_factory=dict)
    stubs: Mapping[str, Stub] = field(default_factory=dict)
    people: People = field(default_factory=People)
    on_event: Listener = ignore
    keep: Keeper = keep_nothing
    sleep: Callable[[float], None] = time.sleep

    def with_actions(self, actions: Mapping[str, ActionProvider]) -> RunSetup:
        """Return the same with more action providers."""
        return replace(self, actions={**self.actions, **actions})


def run_flow(
    definition: Definition,
    run_input: dict[str, Any],
    *,
    run_id: str | None = None,
    flow_id: str | None = None,
    **setup: Any,
) -> FlowRun:
    """Run a flow to its end, one state after the other.

    :param run_id: ``$._context.run_id``; a new UUID when omitted.
    :param flow_id: ``$._context.flow_id``; when omitted one that is the same for every run of
        this definition.
    :param setup: the fields of :class:`RunSetup`.
    :returns: what came of it; a failed run is a result and no exception.
    :raises FlowDefinitionInvalid: if the definition cannot be run; no state was entered.
    :raises FlowInputInvalid: if the input is no object, or would hide the run's context.
    """
    point = start_of(definition, run_input, run_id=run_id, flow_id=flow_id)
    return continue_run(point, RunSetup(**setup))


def continue_run(point: RunPoint, setup: RunSetup, *, resumed: bool = False) -> FlowRun:
    """Run a flow to its end from where it stands.

    :param resumed: whether it was interrupted there: the state that is entered next goes on as
        the same execution. Where instrumentation has recorded that a state failed, that one is
        executed again instead.
    :returns: what came of it; at once, if it had ended well.
    :raises FlowDefinitionInvalid: if the definition cannot be run; no state was entered.
    """
    stubs = {name: StubProvider(stub) for name, stub in setup.stubs.items()}
    providers = ActionProviders(setup.actions, stubs)
    check_definition(point.definition, providers, setup.people)
    surroundings = states.Surroundings(
        providers, setup.people, setup.sleep, web_inputs=dict(point.web_inputs)
    )
    begin = before_failure(point) if resumed else point
    return _Run(begin, surroundings, setup, resumed=resumed).to_end()


class _Run:
    """One run on its way: where it stands, and what it stands in."""

    def __init__(
        self,
        point: RunPoint,
        surroundings: states.Surroundings,
        setup: RunSetup,
        *,
        resumed: bool,
    ) -> None:
        self._point = point
        self._surroundings = surroundings
        self._setup = setup
        self._resumed = resumed
        self._caught: dict[str, FlowStateError] = {}

    def to_end(self) -> FlowRun:
        """Go on from state to state until there is no next one or one fails."""
        if not self._resumed:
            self._setup.keep(self._point)
            self._tell(
                "FlowStarted",
                "The Flow Instance started execution",
                input=self._visible,
                **{key: self._point.context[key] for key in _NAMING},
            )
        elif self._point.next is None:
            return self._succeeded()
        while (current := self._point.next) is not None:
            try:
                self._enter(current)
            except FlowStateError as error:
                return self._failed(current, error)
        self._tell(
            "FlowSucceeded", "The Flow Instance completed successfully", output=self._visible
        )
        return self._succeeded()

    def _enter(self, name: str) -> None:
        state = self._point.definition["States"][name]
        execution = self._point.executions.get(name, 0) + 1
        surroundings = replace(self._surroundings, execution=execution, again=self._resumed)
        self._resumed = False
        try:
            outcome = self._complete(name, state, surroundings)
        except FlowStateError as error:
            if state["Type"] in CATCHING:
                told = {"exception": error.error, "cause": visible(error.cause)}
                self._tell_state("Failed", name, error.explanation, **told)
            self._caught[name] = error
            catcher = catcher_of(state, error.error)
            if catcher is None:
                raise
            document = {"Error": error.error, "Cause": error.cause}
            after = states.put_result(catcher, document, self._scope(), name)
            outcome = states.Outcome(after, catcher["Next"])
        self._go_on(name, outcome)

    def _complete(
        self, name: str, state: states.State, surroundings: states.Surroundings
    ) -> states.Outcome:
        taken = states.take_input(name, state, self._scope())
        self._tell_state("Started", name, input=taken.logged)
        outcome = states.perform(name, state, taken.value, self._scope(), surroundings)
        self._tell_state("Completed", name, output=visible(outcome.state))
        return outcome

    def _go_on(self, name: str, outcome: states.Outcome) -> None:
        executions = {**self._point.executions, name: self._point.executions.get(name, 0) + 1}
        self._point = replace(
            self._point,
            state=outcome.state,
            next=outcome.next,
            executions=executions,
            web_inputs=dict(self._surroundings.web_inputs),
        )
        self._setup.keep(self._point)

    def _succeeded(self) -> FlowRun:
        context = self._point.context
        ids = context["run_id"], context["flow_id"]
        return FlowRun(*ids, status="SUCCEEDED", state=self._point.state)

    def _failed(self, name: str, error: FlowStateError) -> FlowRun:
        self._tell(
            "FlowFailed",
            f"The run failed in state {name}",
            state_name=name,
            exception=error.error,
            cause=visible(error.cause),
        )
        failed, why = self._own(name, error)
        return FlowRun(
            self._point.context["run_id"],
            self._point.context["flow_id"],
            status="FAILED",
            state=self._point.state,
            failed_state=failed,
            error=why.error,
            cause=why.cause,
            explanation=why.explanation,
        )

    def _own(self, name: str, error: FlowStateError) -> tuple[str, FlowStateError]:
        """Return the flow's own state that failed, and why, where an added one tells of it."""
        own = own_failure(self._point)
        if own is None:
            return name, error
        told = self._caught.get(own.state_name)  # not where the run was interrupted since
        return own.state_name, told or FlowStateError(own.error, own.cause)

    @property
    def _visible(self) -> Any:
        return visible(self._point.state)

    def _scope(self) -> Scope:
        return Scope(self._point.state, self._point.context)

    def _tell_state(self, what: str, name: str, explanation: str = "", **details: Any) -> None:
        kind = self._point.definition["States"][name]["Type"]
        description = f"State {name} of type {kind} {what.lower()}"
        told = {"state_name": name, "state_type": kind, **details}
        self._setup.on_event(Event(f"{kind}{what}", description, told, explanation=explanation))

    def _tell(self, code: str, description: str, **details: Any) -> None:
        self._setup.on_event(Event(code, description, details))


def catcher_of(state: states.State, error: str) -> states.State | None:
    """Return the first catcher of an error, if there is one.

    As in the Amazon States Language that the service stands on, ``States.Runtime`` (a path that
    leads nowhere) and a state that is too large always end the run.
    """
    if error in _UNCATCHABLE:
        return None
    for catcher in state.get("Catch", []):
        if error in catcher["ErrorEquals"] or _ALL in catcher["ErrorEquals"]:
            found: states.State = catcher
            return found
    return None
