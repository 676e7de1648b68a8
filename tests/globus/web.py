"""Requests to the cloud as other services send them: Globus Flows to the action provider."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
import uuid
from typing import Any
from urllib.parse import urlencode

from tests.globus_cloud.auth import COMPUTE_SCOPE, OWNER, Identity
from tests.globus_cloud.cloud import Cloud

_LONGEST_S = 180
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Refusal(Exception):
    """The cloud did not accept a request."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status}: {body}")
        self.status, self.code = status, body["code"]


def code_for(url: str, identity: Identity) -> str:
    """Open the page on which somebody logs in, consent, and return the code that it shows."""
    request = urllib.request.Request(url, headers={"Authorization": _secret_of(identity)})
    with _DIRECTLY.open(request, timeout=_LONGEST_S) as answer:
        return str(json.load(answer)["code"])


class Web:
    """The cloud as somebody asks it.

    :param token: what the requests carry; a new one of the identity's when omitted.
    """

    def __init__(self, cloud: Cloud, identity: Identity = OWNER, token: str | None = None) -> None:
        self._url, self._identity = cloud.url, identity
        self.token = token or self._new_token()

    def post(self, path: str, body: Any) -> Any:
        """Send an object, and return what is answered."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return self._open(path, json.dumps(body).encode(), headers)

    def get(self, path: str) -> Any:
        """Return what is answered."""
        return self._open(path, None, {"Authorization": f"Bearer {self.token}"})

    def delete(self, path: str) -> Any:
        """Let something be forgotten, and return what is answered."""
        return self._open(path, None, {"Authorization": f"Bearer {self.token}"}, "DELETE")

    def revoke(self) -> None:
        """Let the token be worth nothing."""
        self._open("/v2/oauth2/token/revoke", urlencode({"token": self.token}).encode(), {})

    def run_action(self, endpoint_id: str, *calls: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        """Run an action as a state of a flow does, and return its status document at its end."""
        tasks = [{"function_id": one, "args": [], "kwargs": kwargs} for one, kwargs in calls]
        body = {"endpoint_id": endpoint_id, "tasks": tasks}
        document = self.post("/v3/run", {"request_id": str(uuid.uuid4()), "body": body})
        deadline = time.monotonic() + _LONGEST_S
        while document["status"] == "ACTIVE" and time.monotonic() < deadline:
            time.sleep(0.1)
            document = self.get(f"/v3/{document['action_id']}/status")
        return dict(document)

    def _new_token(self) -> str:
        form = {"grant_type": "client_credentials", "scope": COMPUTE_SCOPE}
        headers = {"Authorization": _secret_of(self._identity)}
        return str(
            self._open("/v2/oauth2/token", urlencode(form).encode(), headers)["access_token"]
        )

    def _open(
        self, path: str, data: bytes | None, headers: dict[str, str], method: str | None = None
    ) -> Any:
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        try:
            with _DIRECTLY.open(request, timeout=_LONGEST_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise Refusal(error.code, json.load(error)) from None


def _secret_of(identity: Identity) -> str:
    named = f"{identity.id}:{identity.secret}".encode()
    return f"Basic {base64.b64encode(named).decode()}"
