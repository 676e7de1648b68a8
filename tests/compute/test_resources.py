"""Tests that the shipped folders are found in a checkout and in an installed package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import braid_db
from braid_db import resources
from braid_db.errors import ResourceNotFound

PROGRAM = "from braid_db.resources import folder; print(folder('flows'))"


def copied_package(site: Path) -> Path:
    """Copy what finding folders needs, as an installation would; return the package's folder."""
    package = site / "braid_db"
    package.mkdir(parents=True)
    for name in ("__init__.py", "errors.py", "resources.py"):
        shutil.copy(Path(braid_db.__file__).parent / name, package)
    return package


def found(site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(site)!r}); {PROGRAM}"],
        capture_output=True,
        text=True,
        cwd=site,
        check=False,
    )


@pytest.mark.parametrize("name", resources.FOLDERS)
def test_each_folder_is_found_from_here(name: str) -> None:
    assert resources.folder(name).name == name
    assert resources.folder(name).is_dir()


def test_the_named_functions_find_their_folders() -> None:
    assert resources.functions_folder() == resources.folder("functions")
    assert resources.endpoint_config_folder() == resources.folder("endpoint_config")
    assert resources.flows_folder() == resources.folder("flows")


def test_an_installed_package_finds_its_own_copy(tmp_path: Path) -> None:
    package = copied_package(tmp_path / "site-packages")
    (package / "_data" / "flows").mkdir(parents=True)
    done = found(tmp_path / "site-packages")
    assert done.stdout.strip() == str(package / "_data" / "flows"), done.stderr


def test_a_checkout_is_found_by_walking_up(tmp_path: Path) -> None:
    copied_package(tmp_path / "checkout" / "src")
    (tmp_path / "checkout" / "pyproject.toml").touch()
    (tmp_path / "checkout" / "flows").mkdir()
    done = found(tmp_path / "checkout" / "src")
    assert done.stdout.strip() == str(tmp_path / "checkout" / "flows"), done.stderr


def test_a_folder_that_only_has_the_name_is_not_taken(tmp_path: Path) -> None:
    copied_package(tmp_path / "site-packages")
    (tmp_path / "flows").mkdir()
    done = found(tmp_path / "site-packages")
    assert done.returncode != 0
    assert "[resource-not-found]" in done.stderr


def test_a_folder_that_is_missing_is_named_with_where_it_was_looked_for() -> None:
    with pytest.raises(ResourceNotFound, match=r"'nothing' .* _data/nothing|_data.nothing"):
        resources.folder("nothing")
