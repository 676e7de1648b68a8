"""The README says what is there, and its examples run."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import braid_db
from braid_db import errors
from braid_db.cli import main
from braid_db.resources import functions_folder
from braid_db.settings import Settings, read_settings
from tests.documents.flow import INPUT, as_flow

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def states() -> dict[str, Any]:
    """Return the states of the README's examples, in order."""
    blocks = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    return {name: state for block in blocks for name, state in json.loads(block).items()}


def codes() -> Iterator[str]:
    """Yield the codes of all errors that can be raised, in whatever room they are defined."""
    for module in pkgutil.walk_packages(braid_db.__path__, "braid_db."):
        if "migrations" not in module.name:
            importlib.import_module(module.name)
    waiting = [errors.BraidError]
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        if error is not errors.BraidError:
            yield error.code


def test_every_error_code_is_explained() -> None:
    assert [code for code in codes() if f"`{code}`" not in README] == []


def test_every_code_that_is_explained_can_be_raised() -> None:
    table = README.partition("## When something is refused")[2].partition("## Glossary")[0]
    told = {code for row in table.splitlines() for code in re.findall(r"`([a-z-]+)`", row[:120])}
    assert told - set(codes()) <= {"braid-db db upgrade"}


def test_every_function_has_an_example_of_its_own() -> None:
    names = [path.stem for path in sorted(functions_folder().glob("*.py"))]
    assert names
    for name in names:
        assert f"### `{name}`" in README
        assert f"$.functions.{name}" in json.dumps(states())


def test_every_setting_is_in_the_table() -> None:
    for field in dataclasses.fields(Settings):
        if field.name != "database_url":
            assert f"BRAID_DB_{field.name.upper()}" in README
            assert field.name in README
    assert {"BRAID_DB_URL", "BRAID_DB_FILE", "BRAID_DB_SETTINGS"} <= set(
        re.findall(r"BRAID_DB_\w+", README)
    )


def test_the_defaults_are_those_in_the_table() -> None:
    settings = read_settings(environment={})
    assert settings.database_url.endswith("/.braid_db/braid.db")
    assert (settings.host, settings.busy_timeout_s, settings.connections) == ("localhost", 60, 8)
    actions = settings.action_time_limit_s, settings.action_attempts, settings.action_backoff_s
    assert actions == (600, 5, 60)


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all commands of the command line."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def test_every_command_stands_in_the_readme() -> None:
    assert [path for path in commands(main) if f"braid-db {' '.join(path)}" not in README] == []


def example_lines() -> list[str]:
    return re.findall(r"^    (braid-db .*)$", README, re.MULTILINE)


@pytest.mark.parametrize("line", example_lines())
def test_an_example_uses_a_command_as_it_is(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = main
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None
        command = found
    command.make_context(command.name, words, resilient_parsing=False)


def python_examples() -> list[tuple[str, str]]:
    """Return each program and what it prints, by the page."""
    programs = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    printed = re.findall(r"```text\n(.*?)```", README, re.DOTALL)
    return list(zip(programs, printed, strict=True))


@pytest.mark.parametrize(("program", "printed"), python_examples())
def test_a_python_example_prints_what_it_says(tmp_path: Path, program: str, printed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == (printed, "")


def test_the_states_run_as_a_flow_and_are_recorded(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "definition.json").write_text(json.dumps(as_flow(states())))
    (tmp_path / "input.json").write_text(json.dumps(INPUT))
    program = Path(sys.executable).with_name("braid-db")
    run = [program, "flow", "run", "definition.json", "--input", "input.json"]
    run += ["--db", database_url, "--format", "json"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    state = json.loads(done.stdout)["state"]
    result = state["Provenance"]["details"]["result"][0]
    assert f'"flow_state_record_id": {result["flow_state_record_id"]}' in README
    assert result["input_record_ids"] == [1]
    assert result["output_record_ids"] == [2]
    assert len(state["TransferProvenance"]["details"]["result"][0]["output_record_ids"]) == 1
    [[scan]] = state["Scans"]["details"]["result"]
    assert [one["name"] for one in scan["derivations"]] == ["scan-7.png"]
    assert state["Link"]["details"]["result"][0]["flow_state_record_id"] == 2
    assert state["Check"]["details"]["result"][0]["valid"] is True
    recalled = state["Recall"]["details"]["result"][0]
    assert json.dumps(recalled).partition(', "database"')[0] in README
