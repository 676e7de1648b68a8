"""The servers of one test session, shared by all of its processes.

The first process that needs a server starts it under a lock. The session's first process holds a
named pipe open; the servers stop when it closes it, or is killed.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from tests.databases.postgresql import PostgresServer

STOP_TIMEOUT_S = 20.0


class SharedServers:
    """The servers that live in one folder for as long as a test session lasts.

    :param folder: the session's own folder, the same in each of its processes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._alive = folder / "alive"
        self._pipe: int | None = None

    def own(self) -> None:
        """Make this process the one whose end is the end of the servers."""
        # A server's user passes through here to its own folder.
        self._folder.chmod(0o711)
        os.mkfifo(self._alive)
        # Opened for reading too, as opening for writing alone waits for a reader.
        self._pipe = os.open(self._alive, os.O_RDWR)

    def postgresql(self, *, durable: bool = False) -> PostgresServer:
        """Return the session's PostgreSQL server, started if nobody has needed it yet."""
        name = "durable" if durable else "postgres"
        server = PostgresServer(self._folder / name, durable=durable)
        ready = self._folder / f"{name}.ready"
        with (self._folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not ready.exists():
                server.start(self._alive)
                ready.touch()
        return server

    def stop(self) -> None:
        """Stop every server of the session, and return when they have ended."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        servers = [PostgresServer(self._folder / name, durable=True) for name in _NAMES]
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while any(server.is_running() for server in servers) and time.monotonic() < deadline:
            time.sleep(0.02)


_NAMES = ("postgres", "durable")
