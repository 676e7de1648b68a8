"""Somebody who uses Globus: a home folder, a login, the commands, and endpoints."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.globus.clients import Client
from tests.globus.web import Web
from tests.globus_cloud.agent import AS_ORDINARY_USER, Agent
from tests.globus_cloud.auth import Identity
from tests.globus_cloud.cloud import Cloud
from tests.globus_cloud.leash import Leash

ENDPOINT = "braid_db"
_PATIENCE_S = 180
_LONGEST_S = 900


class Account:
    """A home folder that is empty at first, and who works in it.

    :param home: a folder that is not there yet.
    :param within: a command that runs what follows it, for the agent and for what is run in a
        shell; by default, as an ordinary user.
    :ivar python: what this person's commands and clients run with.
    """

    def __init__(
        self,
        cloud: Cloud,
        home: Path,
        identity: Identity,
        within: Sequence[str] = AS_ORDINARY_USER,
    ) -> None:
        home.mkdir(mode=0o700)
        self.cloud, self.home, self.identity = cloud, home, identity
        self._within = within
        self.python = Path(sys.executable)
        self.environment = cloud.environment(home, identity)
        self.agent = Agent(ENDPOINT, self.environment, within)
        self._clients: list[Client] = []
        self._leash = Leash(home)

    def run(
        self, *arguments: object, program: str = "braid-db"
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, ``braid-db`` by default, as this person does in a shell."""
        line = [*self._within, str(self.python.with_name(program)), *map(str, arguments)]
        return subprocess.run(
            line,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LONGEST_S,
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

    def doctor(self, *arguments: object) -> dict[str, dict[str, Any]]:
        """Return the doctor's checks by name; it exits with 1 if one is bad."""
        done = self.run("endpoint", "doctor", *arguments, "--format", "json")
        checks = {check["name"]: check for check in json.loads(done.stdout)}
        is_bad = any(check["verdict"] == "bad" for check in checks.values())
        assert done.returncode == (1 if is_bad else 0)
        return checks

    def start_agent(self) -> str:
        """Start the agent, anew if it runs, and return its endpoint's id when the cloud sees it."""
        self.agent.stop()
        endpoint_id = self.agent.start().endpoint_id
        web = Web(self.cloud, self.identity)
        deadline = time.monotonic() + _PATIENCE_S
        while web.get(f"/v2/endpoints/{endpoint_id}/status")["status"] != "online":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return endpoint_id

    def client(self) -> Client:
        """Return a new process that calls as this person."""
        self._clients.append(Client(self.environment, self.python))
        return self._clients[-1]

    def kill_processes_of_functions(self) -> None:
        """Kill the process that the agent has started to run functions, with its workers.

        Workers that were left would keep its connection to the broker open, which then holds the
        tasks back until the connection's heartbeat is missed.
        """
        agent = (self.agent.folder / "daemon.pid").read_text().strip()
        [process] = _children(agent)
        # It leads a group that its workers are in: none is missed that is being started.
        os.killpg(process, signal.SIGKILL)
        deadline = time.monotonic() + _PATIENCE_S
        while Path(f"/proc/{process}").exists():
            # Until it has seen the end, the agent starts no other.
            assert time.monotonic() < deadline
            time.sleep(0.05)
        # Where it stays, none is started for three heartbeats, and callers are told of it. That of
        # one that was started since must stay: without it, it would end while it has calls.
        for left in self.agent.folder.parent.glob("uep.*/daemon.pid"):
            if left.read_text().split() == [str(process)]:
                left.unlink()

    def kill_agent(self) -> None:
        """Kill the agent with all that it has started, as a machine that is out of memory may."""
        for number in self.agents_processes():
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self.agent.stop()

    def agents_processes(self) -> list[int]:
        """Return the numbers of the agent's process and of all that it has started."""
        agent = (self.agent.folder / "daemon.pid").read_text().strip()
        return [int(agent), *_descendants(agent)]

    def leave(self) -> None:
        """End all that was started."""
        for client in self._clients:
            client.close()
        self.agent.stop()
        self._leash.end_all()


def _children(parent: str) -> list[int]:
    told = [path.read_text() for path in Path(f"/proc/{parent}/task").glob("*/children")]
    return [int(number) for number in " ".join(told).split()]


def _descendants(process: str) -> list[int]:
    children = _children(process)
    return [*children, *(one for child in children for one in _descendants(str(child)))]
