"""The Compute action provider, version 3: what a state of a Globus Flow calls.

Which serializers the real one uses is not published; this one sends arguments as JSON, and asks
for results as JSON.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
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


class Provider:
    """The action provider; it submits as whoever runs the flow."""

    def __init__(self, state: State, auth: Auth, service: Service) -> None:
        self._state, self._auth, self._service = state, auth, service

    def add_to(self, routes: Routes) -> None:
        """Answer the routes of this service."""
        routes.add("POST", "/v3/run", self.run)
        routes.add("GET", "/v3/tg_ID/status", self.status)
        routes.add("POST", "/v3/tg_ID/release", self.status)

    def run(self, request: Request) -> Answer:
        """Begin an action."""
        caller, body = self._auth.caller(request), request.json.get("body")
        if not isinstance(body, dict) or set(body) - _FIELDS or not body.get("tasks"):
            raise Refused(422, "RequestValidationError", "the body has another form")
        tasks: dict[str, list[str]] = {}
        order: list[str] = []
        for task in body["tasks"]:
            order.append(task["function_id"])
            tasks.setdefault(task["function_id"], []).append(_packed(task))
        submitted = self._service.submit(
            body["endpoint_id"],
            {
                "tasks": tasks,
                "task_group_id": body.get("task_group_id") or str(uuid.uuid4()),
                "user_endpoint_config": body.get("user_endpoint_config"),
                "resource_specification": body.get("resource_specification"),
                "result_serializers": [JSON_RESULTS],
            },
            caller,
        )
        ids = {key: iter(found) for key, found in submitted["tasks"].items()}
        group = submitted["task_group_id"]
        action = {"owner": caller.id, "start": _now(), "tasks": [next(ids[key]) for key in order]}
        self._state.put("action", group, action)
        return self._document(group, caller)

    def status(self, request: Request, group: str) -> Answer:
        """Tell how far an action has come."""
        return self._document(group, self._auth.caller(request))

    def _document(self, group: str, caller: Identity) -> dict[str, Any]:
        action = self._state.get("action", group)
        if action is None or action["owner"] != caller.id:
            raise Refused(404, "NotFound", f"there is no action tg_{group}")
        tasks = [self._service.task(one, caller) for one in action["tasks"]]
        states = {task["status"] for task in tasks}
        status = "SUCCEEDED" if states == {"success"} else "ACTIVE"
        if states <= {"success", "failed"} and "failed" in states:
            status = "FAILED"
        urn = f"urn:globus:auth:identity:{caller.id}"
        return {
            "action_id": f"tg_{group}",
            "status": status,
            "details": _details(tasks) if status != "ACTIVE" else {},
            "completion_time": _now() if status != "ACTIVE" else None,
            "creator_id": urn,
            "display_status": status,
            "label": None,
            "manage_by": [urn],
            "monitor_by": [urn],
            "release_after": "P30D",
            "start_time": action["start"],
        }


def _packed(task: dict[str, Any]) -> str:
    serializer = ComputeSerializer(strategy_data=JSONData)
    args = serializer.serialize(task.get("args") or [])
    return serializer.pack_buffers([args, serializer.serialize(task.get("kwargs") or {})])


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


def _now() -> str:
    return datetime.now(UTC).isoformat()
