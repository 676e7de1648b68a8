"""The real agent: ``globus-compute-endpoint start``, with a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

AGENT = Path(sys.executable).with_name("globus-compute-endpoint")

# Root's agent would serve many accounts. In a user namespace root is seen as an ordinary user, who
# can still read the folder that this Python lies in.
AS_ORDINARY_USER = (
    ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
)
_LISTENS = "Awaiting messages from queue"
_STARTS_WITHIN_S = 180


class Agent:
    """An endpoint that is configured, and the process that serves it.

    :param name: the endpoint's name, under which it was configured.
    :param environment: the variables of the process, which say where that is.
    :param within: a command that runs what follows it; by default, as an ordinary user.
    """

    def __init__(
        self, name: str, environment: dict[str, str], within: Sequence[str] = AS_ORDINARY_USER
    ) -> None:
        self.name, self.environment, self._within = name, environment, within
        self.folder = Path(environment["GLOBUS_COMPUTE_USER_DIR"]) / name
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint_id(self) -> str:
        """The id that the service gave it."""
        told: str = json.loads((self.folder / "endpoint.json").read_text())["endpoint_id"]
        return told

    def start(self) -> Self:
        """Start it and wait until it takes orders."""
        before = len(self._log())
        with (self.folder / "output.log").open("ab") as output:
            # In a group of its own, because it signals its whole group when it ends.
            self._process = subprocess.Popen(
                [*self._within, AGENT, "start", self.name],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while _LISTENS not in self._log()[before:]:
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "output.log").read_text()[-2000:]
                self.stop()
                raise RuntimeError(f"the agent did not start: {said}{self._log()[-2000:]}")
            time.sleep(0.1)
        return self

    def stop(self) -> None:
        """End it with all that it started."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def _log(self) -> str:
        try:
            return (self.folder / "endpoint.log").read_text(errors="replace")
        except FileNotFoundError:
            return ""
