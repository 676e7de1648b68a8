"""The stand-in as a process of its own, and what agent and SDK need to find it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.globus_cloud.auth import OWNER, Identity
from tests.globus_cloud.broker import Broker, free_port
from tests.globus_cloud.leash import Leash

CHECKOUT = Path(__file__).parents[2]
_STARTS_WITHIN_S = 60


class Cloud:
    """One cloud, with its state in a folder.

    :param broker: what carries its messages.
    :param runner: the program that runs flows, as :mod:`tests.globus_cloud.running` says.
    """

    def __init__(self, folder: Path, broker: Broker, runner: Sequence[str] = ()) -> None:
        self.folder, self.broker, self._runner = folder, broker, runner
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._leash: Leash | None = None

    @property
    def url(self) -> str:
        """Where all of its services are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> Path:
        """What it printed."""
        return self.folder / "cloud.log"

    def start(self) -> Self:
        """Start it, with what it knew before if it ran before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._leash = Leash(self.folder)
        with self.output.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.globus_cloud", self.folder, str(self.port),
                 self.broker.url, *self._runner],
                cwd=CHECKOUT, env=_plain_environment() | {"HOME": str(self.folder)},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.output.read_text()[-2000:])
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        """Kill it; it keeps nothing back."""
        if self._leash is not None:
            self._leash.end_all()
        if self._process is not None:
            self._process.wait()
        self._process = self._leash = None

    def environment(self, folder: Path, identity: Identity = OWNER) -> dict[str, str]:
        """Return the variables of a process that is to use this cloud and no other.

        :param folder: its home, where all that it keeps is kept.
        :param identity: who it logs in as.
        """
        return _plain_environment() | {
            "HOME": str(folder),
            # As in a venv that is activated: the agent looks for its own program there.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GLOBUS_COMPUTE_USER_DIR": str(folder / ".globus_compute"),
            "GLOBUS_COMPUTE_CLIENT_ID": identity.id,
            "GLOBUS_COMPUTE_CLIENT_SECRET": identity.secret,
            # The SDK has a fixed address for this environment; the proxy leads it to our port.
            "GLOBUS_SDK_ENVIRONMENT": "local",
            "GLOBUS_SDK_SERVICE_URL_AUTH": f"{self.url}/",
            "GLOBUS_SDK_SERVICE_URL_FLOWS": f"{self.url}/",
            "http_proxy": self.url,
        }

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False


def _plain_environment() -> dict[str, str]:
    """Return this process's environment without what belongs to the one who runs the tests."""
    hidden = ("GLOBUS_", "BRAID_", "PG")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(hidden) and not name.lower().endswith("_proxy")
    }
