"""Tests that what is built from the checkout holds everything that is needed from it."""

from __future__ import annotations

import configparser
import email
import importlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SHIPPED = ("functions", "endpoint_config", "flows")


def files_in_git(*folders: str) -> set[str]:
    """Return what git keeps in some folders; all that is there where there is no git."""
    if shutil.which("git") is not None:
        listing = subprocess.run(
            ["git", "ls-files", *folders], cwd=PROJECT, capture_output=True, text=True
        )
        if listing.returncode == 0:
            return set(listing.stdout.splitlines())
    return {
        str(path.relative_to(PROJECT))
        for folder in folders
        for path in (PROJECT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("distributions")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(PROJECT)], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> zipfile.ZipFile:
    (path,) = distributions.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def source_names(distributions: Path) -> set[str]:
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def test_the_wheel_holds_every_function_template_and_flow(wheel: zipfile.ZipFile) -> None:
    expected = {f"braid_db/_data/{name}" for name in files_in_git(*SHIPPED)}
    found = {name for name in wheel.namelist() if name.startswith("braid_db/_data/")}
    assert expected
    assert found >= expected


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    expected = {name.removeprefix("src/") for name in files_in_git("src")}
    assert "braid_db/py.typed" in expected
    assert set(wheel.namelist()) >= expected


def test_the_wheel_holds_nothing_that_belongs_to_the_checkout_alone(
    wheel: zipfile.ZipFile,
) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"braid_db"}
    assert [name for name in wheel.namelist() if "__pycache__" in name] == []


def test_the_source_distribution_holds_what_its_tests_need(source_names: set[str]) -> None:
    expected = files_in_git("src", "tests", "scripts", *SHIPPED)
    assert source_names >= expected | {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml"}


def test_the_wheel_says_which_licence_and_python_it_needs(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = email.message_from_bytes(wheel.read(name))
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert name.replace("METADATA", "licenses/LICENSE") in wheel.namelist()


def test_every_command_leads_to_a_function(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    entries = configparser.ConfigParser()
    entries.optionxform = str  # type: ignore[assignment, method-assign]
    entries.read_string(wheel.read(name).decode())
    commands = dict(entries["console_scripts"])
    assert {"braid-db", "db-create", "db-print", "db-to-mermaid", "invalidate-record"} <= set(
        commands
    )
    for target in commands.values():
        module, _, function = target.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_an_installed_wheel_finds_its_folders_without_a_checkout(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    wheel.extractall(tmp_path)
    program = f"from braid_db.resources import folder\nfor name in {SHIPPED!r}: print(folder(name))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd="/",
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == [str(tmp_path / "braid_db/_data" / name) for name in SHIPPED]
