"""What is no file is refused where a command needs one, and a pipe does where one is enough."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from braid_db.cli.files import KEPT_FILE, MADE_FILE, READ_FILE, WRITTEN_FILE, FilePath
from tests.cli.arguments import Argument, all_arguments
from tests.cli.conftest import Run

DEFINITION = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
FILES = all_arguments(FilePath)
MAY_BE = {
    READ_FILE: {"pipe"},
    WRITTEN_FILE: {"pipe", "device"},
    MADE_FILE: {"directory"},
    KEPT_FILE: set[str](),
}


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    """The definition of a flow that does nothing."""
    path = tmp_path / "definition.json"
    path.write_text(json.dumps(DEFINITION))
    return path


@pytest.fixture
def terminal() -> Iterator[tuple[int, Path]]:
    """A device of one's own: what reads it, and its path."""
    reading, device = os.openpty()
    yield reading, Path(os.ttyname(device))
    os.close(device)
    os.close(reading)


@pytest.fixture
def no_files(
    tmp_path: Path, terminal: tuple[int, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Path]]:
    """What lies where a file may be, and is none."""
    monkeypatch.chdir(tmp_path)  # The whole path of a socket may be too long for one.
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("socket")
        kinds = {name: tmp_path / name for name in ("directory", "pipe", "socket")}
        yield {**kinds, "device": terminal[1]}


def said(argument: Argument, value: object, definition: Path) -> Result:
    """Run a command with one file named, and all that is required besides."""
    line = argument.line(str(value), definition=definition, database="none.db")
    result = CliRunner().invoke(argument.program, line)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_each_option_that_takes_a_file_says_what_may_stand_for_it() -> None:
    assert {str(one) for one in FILES if one.parameter.type is KEPT_FILE} == {
        "flow run --state",
        "flow run --resume",
        "functions register --write",
    }
    assert {one.parameter.type for one in FILES} == MAY_BE.keys()


@pytest.mark.parametrize("argument", FILES, ids=str)
def test_what_is_no_file_is_wrong_usage(
    argument: Argument, no_files: dict[str, Path], definition: Path
) -> None:
    for kind in no_files.keys() - MAY_BE[argument.parameter.type]:  # type: ignore[index]
        done = said(argument, no_files[kind], definition)
        assert done.exit_code == 2, kind
        assert f"is a {kind}" in done.stderr


@pytest.mark.parametrize("argument", FILES, ids=str)
def test_an_empty_text_names_no_file(argument: Argument, definition: Path) -> None:
    done = said(argument, "", definition)
    assert done.exit_code == 2
    assert "An empty text names no file." in done.stderr


@pytest.mark.parametrize("kind", ["directory", "pipe", "socket", "device"])
def test_what_is_no_file_is_no_log_or_no_state_of_a_model(
    run: Run, no_files: dict[str, Path], kind: str, sqlite_url: str
) -> None:
    if kind != "pipe":
        assert f"is a {kind}" in run("flow", "reconcile", no_files[kind]).stderr
    run("db", "create", "--db", sqlite_url)
    done = run("record", "update", "1", "--state", no_files[kind], "--db", sqlite_url)
    assert done.exit_code == 2
    assert "which is no file" in done.stderr


def test_a_pipe_is_read_as_a_shell_makes_one_of_a_command(
    run: Run, no_files: dict[str, Path], definition: Path
) -> None:
    pipe = no_files["pipe"]
    writer = Thread(target=pipe.write_text, args=[definition.read_text()])
    writer.start()
    assert run("flow", "strip", pipe).exit_code == 0
    writer.join()


def test_a_pipe_or_device_is_written_to_and_stays(
    run: Run, no_files: dict[str, Path], definition: Path, terminal: tuple[int, Path]
) -> None:
    found: list[str] = []
    reader = Thread(target=lambda: found.append(no_files["pipe"].read_text()))
    reader.start()
    assert run("flow", "strip", definition, "-o", no_files["pipe"]).exit_code == 0
    reader.join()
    assert json.loads(found[0]) == DEFINITION
    assert stat.S_ISFIFO(no_files["pipe"].stat().st_mode)

    reading, device = terminal
    assert run("flow", "strip", definition, "-o", device).exit_code == 0
    assert json.loads(os.read(reading, 4096)) == DEFINITION
    assert stat.S_ISCHR(device.stat().st_mode)
