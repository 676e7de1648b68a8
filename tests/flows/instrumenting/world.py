"""A flow that runs here with and without provenance: its actions as told, its records for real."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from braid_db.compute.action import V2_URLS, ComputeActions, ComputeTask
from braid_db.compute.local import TaskOutcome
from braid_db.flows import ActionCall, ActionProvider, Event, FlowRun, run_flow
from braid_db.flows.actions import timed_out, unable_to_run
from braid_db.flows.instrumenting import Registered
from braid_db.flows.instrumenting.naming import is_added
from tests.functions.calls import NAMES, whole

OTHER = "https://actions.example.org/other"
TRANSFER = "https://transfer.actions.globus.org/transfer"
OLD_TRANSFER = "https://actions.automate.globus.org/transfer/transfer"

INPUT: dict[str, Any] = {
    "provenance_endpoint_id": "8d5fb2c6-0f0b-4c34-9d35-4d2f0d5a3c11",
    "functions": {name: name for name in NAMES},
    "a": 1,
    "folder": {"path": "/data", "_private_token": "secret-token"},
    "_private_key": "secret-key",
}
REGISTERED = Registered(str(INPUT["provenance_endpoint_id"]), {name: name for name in NAMES})
COLLECTIONS = {"source_endpoint": "0e8a4f9c", "destination_endpoint": "5f3d1c7a"}


@dataclass(frozen=True)
class Outcome:
    """What is to come of one execution of an action.

    :param how: ``done``, ``failed``, ``refused`` or ``late``.
    :param again: what its result says, for a Choice to go back by.
    """

    how: str = "done"
    again: bool = False


@dataclass
class Execution:
    """One execution of an action of the flow itself."""

    state: str
    body: Any
    how: str
    token: str


@dataclass
class Script:
    """Does the actions of a flow as it is told, and remembers what it did.

    Each result has a token of its own, so that whatever was made of it can be told.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    run_id: str | None = None
    done: list[Execution] = field(default_factory=list)

    def run(self, call: ActionCall) -> dict[str, Any]:
        number = len(self.done)
        outcome = self.outcomes[number] if number < len(self.outcomes) else Outcome()
        token = f"token-{number}-"
        self.done.append(Execution(call.state_name, copy.deepcopy(call.body), outcome.how, token))
        is_transfer = call.url in (TRANSFER, OLD_TRANSFER)
        told: dict[str, Any] = {"token": token, "again": outcome.again}
        if "provenance" in call.body:
            told["result"] = [{"provenance": call.body["provenance"]}]
        task = {"task_id": f"{self.run_id}-{number}", "status": "SUCCEEDED", **told}
        document = {
            "action_id": f"action-{number}",
            "status": "FAILED" if outcome.how == "failed" else "SUCCEEDED",
            "details": task if is_transfer else told,
            "start_time": f"2026-03-01T10:00:{number:02}+00:00",
            "completion_time": f"2026-03-01T10:00:{number:02}.5+00:00",
            "creator_id": call.creator_id,
        }
        if outcome.how == "failed":
            document["details"] = {**document["details"], "status": "FAILED"}
        if outcome.how == "refused":
            raise unable_to_run(f"It was refused: {token}")
        if outcome.how == "late":
            raise timed_out(call, {**document, "status": "ACTIVE"}, "It took too long.")
        return document


class Here:
    """Runs the provenance functions in this process, with JSON going in and coming out.

    :param broken: how many calls fail before the first one that does not.
    :param lost: the calls that fail, by their numbers from 0.
    """

    def __init__(self, broken: int = 0, lost: Collection[int] = ()) -> None:
        self.lost = {*range(broken), *lost}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._functions = {name: whole(name) for name in NAMES}

    def name_of(self, task: ComputeTask) -> str:
        return str(task.function_id)

    def run(self, task: ComputeTask, limit_s: float) -> TaskOutcome:
        kwargs = json.loads(json.dumps(task.kwargs))
        self.calls.append((task.function_id, kwargs))
        if len(self.calls) - 1 in self.lost:
            return TaskOutcome("t", exception="No database.", summary="No database.")
        try:
            result = self._functions[task.function_id](*task.args, **kwargs)
        except Exception as error:  # noqa: BLE001 - as a worker does
            return TaskOutcome("t", exception=str(error), summary=str(error))
        return TaskOutcome("t", result=json.loads(json.dumps(result)))


@dataclass
class Ran:
    """What came of one run."""

    run: FlowRun
    trace: list[str]
    executions: list[Execution]
    here: Here
    log: list[dict[str, Any]]

    def users_state(self, member: str = "braid_db") -> Any:
        """Return the final state without what provenance put there."""
        if not isinstance(self.run.state, dict):
            return self.run.state
        return {key: value for key, value in self.run.state.items() if key != member}


def run(
    definition: dict[str, Any],
    outcomes: list[Outcome] | None = None,
    *,
    run_input: Mapping[str, Any] | None = None,
    broken: int = 0,
    lost: Collection[int] = (),
    run_id: str | None = None,
) -> Ran:
    """Run a definition to its end; its provenance goes where the environment says."""
    script, here, trace, log = Script(outcomes or [], run_id), Here(broken, lost), [], []

    def follow(event: Event) -> None:
        log.append(json.loads(json.dumps(event.as_log_entry())))
        name = event.details.get("state_name")
        if event.code.endswith("Started") and name and not is_added(definition["States"][name]):
            trace.append(name)

    actions: dict[str, ActionProvider] = dict.fromkeys((OTHER, TRANSFER, OLD_TRANSFER), script)
    actions |= ComputeActions(here).providers() | dict.fromkeys(V2_URLS, script)
    finished = run_flow(
        definition,
        dict(INPUT if run_input is None else run_input),
        actions=actions,
        on_event=follow,
        run_id=run_id,
        sleep=lambda seconds: None,
    )
    return Ran(finished, trace, script.done, here, log)
