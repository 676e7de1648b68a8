"""Texts that no database keeps, or that say nothing, are refused in a sentence."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from braid_db.cli import main
from tests.cli.arguments import Argument, all_arguments
from tests.cli.conftest import Recorded, Run

Ask = Callable[..., Any]

NO_UTF8 = "a\udcffb"
LOCAL = ("db", "graph", "model", "recall", "record", "run", "statement", None)
"""The groups of commands that ask nobody else; upstream's commands are in none."""

MAY_BE_EMPTY = ("--author", "--by", "--framework", "--reason")
"""What only describes; nothing is said then."""

TEXTS = all_arguments(click.types.StringParamType)
NEEDED = [
    one
    for one in TEXTS
    if (one.words[0] if one.words else None) in LOCAL
    and one.parameter.opts[0] not in MAY_BE_EMPTY
    and one.command.name != "funcx-add-record"
]


def said(argument: Argument, value: str, **places: object) -> Result:
    """Run a command with one argument given, and all that is required besides."""
    places = {"database": "none.db", "definition": "none.json"} | places
    result = CliRunner().invoke(argument.program, argument.line(value, **places))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


@pytest.mark.parametrize("argument", [*TEXTS, *all_arguments(click.Path)], ids=str)
def test_bytes_that_are_no_utf_8_are_wrong_usage(argument: Argument) -> None:
    done = said(argument, NO_UTF8)
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert r"b'a\xffb', which is not in UTF-8; expected a text in UTF-8" in done.stderr


@pytest.mark.parametrize("argument", NEEDED, ids=str)
def test_an_empty_text_chooses_nothing(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str, argument: Argument
) -> None:
    monkeypatch.setenv("BRAID_DB_URL", sqlite_url)
    CliRunner().invoke(main, ["db", "create"])
    done = said(argument, "", database=sqlite_url)
    assert done.exit_code in (1, 2)
    reason = done.stderr.splitlines()[-1]
    assert reason.startswith("Error: ")
    assert "''" in reason or "is empty" in reason or "has nothing" in reason


@pytest.mark.parametrize("option", ["--reason", "--author"])
def test_an_empty_text_describes_nothing(ask: Ask, recorded: Recorded, option: str) -> None:
    made = ask("record", "edit", "1", "--name", "other", option, "")
    [_, version] = ask("record", "history", made["record_id"])["versions"]
    assert version[option.removeprefix("--")] != ""


def test_a_pipe_is_no_state_of_a_model(run: Run, recorded: Recorded, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = run("record", "update", "1", "--state", tmp_path / "pipe")
    assert done.exit_code == 2
    assert "which is no file" in done.stderr
