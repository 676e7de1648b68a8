"""A way to PostgreSQL on which a client's messages can be held up, whatever it sends."""

from __future__ import annotations

import select
import shutil
import socket
import struct
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

STATEMENTS = (b"E", b"Q")
"""The messages that run a statement: Execute and Query.

Source: PostgreSQL's documentation, "Message Formats".
"""

SYNC = b"S\x00\x00\x00\x04"
"""The message after which the server answers, and works off all that it has."""


class Proxy:
    """Passes one client's messages on, until the one that is to be held.

    :param server: the folder of the server's socket.
    :param hold_at: which statement is held, counted from one.
    :param deliver: whether the held statement still reaches the server; then it is its answer
        that the client never gets.
    :ivar held: set when that statement has come.
    """

    def __init__(self, server: Path, hold_at: int, *, deliver: bool) -> None:
        # Names of sockets must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="braid-proxy-"))
        self.held = threading.Event()
        self._server, self._hold_at, self._deliver = server, hold_at, deliver
        self._seen = 0
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.folder / ".s.PGSQL.5432"))
        self._listening.listen(1)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        client, _ = self._listening.accept()
        # A client that is killed does not take what is under way to it.
        with suppress(ConnectionError), client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._server / ".s.PGSQL.5432"))
            waiting, is_first = b"", True
            while True:
                ready, _, _ = select.select([client, server], [], [])
                if server in ready and not self._answer(server, client):
                    return
                if client not in ready:
                    continue
                if not (news := client.recv(65536)):
                    _end(server)
                    return
                waiting += news
                while message := _first_message(waiting, is_first=is_first):
                    waiting, is_first = waiting[len(message) :], False
                    self._pass(message, server)

    def _pass(self, message: bytes, server: socket.socket) -> None:
        """Pass a message on, unless one was held."""
        if self.held.is_set():
            return
        is_statement = message[:1] in STATEMENTS
        self._seen += is_statement
        if is_statement and self._seen == self._hold_at:
            self.held.set()
            message = message + SYNC if self._deliver else b""
        server.sendall(message)

    def _answer(self, server: socket.socket, client: socket.socket) -> bool:
        """Pass an answer on; return False when the server has gone."""
        answer = server.recv(65536)
        if not self.held.is_set():
            client.sendall(answer)
        return bool(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait until the client is gone and the server has noticed."""
        self._thread.join()
        self._listening.close()
        shutil.rmtree(self.folder)


def _end(server: socket.socket) -> None:
    """Wait until a server has done what it was sent, and has seen that nobody is there."""
    server.shutdown(socket.SHUT_WR)
    while server.recv(65536):
        pass


def _first_message(waiting: bytes, *, is_first: bool) -> bytes:
    """Return the first whole message; the very first one of all has no letter before its length."""
    at = 0 if is_first else 1
    if len(waiting) < at + 4:
        return b""
    (length,) = struct.unpack("!I", waiting[at : at + 4])
    return waiting[: at + length] if len(waiting) >= at + length else b""
