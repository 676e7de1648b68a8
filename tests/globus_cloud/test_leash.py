"""Broker and cloud end with whoever started them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.globus_cloud.broker import is_installed
from tests.globus_cloud.cloud import CHECKOUT

SESSION = """
import sys, time
from pathlib import Path
from tests.globus_cloud.broker import Broker
from tests.globus_cloud.cloud import Cloud

folder = Path(sys.argv[1])
broker = Broker(folder / "broker").start()
Cloud(folder / "cloud", broker).start()
print("running", flush=True)
time.sleep(600)
"""


def processes_of(folder: Path) -> set[str]:
    """Return the programs that have a folder, or one in it, for their home."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"\0HOME={folder}" in "\0" + (process / "environ").read_text(errors="replace"):
                found.add((process / "comm").read_text().strip())
        except OSError:
            continue
    return found


def test_all_of_it_ends_with_a_session_that_is_killed(tmp_path: Path) -> None:
    if not is_installed():
        pytest.skip("RabbitMQ is not installed: apt-get install rabbitmq-server")
    line = [sys.executable, "-c", SESSION, str(tmp_path)]
    with subprocess.Popen(line, cwd=CHECKOUT, stdout=subprocess.PIPE) as session:
        assert session.stdout
        assert session.stdout.readline() == b"running\n"
        assert {"beam.smp", "epmd"} < processes_of(tmp_path)
        session.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while processes_of(tmp_path):
        assert time.monotonic() < deadline, processes_of(tmp_path)
        time.sleep(0.1)
