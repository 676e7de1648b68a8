"""Tests of the real program: how it starts, in a pipe, on a terminal, and in a shell."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Recorded

PROGRAM = Path(sys.executable).with_name("braid-db")

HEAVY = {"alembic", "globus_sdk", "globus_compute_sdk", "pydantic", "rich", "numpy"}


def start(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAM), *map(str, arguments)]
    environment = os.environ | variables
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False, timeout=60
    )


def modules_loaded_by(*arguments: str) -> set[str]:
    program = (
        "import json, sys\n"
        "from braid_db.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_program_answers(recorded: Recorded) -> None:
    done = start("record", "lineage", recorded["structure"], "--format", "json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["records"]) == 4
    assert start("record", "show", 999).returncode == 1


def test_the_version_is_that_of_the_package() -> None:
    assert start("--version").stdout.startswith("braid-db, version ")


@pytest.mark.parametrize(
    "command", ["", "db", "record", "record lineage", "recall", "recall make", "run show", "graph"]
)
def test_every_command_explains_itself(command: str) -> None:
    done = start(*command.split(), "-h")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: braid-db {command}".rstrip())


def test_help_loads_no_database_library() -> None:
    loaded = modules_loaded_by("-h")
    assert HEAVY.isdisjoint(loaded)
    assert "sqlalchemy" not in loaded


@pytest.mark.parametrize(
    "command",
    [
        ("record", "list"),
        ("record", "lineage", "1"),
        ("recall", "list"),
        ("recall", "run"),
        ("db", "status"),
        ("graph", "1"),
    ],
)
def test_reading_loads_nothing_that_it_does_not_need(
    recorded: Recorded, command: tuple[str, ...]
) -> None:
    assert HEAVY.isdisjoint(modules_loaded_by(*command))


def test_a_reader_that_leaves_early_is_no_error(recorded: Recorded) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [PROGRAM, "record", "list"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert done.stderr == ""


def on_a_terminal(*arguments: object, width: int) -> str:
    """Return what the program writes to a terminal of a given width."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": str(width), "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    command = [str(PROGRAM), *map(str, arguments)]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as program:
        os.close(theirs)
        written = b""
        while chunk := _read(ours):
            written += chunk
        assert program.wait() == 0
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a terminal says that its other end is closed
        return b""


def test_on_a_terminal_a_table_fits_and_loses_nothing(recorded: Recorded) -> None:
    shown = on_a_terminal("record", "list", width=100)
    lines = shown.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert all(len(line) <= 100 for line in lines)
    assert all(line.isprintable() for line in lines)
    assert "".join(shown.split()).count("long") >= 20
    assert "…" not in shown


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_completes_commands_and_options() -> None:
    script = start("completion", "bash")
    assert script.returncode == 0
    checked = subprocess.run(["bash", "-n"], input=script.stdout, text=True, check=False)
    assert checked.returncode == 0

    def completed(line: str) -> str:
        words = line.split(" ")
        told = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        return start(**told, _BRAID_DB_COMPLETE="bash_complete").stdout

    assert "plain,record" in completed("braid-db re")
    assert "plain,reinstate" in completed("braid-db recall r")
    assert "plain,lineage" in completed("braid-db record ")
    assert "plain,--depth" in completed("braid-db record lineage --d")
    assert "plain,model" in completed("braid-db record list --kind m")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_their_scripts(shell: str) -> None:
    script = start("completion", shell)
    assert script.returncode == 0
    assert f"_BRAID_DB_COMPLETE={shell}_complete" in script.stdout


def test_letters_that_the_output_cannot_hold_are_shown_by_their_codes(recorded: Recorded) -> None:
    done = start("record", "lineage", recorded["structure"], PYTHONIOENCODING="latin-1")
    assert done.returncode == 0, done.stderr
    assert "\\u2514\\u2500\\u2500 generated: step" in done.stdout
