"""The Compute action provider, versions 3 and 2: what a state of a Globus Flow calls.

Which serializers the real one uses, and what it does to a task whose action is cancelled, is not
published; this one sends arguments as JSON, asks for results as JSON, and waits no longer.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from globus_compute_sdk.serialize import ComputeSerializer, JSONData, PureSourceTextInspect

from tests.globus_cloud.auth import Auth, Identity
from tests.globus_cloud.service import Service
from tests.globus_cloud.state import State
from tests.globus_cloud.web import Answer, Refused, Request, Routes

JSON_RESULTS = "globus_compute_sdk.serialize.JSONData"
_FIELDS = {"endpoint_id", "tasks", "task_group_id", "user_endpoint_config"} | {
    "resource_specification",
    "create_queue",
}


@dataclass(frozen=True)
class Call:
    """One function call of an action."""

    endpoint_id: str
    function_id: str
    args: list[Any]
    kwargs: dict[str, Any]

    @property
    def packed(self) -> str:
        """Its arguments as a task carries them."""
        serializer = ComputeSerializer(strategy_data=JSONData)
        parts = [serializer.serialize(self.args), serializer.serialize(self.kwargs)]
        return str(serializer.pack_buffers(parts))


class Provider:
    """The action provider; it submits as whoever runs the flow."""

    def __init__(self, state: State, auth: Auth, service: Service) -> None:
        self._state, self._auth, self._service = state, auth, service

    def add_to(self, routes: Routes) -> None:
        """Answer the routes of this service."""
        for version, read in (("/v3", _read_v3), ("", _read_v2)):
            routes.add("POST", f"{version}/run", partial(self.run, read))
            routes.add("GET", f"{version}/tg_ID/status", self.status)
            routes.add("POST", f"{version}/tg_ID/cancel", self.cancel)
            routes.add("POST", f"{version}/tg_ID/release", self.status)

    def run(self, read: Callable[[dict[str, Any]], list[Call]], request: Request) -> Answer:
        """Begin an action; one that was asked for before is not begun again."""
        caller, told = self._auth.caller(request), request.object(request_id=str, body=dict)
        asked, body = f"{caller.id}/{told['request_id']}", told["body"]
        if known := self._state.get("request", asked):
            return self._document(known["group"], caller)
        calls = read(body)
        group = body.get("task_group_id") or str(uuid.uuid4())
        tasks = self._submitted(calls, {**body, "task_group_id": group}, caller)
        action = {"owner": caller.id, "start": _iso(time.time()), "tasks": tasks}
        self._state.put("request", asked, {"group": group})
        self._state.put("action", group, action)
        return self._document(group, caller)

    def status(self, request: Request, group: str) -> Answer:
        """Tell how far an action has come."""
        return self._document(group, self._auth.caller(request))

    def cancel(self, request: Request, group: str) -> Answer:
        """End an action; what has begun to run runs on."""
        caller = self._auth.caller(request)
        for task_id in self._action(group, caller)["tasks"]:
            self._service.cancel(task_id, caller)
        return self._document(group, caller)

    def _submitted(self, calls: list[Call], body: dict[str, Any], caller: Identity) -> list[str]:
        """Submit calls to their endpoints, and return the ids of their tasks in order."""
        passed_on = ("task_group_id", "user_endpoint_config", "resource_specification")
        told = {name: body.get(name) for name in passed_on}
        ids: dict[tuple[str, str], Iterator[str]] = {}
        for endpoint_id in dict.fromkeys(call.endpoint_id for call in calls):
            tasks: dict[str, list[str]] = {}
            for call in calls:
                if call.endpoint_id == endpoint_id:
                    tasks.setdefault(call.function_id, []).append(call.packed)
            order = {**told, "tasks": tasks, "result_serializers": [JSON_RESULTS]}
            sent = self._service.submit(endpoint_id, order, caller)["tasks"]
            ids |= {(endpoint_id, one): iter(found) for one, found in sent.items()}
        return [next(ids[call.endpoint_id, call.function_id]) for call in calls]

    def _action(self, group: str, caller: Identity) -> dict[str, Any]:
        action = self._state.get("action", group)
        if action is None or action["owner"] != caller.id:
            raise Refused(404, "NotFound", f"there is no action tg_{group}")
        return action

    def _document(self, group: str, caller: Identity) -> dict[str, Any]:
        action = self._action(group, caller)
        tasks = [self._service.task(one, caller) for one in action["tasks"]]
        states = {task["status"] for task in tasks}
        status = "SUCCEEDED" if states == {"success"} else "ACTIVE"
        if states <= {"success", "failed"} and "failed" in states:
            status = "FAILED"
        is_over = status != "ACTIVE"
        return {
            "action_id": f"tg_{group}",
            "status": status,
            "details": _details(tasks) if is_over else {},
            "completion_time": _completion_time(tasks) if is_over else None,
            "creator_id": caller.urn,
            "display_status": status,
            "label": None,
            "manage_by": [caller.urn],
            "monitor_by": [caller.urn],
            "release_after": "P30D",
            "start_time": action["start"],
        }


def _read_v3(body: dict[str, Any]) -> list[Call]:
    if set(body) - _FIELDS:
        raise _another_form()
    return [
        _call(
            body.get("endpoint_id"), task.get("function_id"), task.get("args"), task.get("kwargs")
        )
        for task in _tasks(body.get("tasks"))
    ]


def _read_v2(body: dict[str, Any]) -> list[Call]:
    """Read the older form: tasks that name their own endpoints, or one call by itself."""
    return [
        _call(
            task.get("endpoint"),
            task.get("function"),
            args if isinstance(args := task.get("args"), list | None) else [args],
            task.get("kwargs", task.get("payload")),
        )
        for task in _tasks(body.get("tasks") or [body])
    ]


def _tasks(told: object) -> list[dict[str, Any]]:
    if not isinstance(told, list) or not told or not all(isinstance(one, dict) for one in told):
        raise _another_form()
    return told


def _call(endpoint_id: object, function_id: object, args: object, kwargs: object) -> Call:
    args, kwargs = [] if args is None else args, {} if kwargs is None else kwargs
    match endpoint_id, function_id, args, kwargs:
        case str(endpoint), str(function), list(arguments), dict(named):
            return Call(endpoint, function, arguments, named)
    raise _another_form()


def _another_form() -> Refused:
    return Refused(422, "RequestValidationError", "the body has another form")


def _details(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    readable = [JSONData, PureSourceTextInspect]
    read = ComputeSerializer(allowed_deserializer_types=readable).deserialize
    outputs = [
        read(task["result"]) if "result" in task else task.get("exception") for task in tasks
    ]
    results = [
        {"task_id": task["task_id"], "output": output}
        for task, output in zip(tasks, outputs, strict=True)
    ]
    return {"result": outputs, "results": results}


def _completion_time(tasks: list[dict[str, Any]]) -> str:
    """Return when the last task ended: the same whenever it is asked."""
    return _iso(max(float(task["completion_t"]) for task in tasks))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
