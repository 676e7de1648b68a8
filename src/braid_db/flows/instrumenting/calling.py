"""The states that are added: calls of provenance functions, and what moves values for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from braid_db.flows.instrumenting.naming import MARK, get
from braid_db.flows.instrumenting.reading import State

COMPUTE = "https://compute.actions.globus.org/v3"
ENDPOINT_ID = "provenance_endpoint_id"
FUNCTIONS = "functions"
WAIT_TIME_S = 300
ALL = "States.ALL"
LONGEST_CAUSE = 10_000
"""So many characters of a cause are told as a run fails: more might make its state too large."""

RUN = {
    "run_id.$": "$._context.run_id",
    "flow_id.$": "$._context.flow_id",
    "started_by.$": "$._context.user_id",
}


@dataclass(frozen=True)
class Registered:
    """Ids that are known when a flow is instrumented; its input may name others.

    :param endpoint_id: of the endpoint that owns the provenance database.
    :param functions: the name of each remote function -> its id.
    """

    endpoint_id: str | None = None
    functions: Mapping[str, str] = field(default_factory=dict)


NOT_REGISTERED = Registered()


@dataclass(frozen=True)
class Caller:
    """Makes the states that call a provenance function.

    :param strict: whether the flow is to fail where its provenance cannot be recorded.
    """

    registered: Registered
    strict: bool

    def call(self, comment: str, function: str, arguments: dict[str, Any], result: str) -> State:
        """Return an Action that calls a function; where it leads is not said yet.

        The ids are read from the run's input, which a state on the way may have wiped; then those
        that were known at instrumentation are left.

        :param result: the path that its status document, or its error, is written to.
        """
        if not self.strict:
            arguments = {**arguments, "if_missing": "mark"}
        known = self.registered.functions.get(function)
        return {
            "Comment": f"{MARK}{comment}",
            "Type": "Action",
            "ActionUrl": COMPUTE,
            "Parameters": {
                "endpoint_id.=": get(ENDPOINT_ID, self.registered.endpoint_id),
                "tasks": [
                    {"function_id.=": get(f"{FUNCTIONS}.{function}", known), "kwargs": arguments}
                ],
            },
            "ResultPath": result,
            "WaitTime": WAIT_TIME_S,
        }


def end_state() -> State:
    """Return the state at which a run ends whose last record could not be made."""
    return {"Comment": f"{MARK}The end of the run.", "Type": "Pass", "End": True}


def moved(comment: str, taken: str, fields: State) -> State:
    """Return a Pass that puts a value where a state or catcher would have written it itself."""
    path = {"ResultPath": fields["ResultPath"]} if "ResultPath" in fields else {}
    return {"Comment": f"{MARK}{comment}", "Type": "Pass", "InputPath": taken, **path}


def noted(name: str, caught: str, place: str) -> State:
    """Return the state that notes which one failed, and why as a text.

    A status document is the cause of most errors, and the Amazon States Language, which the
    service's language comes from, lets a CausePath lead to nothing but a text.
    """
    return {
        "Comment": f"{MARK}Notes that it was {name} that failed, and why.",
        "Type": "ExpressionEval",
        "Parameters": {
            "state_name": name,
            "cause.=": f"str({get(f'{caught}.Cause')})[:{LONGEST_CAUSE}]",
        },
        "ResultPath": place,
    }


def failing(of: str, caught: str, note: str) -> State:
    """Return the Fail state of a run that would have ended by an error in another state.

    :param caught: where the error stands.
    :param note: where its cause is noted.
    """
    return {
        "Comment": f"{MARK}The run fails as it would have failed in {of}.",
        "Type": "Fail",
        "ErrorPath": f"{caught}.Error",
        "CausePath": f"{note}.cause",
    }


@dataclass(frozen=True)
class Document:
    """Where the status document of an action, or the error of one that failed, stands.

    :param path: of the document, or of ``{"Error", "Cause"}``, to read it by.
    """

    state_name: str
    path: str
    is_error: bool = False
    is_private: bool = False

    @property
    def status_path(self) -> str:
        """The path of the status document itself."""
        return f"{self.path}.Cause" if self.is_error else self.path

    def part(self, name: str) -> str:
        """Return the expression that reads one member of the status document."""
        return get(f"{self.status_path}.{name}")

    def key(self) -> str:
        """Return the expression of the idempotency key: one for each execution of the action.

        None where the action was not even begun: nothing tells such calls apart but the task that
        records them.
        """
        named = (
            f"_context.run_id + {f':{self.state_name[:300]}:'!r} + str({self.part('action_id')})"
        )
        return f"{named} if {self.part('action_id')} else None"

    def arguments(self, name: str) -> dict[str, Any]:
        """Return the document as an argument, or what may be told of it."""
        if not (self.is_error or self.is_private):
            return {f"{name}.$": self.path}
        parts = ("action_id", "start_time", "completion_time", "creator_id")
        told = {f"{part}.=": self.part(part) for part in parts}
        status = {"status": "FAILED"} if self.is_error else {"status.=": self.part("status")}
        return {name: {**status, **told, "details": {}}}

    def error(self) -> dict[str, Any]:
        """Return what an error says of itself, in a few words."""
        if not self.is_error or self.is_private:
            return {}
        return {
            "error.=": get(f"{self.path}.Error"),
            "cause.=": f"str({get(f'{self.path}.Cause')})[:2000]",
        }
