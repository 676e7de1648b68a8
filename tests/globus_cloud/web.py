"""HTTP: which part of the stand-in answers a request, and how it refuses one."""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

MOST_BYTES = 10 * 1024 * 1024
"""What the service takes at most in one request."""

UUID = "([0-9a-f-]{36})"
Answer = dict[str, Any] | list[Any]


class Refused(Exception):
    """A request is not accepted.

    :param status: HTTP's.
    :param code: the service's own.
    """

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.code, self.reason = status, code, reason

    @property
    def body(self) -> dict[str, Any]:
        """What is answered."""
        return {
            "status": "Failed",
            "code": self.code,
            "error_args": [],
            "reason": self.reason,
            "http_status_code": self.status,
        }


class Request:
    """One request: who sends it is known only by its headers."""

    def __init__(self, method: str, target: str, headers: Any, raw: bytes) -> None:
        # A client that takes the stand-in for its proxy names the whole URL.
        parts = urlsplit(target)
        self.method, self.path, self.headers = method, parts.path, headers
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self._raw = raw

    @property
    def origin(self) -> str:
        """Where the sender found us."""
        return f"http://{self.headers['Host']}"

    @property
    def json(self) -> Any:
        """The body as JSON."""
        try:
            return json.loads(self._raw or b"{}")
        except ValueError:
            raise Refused(400, "BAD_REQUEST", "the body is no JSON") from None

    def object(self, **expected: type) -> dict[str, Any]:
        """Return the body as a JSON object.

        :param expected: the members that it must have, and of which type.
        :raises Refused: if it is something else.
        """
        body = self.json
        for name, kind in expected.items():
            if not isinstance(body, dict) or not isinstance(body.get(name), kind):
                raise Refused(400, "BAD_REQUEST", f"the body has no {name}, {kind.__name__}")
        if not isinstance(body, dict):
            raise Refused(400, "BAD_REQUEST", "the body is no object")
        return body

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return {name: values[0] for name, values in parse_qs(self._raw.decode()).items()}


Handler = Callable[..., Answer]


class Routes:
    """Which handler a request belongs to."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Let a handler answer; ``ID`` in the path is a UUID, which it is given."""
        self._routes.append((method, re.compile(path.replace("ID", UUID)), handler))

    def answer(self, request: Request) -> Answer:
        """Return what is answered.

        :raises Refused: if it is not accepted.
        """
        for method, path, handler in self._routes:
            found = path.fullmatch(request.path)
            if method == request.method and found:
                return handler(request, *found.groups())
        raise Refused(404, "NOT_FOUND", f"{request.method} {request.path}")


def serve(routes: Routes, port: int) -> None:
    """Answer requests on the loopback address for ever."""

    class Connection(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(size)
            try:
                if size > MOST_BYTES:
                    raise Refused(413, "PAYLOAD_TOO_LARGE", f"{size} bytes are too many")
                request = Request(self.command, self.path, self.headers, raw)
                status, body = 200, routes.answer(request)
            except Refused as refused:
                status, body = refused.status, refused.body
            except Exception as error:  # noqa: BLE001, it is told to the client
                traceback.print_exc()
                status, body = 500, Refused(500, "INTERNAL", repr(error)).body
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815, so HTTP's methods are found

        def log_message(self, form: str, *values: Any) -> None:
            print(form % values, file=sys.stderr, flush=True)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server(("127.0.0.1", port), Connection) as server:
        server.serve_forever()
