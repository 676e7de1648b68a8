"""The environment of the workers' Python, by its folder."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from braid_db.compute.endpoint.editing import get_variable
from braid_db.compute.endpoint.folder import TEMPLATE
from tests.compute.endpoint.conftest import Run


@pytest.fixture
def conda_environment(tmp_path: Path) -> Path:
    """An environment laid out as conda lays one out, with this Python and what is installed here.

    It stands for a real one, which takes conda's servers to make. It has what tells it from a venv:
    no ``pyvenv.cfg``, an interpreter and a library of its own that are found by where they lie,
    ``conda-meta``, and scripts that only an activation runs, which here would fail.
    """
    environment = tmp_path / "conda environment"
    programs, version = environment / "bin", f"python3.{sys.version_info.minor}"
    library, packages = environment / "lib" / version, sysconfig.get_path("purelib")
    for folder in (programs, library / "site-packages", environment / "conda-meta"):
        folder.mkdir(parents=True)
    base = Path(sys.base_prefix)
    (programs / version).write_bytes((Path(sys._base_executable).resolve()).read_bytes())
    (programs / version).chmod(0o755)
    (programs / "python").symlink_to(version)
    for path in base.glob("lib/libpython3*"):
        (environment / "lib" / path.name).symlink_to(path)
    for path in Path(sysconfig.get_path("stdlib")).iterdir():
        if path.name not in ("site-packages", "dist-packages"):
            (library / path.name).symlink_to(path)
    (library / "site-packages" / "all.pth").write_text(
        f"import site; site.addsitedir({packages!r})\n"
    )
    (environment / "conda-meta" / "history").write_text("# what conda did here\n")
    scripts = environment / "etc" / "conda" / "activate.d"
    scripts.mkdir(parents=True)
    (scripts / "never.sh").write_text("exit 1\n")
    return environment


def test_the_folder_of_a_conda_environment_names_its_python(
    configure: Run, agents: Path, conda_environment: Path
) -> None:
    python = conda_environment / "bin" / "python"
    line = [python, "-c", "import sys; print(sys.prefix)"]
    asked = subprocess.run(line, capture_output=True, text=True, check=True)
    assert Path(asked.stdout.strip()) == conda_environment
    done = configure("--python", str(conda_environment))
    assert done.exit_code == 0, done.stderr
    template = (agents / "braid_db" / TEMPLATE).read_text()
    assert get_variable(template, "python") == str(python)


def test_a_conda_environment_without_a_python_is_refused(
    configure: Run, agents: Path, tmp_path: Path
) -> None:
    (tmp_path / "tools" / "conda-meta").mkdir(parents=True)
    refused = configure("--python", str(tmp_path / "tools"))
    assert refused.exit_code == 1
    assert "is not there" in refused.stderr
    assert not agents.exists()
