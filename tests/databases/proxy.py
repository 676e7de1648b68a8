"""A server that can be made to fall silent: what stands between a client and PostgreSQL."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Passes on what comes to a port of 127.0.0.1, until it is told to be silent.

    Then it still takes connections and what is sent, as a host does whose server hangs, but
    answers nothing; what came meanwhile is passed on when it talks again.

    :ivar connections: how many were made to it.
    """

    def __init__(self, socket_path: str) -> None:
        self._path = socket_path
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._sockets: list[socket.socket] = [self._listener]
        self._talks = threading.Event()
        self._talks.set()

    def fall_silent(self) -> None:
        """Answer nothing from now on, neither to those who are connected nor to others."""
        self._talks.clear()

    def talk_again(self) -> None:
        """Pass on what came, and what comes."""
        self._talks.set()

    def accept(self) -> None:
        """Take connections until the end."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                server = socket.socket(socket.AF_UNIX)
                if server.connect_ex(self._path):
                    # There is no server: whoever asked is told so by the end of the connection.
                    server.close()
                    client.close()
                    continue
                self._sockets += [client, server]
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._talks.wait()
                target.sendall(data)
        # A server that ends with a query unread resets its connection: that is an end, too.
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End it and every connection through it."""
        self._talks.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for end in self._sockets:
            end.close()


@contextmanager
def proxy_to(socket_path: str) -> Iterator[Proxy]:
    """Give a proxy to a server's Unix socket."""
    proxy = Proxy(socket_path)
    thread = threading.Thread(target=proxy.accept, daemon=True)
    thread.start()
    yield proxy
    proxy.close()
    thread.join(10)
