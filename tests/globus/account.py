"""Somebody who uses Globus: a home folder, a login, the commands, and endpoints."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.globus.clients import Client
from tests.globus_cloud.agent import Agent
from tests.globus_cloud.auth import Identity
from tests.globus_cloud.cloud import Cloud

COMMAND = Path(sys.executable).with_name("braid-db")
ENDPOINT = "braid_db"


class Account:
    """A home folder that is empty at first, and who works in it.

    :param home: a folder that is not there yet.
    """

    def __init__(self, cloud: Cloud, home: Path, identity: Identity) -> None:
        home.mkdir(mode=0o700)
        self.cloud, self.home, self.identity = cloud, home, identity
        self.environment = cloud.environment(home, identity)
        self.agent = Agent(ENDPOINT, self.environment)
        self._clients: list[Client] = []

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run ``braid-db`` as this person does in a shell."""
        line = [str(COMMAND), *map(str, arguments)]
        return subprocess.run(
            line, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def ask(self, *arguments: object) -> Any:
        """Run ``braid-db`` and return its JSON answer."""
        done = self.run(*arguments, "--format", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def register(self, *arguments: object) -> dict[str, str]:
        """Register functions, and return their ids by name."""
        done = self.ask("functions", "register", *arguments)
        return {one["name"]: one["function_id"] for one in done}

    def client(self) -> Client:
        """Return a new process that calls as this person."""
        self._clients.append(Client(self.environment))
        return self._clients[-1]

    def processes(self, word: str = "") -> list[int]:
        """Return the processes that work in this home folder, by what stands in their command."""
        return [number for number, line in self._processes() if word in line]

    def leave(self) -> None:
        """End all that was started."""
        for client in self._clients:
            client.close()
        self.agent.stop()
        # Workers outlive a process that was killed.
        for number in self.processes():
            os.kill(number, signal.SIGKILL)

    def _processes(self) -> Iterator[tuple[int, str]]:
        mark = f"HOME={self.home}\0".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes() + b"\0":
                    line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    yield int(folder.name), line
            except OSError:
                continue
