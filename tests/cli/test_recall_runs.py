"""Tests of ``braid-db recall run`` as a process: interrupted, on a terminal, and by itself."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Recorded
from tests.cli.test_process import PROGRAM, _read
from tests.cli.test_recalls import link, owner, recall

Ask = Callable[..., Any]

__all__ = ["owner"]

WAITING = "#!/bin/sh\necho $$ > {mark}.part\nmv {mark}.part {mark}\nexec sleep 600\n"
_PATIENCE_S = 60


def wait_for(path: Path) -> str:
    """Return what a file holds, once it is there."""
    end = time.monotonic() + _PATIENCE_S
    while not path.exists():
        assert time.monotonic() < end, f"{path} was not written"
        time.sleep(0.01)
    return path.read_text()


def ends(process_id: int) -> bool:
    """Return whether a process is over soon; one that nobody has waited for is over, too."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        try:
            status = Path(f"/proc/{process_id}/stat").read_text()
        except OSError:
            return True
        if status.rpartition(")")[2].split()[0] in ("Z", "X"):
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("form", ["text", "json"])
def test_ctrl_c_ends_what_runs_marks_it_interrupted_and_answers_what_was_done(
    ask: Ask, recorded: Recorded, owner: Callable[..., str], tmp_path: Path, form: str
) -> None:
    mark = tmp_path / "mark"
    link(recorded["image"], owner("quick"), "quick")
    link(recorded["structure"], owner("waiting", WAITING.format(mark=mark)), "waiting")
    recall_id = recall(ask, recorded["image"])
    command = [str(PROGRAM), "recall", "run", "--format", form]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        child = int(wait_for(mark))
        program.send_signal(signal.SIGINT)
        stdout, stderr = program.communicate(timeout=_PATIENCE_S)
    assert program.returncode == 130, stderr
    assert "quick" in stdout
    assert "Traceback" not in stderr
    assert "Interrupted" in stderr
    assert ends(child)
    states = [one["state"] for one in ask("recall", "show", recall_id)["action_runs"]]
    assert states == ["done", "interrupted"]


def test_on_a_terminal_it_is_shown_how_far_the_actions_are(
    ask: Ask, recorded: Recorded, owner: Callable[..., str]
) -> None:
    for name in ("image", "structure"):
        link(recorded[name], owner(name))
    recall(ask, recorded["image"])
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "80", "TERM": "xterm"}
    with subprocess.Popen(
        [PROGRAM, "recall", "run"], stdout=subprocess.PIPE, stderr=theirs, env=environment
    ) as program:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        assert program.wait() == 0
        assert program.stdout is not None
        assert b"actions" not in program.stdout.read()
    os.close(ours)
    assert b"actions" in shown
    assert b"2 done." in shown
