"""Globus Compute's web service: functions, endpoints, and tasks on their way."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from typing import Any

from globus_compute_common.messagepack import pack, unpack
from globus_compute_common.messagepack.message_types import EPStatusReport, Result, Task
from globus_compute_sdk.serialize import PureSourceTextInspect
from globus_compute_sdk.serialize.utils import pack_buffers

from tests.globus_cloud.auth import Auth, Identity
from tests.globus_cloud.messages import HEARTBEATS, RESULTS, Messages
from tests.globus_cloud.state import State
from tests.globus_cloud.web import Answer, Refused, Request, Routes

QUEUE_PREFIX = "results.tg."
_NAMES = uuid.UUID("7a3a1b9e-5d0c-4f7e-8d5e-0a4f5a3c9b10")
_OVER = ("success", "failed")


class Service:
    """The service; endpoints and clients know it by its routes alone."""

    def __init__(self, state: State, auth: Auth, broker_url: str) -> None:
        self._state, self._auth = state, auth
        self._reports: dict[str, tuple[float, dict[str, Any]]] = {}
        received = {RESULTS: self._result, HEARTBEATS: self._heartbeat}
        self._messages = Messages(broker_url, received)
        self._messages.start()

    def add_to(self, routes: Routes) -> None:
        """Answer the routes of this service."""
        routes.add("GET", "/v2/version", self.version)
        routes.add("POST", "/v[23]/functions", self.register_function)
        routes.add("GET", "/v2/functions/ID", self.get_function)
        routes.add("DELETE", "/v2/functions/ID", self.delete_function)
        routes.add("POST", "/v3/endpoints", self.register_endpoint)
        routes.add("PUT", "/v3/endpoints/ID", self.register_endpoint)
        routes.add("POST", "/v3/endpoints/ID/lock", lambda request, _: {"status": "Success"})
        routes.add("GET", "/v2/endpoints", self.list_endpoints)
        routes.add("GET", "/v2/endpoints/ID", self.get_endpoint)
        routes.add("DELETE", "/v2/endpoints/ID", self.delete_endpoint)
        routes.add("GET", "/v2/endpoints/ID/status", self.endpoint_status)
        routes.add("GET", "/v3/endpoints/ID/allowed_functions", self.allowed_functions)
        routes.add("POST", "/v3/endpoints/ID/submit", self.submit_request)
        routes.add("GET", "/v2/get_amqp_result_connection_url", self.result_queue)
        routes.add("GET", "/v2/tasks/ID", self.get_task)
        routes.add("POST", "/v2/batch_status", self.batch_status)
        routes.add("GET", "/v2/taskgroup/ID", self.task_group)

    def version(self, request: Request) -> Answer:
        """Tell which versions of agent and SDK are new enough."""
        return {"api": "1.0", "min_ep_version": "4.0.0", "min_sdk_version": "4.0.0"}

    def register_function(self, request: Request) -> Answer:
        """Keep a function; a source text becomes what a worker compiles."""
        owner = self._auth.caller(request)
        told = request.object(function_name=str, function_code=str)
        code = told["function_code"]
        if not told.get("serialized", True):
            identifier = PureSourceTextInspect.identifier
            code = pack_buffers([f"{identifier}{told['function_name']}:{code}"])
        function_id = str(uuid.uuid4())
        kept = {**told, "function_code": code, "owner": owner.id, "function_uuid": function_id}
        self._state.put("function", function_id, kept)
        return {"function_uuid": function_id}

    def get_function(self, request: Request, function_id: str) -> Answer:
        """Tell of a function that the caller may run."""
        return self._function(function_id, self._auth.caller(request))

    def delete_function(self, request: Request, function_id: str) -> Answer:
        """Forget a function of the caller's."""
        self._owned("function", function_id, self._auth.caller(request))
        self._state.drop("function", function_id)
        return {"result": 302}

    def register_endpoint(self, request: Request, endpoint_id: str | None = None) -> Answer:
        """Know an endpoint, and tell its agent where it gets its orders."""
        owner = self._auth.caller(request)
        if endpoint_id is not None and self._state.get("endpoint", endpoint_id):
            self._owned("endpoint", endpoint_id, owner)
        known = endpoint_id or str(uuid.uuid4())
        self._state.put("endpoint", known, {**request.object(), "owner": owner.id})
        queue = f"{known}.commands"
        self._messages.declare(queue)
        return {
            "endpoint_id": known,
            "command_queue_info": {"connection_url": self._messages.url, "queue": queue},
            "heartbeat_queue_info": self._messages.publishing(HEARTBEATS, known),
        }

    def list_endpoints(self, request: Request) -> Answer:
        """Tell of the caller's endpoints."""
        caller = self._auth.caller(request)
        return [
            {"uuid": key, "name": one.get("endpoint_name"), "display_name": one.get("display_name")}
            for key, one in self._state.all("endpoint")
            if one["owner"] == caller.id
        ]

    def get_endpoint(self, request: Request, endpoint_id: str) -> Answer:
        """Tell of an endpoint."""
        self._auth.caller(request)
        return {"uuid": endpoint_id, **self._endpoint(endpoint_id)}

    def delete_endpoint(self, request: Request, endpoint_id: str) -> Answer:
        """Forget an endpoint of the caller's."""
        self._owned("endpoint", endpoint_id, self._auth.caller(request))
        self._state.drop("endpoint", endpoint_id)
        return {"result": 302}

    def endpoint_status(self, request: Request, endpoint_id: str) -> Answer:
        """Tell whether an endpoint gave a sign of life lately."""
        self._auth.caller(request)
        self._endpoint(endpoint_id)
        at, report = self._reports.get(endpoint_id, (0.0, {}))
        is_online = time.time() - at < 2.5 * report.get("heartbeat_period", 0)
        return {"status": "online" if is_online else "offline", "details": report}

    def allowed_functions(self, request: Request, endpoint_id: str) -> Answer:
        """Tell which functions an endpoint lets run."""
        self._auth.caller(request)
        allowed = self._endpoint(endpoint_id).get("allowed_functions")
        return {
            "endpoint_id": endpoint_id,
            "restricted": allowed is not None,
            "functions": allowed or [],
        }

    def submit_request(self, request: Request, endpoint_id: str) -> Answer:
        """Take tasks for an endpoint."""
        caller = self._auth.caller(request)
        return self.submit(endpoint_id, request.object(tasks=dict), caller)

    def submit(self, endpoint_id: str, told: dict[str, Any], caller: Identity) -> dict[str, Any]:
        """Send tasks on their way, and answer their ids in the order in which they came.

        :raises Refused: if one of them may not be run; then none is sent.
        """
        _check_form(told)
        endpoint = self._endpoint(endpoint_id)
        functions = {key: self._function(key, caller) for key in told["tasks"]}
        _check_allowed(endpoint, endpoint_id, functions)
        group = told.get("task_group_id") or str(uuid.uuid4())
        user_endpoint = self._place(endpoint_id, told, caller)
        self._begin_group(group, caller, has_queue=bool(told.get("create_queue")))
        ids: dict[str, list[str]] = {}
        messages = []
        for function_id, payloads in told["tasks"].items():
            for payload in payloads:
                task_id = str(uuid.uuid4())
                ids.setdefault(function_id, []).append(task_id)
                self._begin_task(task_id, group, user_endpoint, caller)
                code = functions[function_id]["function_code"]
                body = pack(Task(task_id=task_id, task_buffer=code + payload))
                messages.append((body, {"headers": _headers(task_id, function_id, told)}))
        self._messages.publish(f"{user_endpoint}.tasks", *messages)
        # Last, so that an agent that refuses at once finds what it is to be told of.
        self._order(endpoint_id, user_endpoint, told, caller)
        return {
            "tasks": ids,
            "task_group_id": group,
            "request_id": str(uuid.uuid4()),
            "endpoint_id": endpoint_id,
        }

    def result_queue(self, request: Request) -> Answer:
        """Tell where the results of a task group are read."""
        self._auth.caller(request)
        return {"queue_prefix": QUEUE_PREFIX, "connection_url": self._messages.url}

    def get_task(self, request: Request, task_id: str) -> Answer:
        """Tell how far a task of the caller's has come."""
        return self.task(task_id, self._auth.caller(request))

    def batch_status(self, request: Request) -> Answer:
        """Tell how far some tasks of the caller's have come."""
        caller = self._auth.caller(request)
        task_ids = request.object(task_ids=list)["task_ids"]
        results = {str(one): self.task(str(one), caller) for one in task_ids}
        return {"response": "batch", "results": results}

    def task_group(self, request: Request, group: str) -> Answer:
        """Tell which tasks a group has."""
        caller = self._auth.caller(request)
        self._owned("group", group, caller)
        tasks = [{"id": key} for key, one in self._state.all("task") if one["group"] == group]
        return {"taskgroup_id": group, "tasks": tasks}

    def task(self, task_id: str, caller: Identity) -> dict[str, Any]:
        """Return how far a task has come, as the service tells it."""
        task = self._owned("task", task_id, caller)
        told = {"task_id": task_id, **task}
        names = ("task_id", "status", "result", "exception", "completion_t", "details")
        return {name: told[name] for name in names if told.get(name) is not None}

    def cancel(self, task_id: str, caller: Identity) -> None:
        """Wait no longer for a task of the caller's; if it runs, it runs on."""
        self._owned("task", task_id, caller)
        reason = f"cancelled by {caller.username}"
        details = {"code": "CANCELLED", "user_message": reason}
        result = Result(task_id=task_id, data=reason, error_details=details)
        self._finish(result, pack(result))

    def _owned(self, kind: str, key: str, caller: Identity) -> dict[str, Any]:
        thing = self._state.get(kind, key)
        if thing is None or thing["owner"] != caller.id:
            raise Refused(404, f"{kind.upper()}_NOT_FOUND", f"there is no {kind} {key} of yours")
        return thing

    def _function(self, function_id: str, caller: Identity) -> dict[str, Any]:
        function = self._state.get("function", function_id)
        if function is None:
            raise Refused(404, "FUNCTION_NOT_FOUND", f"there is no function {function_id}")
        is_shared = function.get("public") or function.get("group") in caller.groups
        if function["owner"] != caller.id and not is_shared:
            reason = f"the function {function_id} is not shared with {caller.username}"
            raise Refused(403, "FUNCTION_ACCESS_FORBIDDEN", reason)
        return function

    def _endpoint(self, endpoint_id: str) -> dict[str, Any]:
        endpoint = self._state.get("endpoint", endpoint_id)
        if endpoint is None:
            raise Refused(404, "ENDPOINT_NOT_FOUND", f"there is no endpoint {endpoint_id}")
        return endpoint

    def _place(self, endpoint_id: str, told: dict[str, Any], caller: Identity) -> str:
        """Return the id of the process that runs a caller's tasks, and have a queue for it."""
        options = told.get("user_endpoint_config") or {}
        named = json.dumps([endpoint_id, caller.id, options], sort_keys=True)
        digest = hashlib.sha256(named.encode()).hexdigest()
        user_endpoint = str(uuid.uuid5(_NAMES, digest))
        self._messages.declare(f"{user_endpoint}.tasks")
        return user_endpoint

    def _order(
        self, endpoint_id: str, user_endpoint: str, told: dict[str, Any], caller: Identity
    ) -> None:
        """Order an agent to run a process for a caller; it ignores that where one runs."""
        tasks = {"exchange": "tasks", "queue": f"{user_endpoint}.tasks"}
        order = {
            "command": "cmd_start_endpoint",
            "args": [],
            "kwargs": {
                "name": f"uep.{endpoint_id}.{user_endpoint}",
                "user_opts": told.get("user_endpoint_config") or {},
                "user_runtime": told.get("user_runtime") or {},
                "amqp_creds": {
                    "endpoint_id": user_endpoint,
                    "task_queue_info": {"connection_url": self._messages.url, **tasks},
                    "result_queue_info": self._messages.publishing(RESULTS, user_endpoint),
                    "heartbeat_queue_info": self._messages.publishing(HEARTBEATS, user_endpoint),
                },
            },
            "globus_effective_identity": caller.id,
            "globus_username": caller.username,
            "globus_identity_set": [caller.document],
        }
        properties = {"content_type": "application/json", "timestamp": int(time.time())}
        self._messages.publish(f"{endpoint_id}.commands", (json.dumps(order).encode(), properties))

    def _begin_group(self, group: str, caller: Identity, *, has_queue: bool) -> None:
        known = self._state.get("group", group)
        if known is not None:
            self._owned("group", group, caller)
            has_queue = has_queue or known["has_queue"]
        self._state.put("group", group, {"owner": caller.id, "has_queue": has_queue})
        if has_queue:
            self._messages.declare(QUEUE_PREFIX + group)

    def _begin_task(self, task_id: str, group: str, place: str, caller: Identity) -> None:
        task = {"status": "waiting-for-ep", "group": group, "place": place, "owner": caller.id}
        self._state.put("task", task_id, {**task, "deliveries": 0})

    def _result(self, body: bytes) -> None:
        """Take a result from an endpoint; the first one of a task counts."""
        result = unpack(body)
        if not isinstance(result, Result):
            raise ValueError(type(result))
        self._finish(result, body)

    def _finish(self, result: Result, body: bytes) -> None:
        task_id = str(result.task_id)
        with self._state.lock:
            task = self._state.get("task", task_id)
            if task is None:
                return
            is_first = task["status"] not in _OVER
            task = {**task, "deliveries": task["deliveries"] + 1}
            if is_first:
                task["status"] = "failed" if result.is_error else "success"
                task["completion_t"] = str(time.time())
                task["exception" if result.is_error else "result"] = result.data
                task["details"] = json.loads(json.dumps(result.details, default=str))
            self._state.put("task", task_id, task)
            group = self._state.get("group", task["group"]) or {}
        if is_first and group.get("has_queue"):
            queue = QUEUE_PREFIX + task["group"]
            self._messages.publish(queue, (body, {"timestamp": int(time.time())}))

    def _heartbeat(self, body: bytes) -> None:
        """Take a sign of life; an agent that could not start a process says so by one."""
        report = unpack(body)
        if not isinstance(report, EPStatusReport):
            raise ValueError(type(report))
        endpoint_id, told = str(report.endpoint_id), report.global_state
        self._reports[endpoint_id] = (time.time(), told)
        if told.get("error"):
            self._fail_waiting(endpoint_id, told["error"])

    def _fail_waiting(self, place: str, reason: str) -> None:
        # First: what is thrown away is then told of, whenever it was sent.
        self._messages.purge(f"{place}.tasks")
        for task_id, task in self._state.all("task"):
            if task["place"] == place and task["status"] not in _OVER:
                details = {"code": "EP_START", "user_message": reason}
                result = Result(task_id=task_id, data=reason, error_details=details)
                self._finish(result, pack(result))


_OPTIONS = {
    "task_group_id": str,
    "create_queue": bool,
    "user_endpoint_config": dict,
    "user_runtime": dict,
    "resource_specification": dict,
    "result_serializers": list,
}


def _check_form(told: dict[str, Any]) -> None:
    """Refuse a submission that has another form."""
    for name, kind in _OPTIONS.items():
        if told.get(name) is not None and not isinstance(told[name], kind):
            raise Refused(400, "BAD_REQUEST", f"{name} is no {kind.__name__}")
    for payloads in told["tasks"].values() or [None]:
        texts = payloads if isinstance(payloads, list) else []
        if not texts or not all(isinstance(text, str) for text in texts):
            raise Refused(400, "BAD_REQUEST", "tasks are lists of packed arguments, by function")


def _check_allowed(
    endpoint: dict[str, Any], endpoint_id: str, functions: dict[str, dict[str, Any]]
) -> None:
    allowed = endpoint.get("allowed_functions")
    for function_id in functions if allowed is not None else ():
        if function_id not in map(str, allowed or ()):
            reason = f"Function {function_id} not permitted on endpoint {endpoint_id}"
            raise Refused(403, "FUNCTION_NOT_PERMITTED", reason)


def _headers(task_id: str, function_id: str, told: dict[str, Any]) -> dict[str, Any]:
    return {
        "function_uuid": function_id,
        "task_uuid": task_id,
        "resource_specification": json.dumps(told.get("resource_specification")),
        "result_serializers": told.get("result_serializers") or [],
    }
