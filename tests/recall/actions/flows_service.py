"""A stand-in for Globus Auth and Globus Flows: hands out tokens, and remembers what was started."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

CLIENT_ID = "8d5fb2c6-0f0b-4c34-9d35-4d2f0d5a3c11"
CLIENT_SECRET = "the client's secret"

_RUN = re.compile(r"/flows/([0-9a-f-]{36})/run")


@dataclass(frozen=True)
class StartedRun:
    """A run that was started."""

    run_id: str
    flow_id: str
    scope: str
    request: dict[str, Any]


@dataclass
class FlowsService:
    """What the stand-in has done, and what is wrong with it.

    :ivar status: what it answers a start with; below 300 it starts one.
    :ivar breaks_off: whether it starts a run, and closes the connection without an answer.
    :ivar answer: what it answers instead of a run's document.
    """

    started: list[StartedRun] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    status: int = 201
    breaks_off: bool = False
    answer: Any = None
    url: str = ""
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, form: dict[str, list[str]], authorization: str) -> tuple[int, Any]:
        """Answer a request for a token, as Globus Auth does."""
        who = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if who != f"{CLIENT_ID}:{CLIENT_SECRET}":
            return 401, {"errors": [{"code": "UNAUTHORIZED", "detail": "unknown client"}]}
        assert form["grant_type"] == ["client_credentials"]
        [scope] = form["scope"]
        token = uuid.uuid4().hex
        self.tokens[token] = scope
        server = scope.split("/")[-2]
        return 200, {
            "access_token": token,
            "scope": scope,
            "resource_server": server,
            "expires_in": 172800,
            "token_type": "Bearer",
            "other_tokens": [],
        }

    def run(self, flow_id: str, request: dict[str, Any], authorization: str) -> tuple[int, Any]:
        """Answer an order to start a flow, as Globus Flows does."""
        scope = self.tokens.get(authorization.removeprefix("Bearer "), "")
        if f"flow_{flow_id.replace('-', '_')}_user" not in scope:
            return 401, {"error": {"code": "UNAUTHENTICATED", "detail": "no token for this flow"}}
        if self.status >= 300:
            return self.status, {"error": {"code": "REFUSED", "detail": "not \x1b[2J today"}}
        run_id = str(uuid.uuid4())
        self.started.append(StartedRun(run_id, flow_id, scope, request))
        document = {"run_id": run_id, "flow_id": flow_id, "status": "ACTIVE"}
        return self.status, document if self.answer is None else self.answer


@contextmanager
def flows_service() -> Iterator[FlowsService]:
    """Serve on a free port of this machine."""
    service = FlowsService()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            service.asked.append(self.path)
            body = self.rfile.read(int(self.headers["content-length"]))
            authorization = self.headers.get("authorization", "")
            if self.path == "/v2/oauth2/token":
                self.reply(*service.token(parse_qs(body.decode()), authorization))
            elif match := _RUN.fullmatch(self.path):
                status, answer = service.run(match[1], json.loads(body), authorization)
                if service.breaks_off:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                else:
                    self.reply(status, answer)
            else:
                self.reply(404, {"error": {"code": "NOT_FOUND", "detail": self.path}})

        def reply(self, status: int, answer: Any) -> None:
            data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        service.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
