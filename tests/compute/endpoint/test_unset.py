"""Tests that what a shell makes of a variable that is not set chooses nothing."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from braid_db.cli import main
from braid_db.cli.upstream import funcx_add_record

CONFIGURE = ("endpoint", "configure")
COMMANDS = [
    *((main, CONFIGURE, one) for one in ("--db", "--host", "--engine", "--python", "--account")),
    *((main, CONFIGURE, one) for one in ("--display-name", "--email", "NAME")),
    *((main, ("endpoint", verb), "NAME") for verb in ("doctor", "status")),
    (main, ("functions", "register"), "--allow-on"),
    (funcx_add_record, ("a record",), "--endpoint-id"),
    (funcx_add_record, ("a record",), "--function-id"),
]


@pytest.mark.parametrize("nothing", ["", " "])
@pytest.mark.parametrize(("program", "words", "option"), COMMANDS)
def test_what_is_blank_is_refused_and_nothing_is_changed(
    agents: Path, program: click.Command, words: tuple[str, ...], option: str, nothing: str
) -> None:
    given = [nothing] if option == "NAME" else [option, nothing]
    done = CliRunner().invoke(program, [*words, *given])
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    [told] = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert option in told
    assert "expected" in told
    assert not agents.exists()
