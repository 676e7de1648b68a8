"""Tests of how an executor is named, and of whether one is known to be gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from braid_db.recall import executors
from braid_db.recall.executors import is_gone, this_executor

NAME = "from braid_db.recall.executors import this_executor; print(this_executor(), flush=True)"


@pytest.fixture
def other() -> subprocess.Popen[str]:
    """Another executor, which says its name and sleeps."""
    program = f"{NAME}; import time; time.sleep(600)"
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


def named(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_an_executor_is_named_by_its_host_process_and_start() -> None:
    host, process_id, start = this_executor().split(":")
    assert host == os.uname().nodename
    assert int(process_id) == os.getpid()
    assert start
    assert this_executor() == this_executor()


def test_an_executor_is_gone_when_it_is_dead_though_nobody_buried_it(
    other: subprocess.Popen[str],
) -> None:
    with other:
        name = named(other)
        assert not is_gone(name)
        other.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        assert is_gone(name)
    assert is_gone(name)


def test_a_process_that_came_later_under_the_same_number_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = this_executor()
    assert not is_gone(mine)
    host, process_id, start = mine.split(":")
    ticks, machine = start.split("-")
    assert is_gone(f"{host}:{process_id}:{int(ticks) - 1}-{machine}")


def test_an_executor_of_another_machine_is_not_known_to_be_gone() -> None:
    host, _, start = this_executor().split(":")
    assert not is_gone(f"{host}:999999999:{start}x")
    assert is_gone(f"{host}:999999999:{start}")


@pytest.mark.parametrize("name", ["", "host", "host:1", "host:x:1-", ":::", "host:-1:5-a"])
def test_a_name_that_is_none_is_not_known_to_be_gone(name: str) -> None:
    assert not is_gone(name)


def test_where_the_system_says_nothing_nobody_is_known_to_be_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(executors, "_machine", lambda: "")
    assert not is_gone("host:999999999:5-")
    assert not is_gone(this_executor())
