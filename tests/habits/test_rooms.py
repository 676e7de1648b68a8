"""Tests that the package's rooms import in one direction, and that entering is cheap."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import braid_db
from braid_db.resources import flows_folder, functions_folder
from tests.habits.rooms import imports_of, rooms_without_a_row, wrong_imports

PACKAGE = Path(braid_db.__file__).parent

HEAVY = {
    "alembic",
    "globus_sdk",
    "globus_compute_sdk",
    "globus_compute_endpoint",
    "rich",
    "click",
    "braid_db.cli",
    "braid_db.flows",
    "braid_db.compute",
    "braid_db.api",
}


def test_every_module_imports_only_from_its_own_row_and_above() -> None:
    assert wrong_imports(PACKAGE) == []


def test_every_module_stands_in_a_row() -> None:
    assert rooms_without_a_row(PACKAGE) == set()


@pytest.mark.parametrize(
    ("file", "statement", "objection"),
    [
        ("errors.py", "import braid_db.store", "which stands below errors"),
        ("store/tables.py", "from braid_db.records import contents", "which stands below store"),
        ("store/tables.py", "from braid_db import steps", "which stands below store"),
        ("records/contents.py", "def f():\n    import braid_db.cli", "which stands below records"),
        ("records/contents.py", "from sqlalchemy import text", "which is store's alone"),
        ("steps/request.py", "import sqlite3", "which is store's alone"),
        ("flows/runner.py", "from braid_db.steps import x", "of which flows knows nothing"),
        ("compute/local.py", "import braid_db.store.tables", "of which compute knows nothing"),
        ("steps/request.py", "from . import reference", "names its module from the top"),
        ("cli/record.py", "import sqlalchemy.orm", "which is store's alone"),
    ],
)
def test_an_import_in_the_wrong_direction_is_found(
    tmp_path: Path, file: str, statement: str, objection: str
) -> None:
    planted = tmp_path / file
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(statement)
    (found,) = wrong_imports(tmp_path)
    assert found.endswith(objection)


@pytest.mark.parametrize(
    ("file", "statement"),
    [
        ("store/tables.py", "from sqlalchemy import Table\nfrom braid_db.model import Kind"),
        ("records/contents.py", "from braid_db.store import Store\nimport braid_db.recall"),
        ("cli/flow.py", "from braid_db.flows import runner\nfrom braid_db import steps, store"),
        ("flows/runner.py", "import json\nfrom braid_db.compute import local"),
    ],
)
def test_an_import_in_the_right_direction_is_let_through(
    tmp_path: Path, file: str, statement: str
) -> None:
    planted = tmp_path / file
    planted.parent.mkdir()
    planted.write_text(statement)
    assert wrong_imports(tmp_path) == []


def test_a_module_that_no_row_names_is_found(tmp_path: Path) -> None:
    (tmp_path / "attic").mkdir()
    (tmp_path / "attic" / "trunk.py").write_text("")
    assert rooms_without_a_row(tmp_path) == {"attic"}


@pytest.mark.parametrize("module", ["braid_db", "braid_db.steps"])
def test_entering_by_a_function_loads_nothing_that_recording_does_not_need(module: str) -> None:
    program = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    loaded = json.loads(done.stdout)
    assert module in loaded
    assert HEAVY.intersection(loaded) == set()


def files_of(folder: Path) -> list[Path]:
    files = sorted(folder.rglob("*.py"))
    assert files
    return files


def test_the_remote_functions_enter_by_the_steps_alone() -> None:
    for file in files_of(functions_folder()):
        modules = {found.module for found in imports_of(file)}
        ours = {module for module in modules if module.startswith("braid_db")}
        assert {module.split(".")[1] for module in ours} == {"steps"}, file


def test_the_science_of_a_use_case_knows_nothing_of_braid_db() -> None:
    found = [found for file in files_of(flows_folder()) for found in imports_of(file)]
    assert [str(one) for one in found if one.module.startswith("braid_db")] == []
