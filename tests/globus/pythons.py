"""Another Python of this machine, with what registering functions needs."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import metadata
from pathlib import Path

from tests.globus_cloud.cloud import CHECKOUT

_MINOR = re.compile(r"Programming Language :: Python :: (3\.[0-9]+)")
_ASKED = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"


def find_other(environment: Mapping[str, str]) -> tuple[str, Path] | None:
    """Return the newest Python of a minor version that is supported and not this one's.

    :param environment: whose PATH is looked through, and whose pyenv.
    """
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    told = metadata("braid-db").get_all("Classifier", [])
    supported = [found[1] for text in told if (found := _MINOR.fullmatch(text))]
    for minor in sorted(supported, key=lambda one: int(one.partition(".")[2]), reverse=True):
        for python in _of_minor(minor, environment) if minor != ours else ():
            if _is_usable(python, minor, environment):
                return minor, python
    return None


def install(python: Path, folder: Path, environment: Mapping[str, str]) -> Path:
    """Return the interpreter of an environment with this checkout's Braid-DB, kept in a folder.

    It is made where it is not there, or was made of something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made, stamp = folder / "venv", folder / "complete"
    made_of = "\n".join(map(str, (python, CHECKOUT, (CHECKOUT / "pyproject.toml").read_text())))
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != made_of:
            stamp.unlink(missing_ok=True)
            _run(environment, python, "-m", "venv", "--clear", made)
            pip = (made / "bin" / "python", "-m", "pip")
            _run(environment, *pip, "install", "--no-input", "--editable", CHECKOUT)
            stamp.write_text(made_of)
    return made / "bin" / "python"


def _of_minor(minor: str, environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield where a Python of a minor version may be."""
    for folder in environment.get("PATH", "").split(os.pathsep):
        if found := shutil.which(f"python{minor}", path=folder):
            yield Path(found)
    pyenv = environment.get("PYENV_ROOT") or Path(environment.get("HOME", "/"), ".pyenv")
    yield from sorted(Path(pyenv).glob(f"versions/{minor}.*/bin/python{minor}"))


def _is_usable(python: Path, minor: str, environment: Mapping[str, str]) -> bool:
    """Return whether it makes environments, and runs at all: pyenv has some that don't on PATH."""
    done = subprocess.run([python, "-c", _ASKED], env=environment, capture_output=True, text=True)
    return done.stdout.strip() == minor


def _run(environment: Mapping[str, str], *line: object) -> None:
    done = subprocess.run(
        list(map(str, line)),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:]
