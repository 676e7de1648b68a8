"""The Globus Compute action provider: its inputs, old and new, and its status document.

Source: globus-compute docs/actionprovider.rst, a real run log, and definitions in use.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from braid_db.compute.catalog import FunctionCatalog
from braid_db.compute.errors import FunctionSourceInvalid, FunctionUnknown, TaskTimeout
from braid_db.compute.local import LocalWorkers, TaskOutcome
from braid_db.errors import BraidError, shown
from braid_db.flows.actions import (
    ActionCall,
    ActionProvider,
    status_document,
    timed_out,
    unable_to_run,
)

V3_URL = "https://compute.actions.globus.org/v3"
V2_URLS = ("https://compute.actions.globus.org", "https://compute.actions.globus.org/fxap")

_V3_FIELDS = {"endpoint_id", "tasks", "task_group_id", "user_endpoint_config"} | {
    "resource_specification",
    "create_queue",
}


@dataclass(frozen=True)
class ComputeTask:
    """One function call that an action asks for, with the id that the flow names it by.

    :param id: what the task is known by where its runner can choose: the same for the same
        execution of the action, also where an interrupted run goes on with it.
    """

    endpoint_id: str
    function_id: Any
    args: list[Any]
    kwargs: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


class TaskRunner(Protocol):
    """Where tasks run: local workers, or endpoints of Globus Compute."""

    def name_of(self, task: ComputeTask) -> str:
        """Return the name of a task's function, for a person to read.

        :raises FunctionUnknown: if there is no such function.
        :raises FunctionSourceInvalid: if it could not run.
        """

    def run(self, task: ComputeTask, limit_s: float) -> TaskOutcome:
        """Run a task and wait for it.

        :param limit_s: how long it may take, in seconds.
        :raises TaskTimeout: if it took longer.
        :raises BraidError: if it could not be run.
        """


class ComputeActions:
    """Runs the tasks of compute actions, one after the other.

    :param runner: where they run; its owner closes it.
    """

    def __init__(self, runner: TaskRunner) -> None:
        self._runner = runner

    def providers(self) -> dict[str, ActionProvider]:
        """Return itself under every URL of the compute action provider."""
        return dict.fromkeys((V3_URL, *V2_URLS), self)

    def run(self, call: ActionCall) -> dict[str, Any]:
        """Run an action's functions and return its status document.

        :raises FlowStateError: ``ActionUnableToRun`` for an input that is refused or names an
            unknown function, ``ActionTimeout`` if the state's wait time is exceeded.
        """
        tasks = list(read_tasks(call))
        names = [self._name_of(task) for task in tasks]
        action = _Action(call)
        for task, name in zip(tasks, names, strict=True):
            action.add(name, self._run_task(task, name, action))
        return action.finished_document()

    def _name_of(self, task: ComputeTask) -> str:
        try:
            return self._runner.name_of(task)
        except (FunctionUnknown, FunctionSourceInvalid) as error:
            raise unable_to_run(error.message) from None

    def _run_task(self, task: ComputeTask, name: str, action: _Action) -> TaskOutcome:
        try:
            return self._runner.run(task, action.left_s())
        except TaskTimeout:
            sentence = (
                f"'{name}' did not end within the state's WaitTime of "
                f"{action.call.wait_time_s:g} s; it was stopped"
            )
            raise timed_out(action.call, action.active_document(), sentence) from None
        except BraidError as error:
            raise unable_to_run(error.message) from None


class LocalTasks:
    """Tasks on local workers.

    :param catalog: the functions that flows can name.
    :param workers: where they run; their owner closes them.
    """

    def __init__(self, catalog: FunctionCatalog, workers: LocalWorkers) -> None:
        self._catalog = catalog
        self._workers = workers

    def name_of(self, task: ComputeTask) -> str:
        """Return the name of a task's function."""
        return self._catalog.get(task.function_id).name

    def run(self, task: ComputeTask, limit_s: float) -> TaskOutcome:
        """Run a task on the worker that stands for its endpoint."""
        source = self._catalog.get(task.function_id)
        return self._workers.run(
            task.endpoint_id, source, task.args, task.kwargs, limit_s=limit_s, task_id=task.id
        )


def read_tasks(call: ActionCall) -> Iterator[ComputeTask]:
    """Return the function calls that an action's input asks for, in order.

    :raises FlowStateError: ``ActionUnableToRun``, if the input has another form.
    """
    body = call.body
    if not isinstance(body, dict):
        raise unable_to_run(f"The input of a compute action is an object, not {shown(body)}.")
    is_v3 = call.url.rstrip("/") == V3_URL
    for index, task in enumerate(_read_v3(body) if is_v3 else _read_v2(body)):
        yield replace(task, id=str(uuid.uuid5(call.id, f"task {index}")))


def _read_v3(body: dict[str, Any]) -> Iterator[ComputeTask]:
    unknown = sorted(set(body) - _V3_FIELDS)
    if unknown:
        raise unable_to_run(
            f"A compute V3 action has no field {shown(unknown[0])}; it has "
            f"{', '.join(sorted(_V3_FIELDS))}."
        )
    endpoint_id = _text(body.get("endpoint_id"), "endpoint_id", "the endpoint's id")
    for index, task in enumerate(_tasks(body)):
        where = f"tasks[{index}]"
        function_id = _text(task.get("function_id"), f"{where}.function_id", "a function's id")
        yield ComputeTask(
            endpoint_id,
            function_id,
            _args(task.get("args"), f"{where}.args"),
            _kwargs(task.get("kwargs"), f"{where}.kwargs"),
        )


def _read_v2(body: dict[str, Any]) -> Iterator[ComputeTask]:
    single = {key: value for key, value in body.items() if key != "tasks"}
    tasks = _tasks(body) if "tasks" in body else [single]
    for index, task in enumerate(tasks):
        where = f"tasks[{index}]." if "tasks" in body else ""
        # Where several tasks share an endpoint or function, flows name it once, outside.
        fields = {**single, **task} if "tasks" in body else task
        payload = fields.get("kwargs", fields.get("payload"))
        yield ComputeTask(
            _text(fields.get("endpoint"), f"{where}endpoint", "the endpoint's id"),
            _text(fields.get("function"), f"{where}function", "a function's id"),
            _args(_decoded(fields.get("args")), f"{where}args"),
            _kwargs(_decoded(payload), f"{where}kwargs"),
        )


def _tasks(body: dict[str, Any]) -> list[dict[str, Any]]:
    tasks = _decoded(body.get("tasks"))
    if not (isinstance(tasks, list) and tasks and all(isinstance(t, dict) for t in tasks)):
        raise unable_to_run(
            f"'tasks' of a compute action is {shown(tasks)}; expected a list of one or more "
            f"objects, each with a function and its arguments."
        )
    return tasks


def _decoded(value: Any) -> Any:
    """Return a V2 argument that was given as a string of JSON, and any other as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _text(value: Any, field: str, expected: str) -> str:
    if not (isinstance(value, str) and value):
        raise unable_to_run(f"'{field}' is {shown(value)}; expected {expected}.")
    return value


def _args(value: Any, field: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise unable_to_run(f"'{field}' is {shown(value)}; expected a list of arguments.")
    return value


def _kwargs(value: Any, field: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise unable_to_run(
            f"'{field}' is {shown(value)}; expected an object of arguments by name."
        )
    return value


class _Action:
    """One action while it runs: what its tasks came to, and how long it still has."""

    def __init__(self, call: ActionCall) -> None:
        self.call = call
        self._started_at = datetime.now(UTC)
        self._deadline = time.monotonic() + call.wait_time_s
        self._outcomes: list[tuple[str, TaskOutcome]] = []

    def left_s(self) -> float:
        """Return how many seconds of the state's wait time are left."""
        return max(0.0, self._deadline - time.monotonic())

    def add(self, function: str, outcome: TaskOutcome) -> None:
        """Note what a task came to."""
        self._outcomes.append((function, outcome))

    def finished_document(self) -> dict[str, Any]:
        """Return the document of the finished action."""
        failures = [f"{name}: {each.summary}" for name, each in self._outcomes if each.failed]
        display_status = "; ".join(failures) or "All tasks completed"
        return self._document("FAILED" if failures else "SUCCEEDED", display_status)

    def active_document(self) -> dict[str, Any]:
        """Return the document of the action while it is going on."""
        return self._document("ACTIVE", "Tasks are running")

    def _document(self, status: str, display_status: str) -> dict[str, Any]:
        outputs = [
            (each.task_id, each.exception if each.failed else each.result)
            for _, each in self._outcomes
        ]
        details = {
            "result": [output for _, output in outputs],
            "results": [{"task_id": task_id, "output": output} for task_id, output in outputs],
        }
        return status_document(
            self.call,
            status,
            details,
            started_at=self._started_at,
            display_status=display_status,
            action_id=f"tg_{self.call.id}",
            manage_by=[self.call.creator_id],
            monitor_by=[self.call.creator_id],
            release_after=None,
        )
