"""Tests that the commands of braid-db 0.1 still work with their arguments."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from braid_db.cli.upstream import db_create, db_print, db_to_mermaid
from braid_db.steps import add_record_for_action_step
from braid_db.store import Store
from tests.cli.conftest import HOSTILE, Recorded

SCRIPTS = Path(__file__).parents[2] / "scripts"

Start = Callable[..., Result]


def start(command: click.Command, *arguments: object) -> Result:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def record_into(path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("BRAID_DB_FILE", str(path))
    add_record_for_action_step({"step_name": name})


def names_in(path: Path) -> str:
    result = start(db_print, path)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_db_create_makes_a_database_and_does_nothing_the_second_time(tmp_path: Path) -> None:
    path = tmp_path / "braid.db"
    assert start(db_create, path).exit_code == 0
    assert path.is_file()
    again = start(db_create, "-v", path)
    assert (again.exit_code, again.stdout) == (0, "")
    assert "Already there" in again.stderr


def test_db_create_moves_the_old_database_with_all_that_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "braid.db"
    for number in (1, 2):
        record_into(path, monkeypatch, f"step {number}")
        made = start(db_create, "-B", "-v", path)
        assert made.exit_code == 0, made.stderr
        assert f"braid.db.{number:03}.bak" in made.stderr
        assert names_in(path) == ""
    assert "step 1" in names_in(tmp_path / "braid.db.001.bak")
    assert "step 2" in names_in(tmp_path / "braid.db.002.bak")


def test_db_create_can_move_only_files(tmp_path: Path) -> None:
    refused = start(db_create, "-B", "postgresql://host/name")
    assert refused.exit_code == 2
    assert "[settings]" in refused.stderr


@pytest.mark.parametrize("named", ["", "folder"])
def test_db_create_moves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    refused = start(db_create, "-B", named)
    assert refused.exit_code in (2, 3)
    assert refused.stderr.startswith("Error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_db_print_shows_every_record_with_its_tags_and_uris(
    recorded: Recorded, database_url: str
) -> None:
    printed = start(db_print, database_url).stdout
    assert printed.index("beamline.json") < printed.index("structure")
    assert "s3://bucket/image" in printed
    assert "exposure.time" in printed
    assert "\x1b" not in printed


def test_db_print_refuses_what_is_not_there_and_makes_nothing(tmp_path: Path) -> None:
    refused = start(db_print, tmp_path / "none.db")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert list(tmp_path.iterdir()) == []


def test_db_to_mermaid_writes_a_page_or_the_bare_graph(
    recorded: Recorded, database_url: str
) -> None:
    bare = start(db_to_mermaid, recorded["image"], "--db-file", database_url, "--raw-mermaid")
    assert bare.stdout.startswith("flowchart TD\n")
    assert "structure" in bare.stdout
    page = start(db_to_mermaid, recorded["image"], "--db-file", database_url)
    assert page.stdout.startswith("<!DOCTYPE html>")
    assert "beamline.json" in page.stdout
    assert HOSTILE not in page.stdout


def test_db_to_mermaid_refuses_an_unknown_record(recorded: Recorded, database_url: str) -> None:
    refused = start(db_to_mermaid, 999, "--db-file", database_url)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "[record-not-found]" in refused.stderr


def test_a_backup_keeps_what_sqlite_keeps_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "braid.db"
    reader = Store(f"sqlite:///{path}")
    reader.read(lambda tx: None)
    record_into(path, monkeypatch, "in the log")
    assert (tmp_path / "braid.db-wal").stat().st_size > 0
    assert start(db_create, "-B", path).exit_code == 0
    reader.close()
    assert "in the log" in names_in(tmp_path / "braid.db.001.bak")
    assert names_in(path) == ""


def program(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run one of upstream's commands as it is installed."""
    command = [str(Path(sys.executable).with_name(name)), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("prefix", ["", "braid-"])
def test_the_installed_programs_make_a_database_and_print_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    path = tmp_path / "braid.db"
    made = program(f"{prefix}db-create", "-v", path)
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    assert made.stderr.startswith("Made ")
    record_into(path, monkeypatch, "peaks")
    printed = program(f"{prefix}db-print", path)
    assert (printed.returncode, printed.stderr) == (0, "")
    assert "Action Step peaks" in printed.stdout
    moved = program(f"{prefix}db-create", "-B", path)
    assert (moved.returncode, moved.stdout + moved.stderr) == (0, "")
    assert "Action Step peaks" in program(f"{prefix}db-print", f"{path}.001.bak").stdout
    assert program(f"{prefix}db-print", path).stdout == ""


@pytest.mark.parametrize("name", ["db-create", "db-print", "braid-db-create", "braid-db-print"])
def test_the_installed_programs_refuse_a_call_without_a_database(name: str) -> None:
    refused = program(name)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "DB" in refused.stderr


def test_the_installed_programs_print_nothing_that_is_not_there(tmp_path: Path) -> None:
    refused = program("braid-db-print", tmp_path / "none.db")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert list(tmp_path.iterdir()) == []


def test_the_script_that_configures_an_endpoint_is_found_under_its_old_name() -> None:
    script = SCRIPTS / "configure_funcx_endpoint.sh"
    assert script.resolve(strict=True) == SCRIPTS / "configure-endpoint"
