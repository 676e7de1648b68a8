"""A RabbitMQ node of one's own: private folders, private ports, the loopback address alone."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.globus_cloud.leash import Leash

PROGRAMS = Path("/usr/lib/rabbitmq/bin")
_STARTS_WITHIN_S = 90

# None of those that the system gives to whoever connects. While a server is stopped, a client that
# tries again and again would sooner or later be given the server's port, and connect to itself.
_PORTS = range(12_000, 32_000)


def is_installed() -> bool:
    """Return whether this machine has RabbitMQ."""
    return (PROGRAMS / "rabbitmq-server").is_file() and shutil.which("epmd") is not None


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


class Broker:
    """One node.

    :param folder: a folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._epmd_port, self._distribution_port = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        self._leash: Leash | None = None

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/%2F"

    @property
    def output(self) -> Path:
        """What it printed."""
        return self.folder / "output.log"

    def start(self) -> Self:
        """Start it and wait until it takes connections; what it held is there again."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, text in {
            "plugins": "[].\n",
            "env": "",
            "rabbitmq.conf": "",
            "advanced": "",
        }.items():
            (self.folder / name).write_text(text)
        log = self.output.open("ab")
        environment = self._environment()
        self._leash = Leash(self.folder)
        # Started here and not by the node, so that it can be waited for.
        self._epmd = subprocess.Popen(
            ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"],
            env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        self._process = subprocess.Popen(
            [PROGRAMS / "rabbitmq-server"],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self._wait()
        return self

    def stop(self) -> None:
        """Stop it; what is durable stays in its folder."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(30)
        if self._leash is not None:
            self._leash.end_all()
        for process in (self._process, self._epmd):
            if process is not None:
                process.wait()
        self._process = self._epmd = self._leash = None

    def _environment(self) -> dict[str, str]:
        here = str(self.folder)
        return {
            "HOME": here,
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": f"n{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": f"{here}/mnesia",
            "RABBITMQ_LOG_BASE": f"{here}/log",
            "RABBITMQ_PID_FILE": f"{here}/pid",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{here}/plugins",
            "RABBITMQ_CONFIG_FILE": f"{here}/rabbitmq",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{here}/none",
            "RABBITMQ_CONF_ENV_FILE": f"{here}/env",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def _wait(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while not _answers(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = self.output.read_text(errors="replace")[-2000:]
                self.stop()
                raise RuntimeError(f"RabbitMQ did not start: {said}")
            time.sleep(0.1)


def _answers(port: int) -> bool:
    """Return whether a broker speaks AMQP: it sends its first frame when it is greeted."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.settimeout(2)
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(connection.recv(8))
    except OSError:
        return False
