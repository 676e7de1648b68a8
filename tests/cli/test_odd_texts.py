"""Texts that no database keeps, or that say nothing, are refused in a sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Recorded, Run

NO_UTF8 = "a\udcffb"


@pytest.mark.parametrize(
    "command",
    [
        ["record", "list", "--name"],
        ["record", "list", "--uri"],
        ["record", "list", "--run"],
        ["statement", "list", "--run"],
        ["run", "show"],
    ],
    ids=" ".join,
)
def test_bytes_that_are_no_utf_8_are_wrong_usage(
    run: Run, recorded: Recorded, command: list[str]
) -> None:
    done = run(*command, NO_UTF8)
    assert done.exit_code == 2
    assert "UTF-8" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["record", "edit", "1", "--name", ""],
        ["record", "edit", "1", "--set-uri", ""],
        ["recall", "make", "", "--cause", "wrong"],
    ],
    ids=" ".join,
)
def test_an_empty_text_is_wrong_usage(run: Run, recorded: Recorded, command: list[str]) -> None:
    done = run(*command)
    assert done.exit_code == 2
    assert "is empty; expected a text" in done.stderr


def test_a_pipe_is_no_state_of_a_model(run: Run, recorded: Recorded, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = run("record", "update", "1", "--state", tmp_path / "pipe")
    assert done.exit_code == 2
    assert "which is no file" in done.stderr
