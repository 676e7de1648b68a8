"""Tests of telling by its file whether an agent runs."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from braid_db.compute.endpoint.folder import CONFIG, EndpointFolder
from braid_db.compute.endpoint.running import agent_process, left_by_killed


@pytest.fixture
def endpoint(tmp_path: Path) -> EndpointFolder:
    """An endpoint whose heartbeat is 30 s, as nothing else is said."""
    (tmp_path / "braid_db").mkdir()
    return EndpointFolder(tmp_path / "braid_db")


def sign(endpoint: EndpointFolder, process: object, silent_s: float = 0) -> None:
    """Write what an agent writes that was last seen alive some time ago."""
    path = endpoint.path / "daemon.pid"
    path.write_text(f"{process}\n")
    at = time.time() - silent_s
    os.utime(path, (at, at))


def one_that_ended() -> int:
    done = subprocess.Popen(["true"])
    done.wait()
    return done.pid


def test_an_agent_runs_that_touches_its_file(endpoint: EndpointFolder) -> None:
    sign(endpoint, os.getpid(), silent_s=20)
    assert agent_process(endpoint) == os.getpid()
    assert left_by_killed(endpoint, ()) == []


def test_a_process_that_has_its_number_by_chance_is_no_agent(endpoint: EndpointFolder) -> None:
    sign(endpoint, os.getpid(), silent_s=100)
    assert agent_process(endpoint) is None
    assert left_by_killed(endpoint, ()) == []


def test_the_file_of_one_that_was_killed_holds_for_three_heartbeats(
    endpoint: EndpointFolder,
) -> None:
    sign(endpoint, one_that_ended(), silent_s=20)
    [left] = left_by_killed(endpoint, ())
    assert 60 < left.holds_s <= 70
    (endpoint.path / CONFIG).write_text("display_name: x\nheartbeat_period: 10\n")
    [left] = left_by_killed(endpoint, ())
    assert 0 < left.holds_s <= 10
    sign(endpoint, one_that_ended(), silent_s=31)
    assert left_by_killed(endpoint, ()) == []


def test_one_that_was_killed_and_not_waited_for_does_not_run(endpoint: EndpointFolder) -> None:
    with subprocess.Popen(["sleep", "60"]) as killed:
        killed.kill()
        os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
        sign(endpoint, killed.pid)
        assert agent_process(endpoint) is None
        assert [one.process for one in left_by_killed(endpoint, ())] == [killed.pid]


@pytest.mark.parametrize("text", ["", "no number", "99999999999999999999"])
def test_a_file_that_tells_nothing_is_of_nobody(endpoint: EndpointFolder, text: str) -> None:
    sign(endpoint, text)
    assert agent_process(endpoint) is None
