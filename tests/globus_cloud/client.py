"""What speaks to the stand-in in its own tests: bare HTTP, and an endpoint's half of the broker."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import pika
from globus_compute_common.messagepack import pack
from globus_compute_common.messagepack.message_types import EPStatusReport, Result

from tests.globus_cloud.auth import COMPUTE_SCOPE, Identity
from tests.globus_cloud.cloud import Cloud

_DIRECTLY = build_opener(ProxyHandler({}))


class Client:
    """Somebody who uses a cloud.

    :ivar token: what each request is sent with; empty at first.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.token = ""

    def log_in(self, identity: Identity, secret: str | None = None) -> int:
        """Ask for a token as an identity, keep it, and return HTTP's status."""
        named = f"{identity.id}:{secret or identity.secret}".encode()
        form = urlencode({"grant_type": "client_credentials", "scope": COMPUTE_SCOPE}).encode()
        headers = {"Authorization": f"Basic {base64.b64encode(named).decode()}"}
        status, answer = self._send("POST", "/v2/oauth2/token", form, headers)
        self.token = answer.get("access_token", "")
        return status

    def get(self, path: str) -> tuple[int, Any]:
        """Return HTTP's status and the answer."""
        return self._send("GET", path, None, self._headers())

    def post(self, path: str, body: object) -> tuple[int, Any]:
        """Return HTTP's status and the answer."""
        return self._send("POST", path, json.dumps(body).encode(), self._headers())

    def register_function(self, **told: object) -> str:
        """Register a function and return its id."""
        function = {"function_name": "f", "function_code": "def f(): pass", "serialized": False}
        _, answer = self.post("/v3/functions", {**function, **told})
        function_id: str = answer["function_uuid"]
        return function_id

    def register_endpoint(self, **told: object) -> str:
        """Register an endpoint that no agent serves, and return its id."""
        _, answer = self.post("/v3/endpoints", {"endpoint_name": "e", **told})
        endpoint_id: str = answer["endpoint_id"]
        return endpoint_id

    def submit(self, endpoint_id: str, function_id: str, payload: str = "") -> tuple[int, Any]:
        """Send one task to an endpoint."""
        return self.post(f"/v3/endpoints/{endpoint_id}/submit", {"tasks": {function_id: [payload]}})

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, Any]:
        request = Request(self.cloud.url + path, body, headers, method=method)
        try:
            with _DIRECTLY.open(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)


def orders(cloud: Cloud, endpoint_id: str) -> int:
    """Return how many orders wait for an endpoint's agent."""
    with pika.BlockingConnection(pika.URLParameters(cloud.broker.url)) as connection:
        queue = connection.channel().queue_declare(f"{endpoint_id}.commands", passive=True)
        waiting: int = queue.method.message_count
        return waiting


def finish(cloud: Cloud, task_id: str, data: str, *, is_error: bool = False) -> None:
    """Say what came of a task, as an endpoint does."""
    failure = {"code": "RemoteExecutionError", "user_message": data} if is_error else None
    body = pack(Result(task_id=task_id, data=data, error_details=failure))
    with pika.BlockingConnection(pika.URLParameters(cloud.broker.url)) as connection:
        connection.channel().basic_publish("results", "any.results", body)


def report(cloud: Cloud, endpoint_id: str, **told: object) -> None:
    """Say how an endpoint is, as its agent does."""
    body = pack(EPStatusReport(endpoint_id=endpoint_id, global_state=told, task_statuses={}))
    with pika.BlockingConnection(pika.URLParameters(cloud.broker.url)) as connection:
        connection.channel().basic_publish("heartbeats", "any.heartbeats", body)
