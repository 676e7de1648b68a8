"""The Python that runs the functions: asked, by running it, whether it could record."""

from __future__ import annotations

import json
import os
import pwd
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from braid_db.compute.endpoint.errors import WorkersUnfit
from braid_db.errors import shown
from braid_db.settings import database_url

_LONGEST_S = 120
_OURS = ("BRAID_", "PG", "GLOBUS_", "PYTHON")

_MAKING = """
import sys, tempfile
from pathlib import Path
from urllib.parse import unquote
from braid_db.settings import read_settings
scheme, _, path = read_settings().database_url.partition(":///")
if scheme.startswith("sqlite"):
    file = Path(unquote(path.partition("?")[0]))
    folder = file.parent
    while not folder.exists():
        folder = folder.parent
    if file.exists():
        sys.exit(f"{file} is there, and cannot be opened as a file")
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        sys.exit(f"nothing can be written in {folder} ({error.strerror})")
"""

_VERSIONS = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
import braid_db.steps
try:
    agent = version("globus-compute-endpoint")
except PackageNotFoundError:
    agent = None
print(json.dumps(["%d.%d.%d" % sys.version_info[:3], version("braid-db"), agent]))
"""


@dataclass(frozen=True, slots=True)
class Workers:
    """Who runs the functions, and with what.

    :param python: the interpreter.
    :param variables: those variables of ours that they will have.
    :param account: the account that they run as; this one where it is None.
    """

    python: Path
    variables: Mapping[str, str]
    account: str | None = None

    def versions(self) -> Versions:
        """Return what is installed for them.

        :raises WorkersUnfit: if Braid-DB cannot be imported there.
        """
        done = self._run("-c", _VERSIONS)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            advice = "Install it there: pip install 'braid-db[endpoint]'."
            raise WorkersUnfit(self.python, f"cannot import braid_db ({last})", advice)
        try:
            return Versions(*json.loads(done.stdout.splitlines()[-1]))
        except (ValueError, TypeError, IndexError):
            raise WorkersUnfit(self.python, "is no Python", "Name another one.") from None

    def database(self, *, create: bool) -> DatabaseSeen:
        """Return how they see the database.

        :param create: whether to make it where there is none.
        """
        named = self.variables.get("BRAID_DB_URL", "")
        if fixed_database(named) != named:
            return DatabaseSeen(
                error=f"BRAID_DB_URL names {shown(named)}, which is another file in each folder "
                f"that a function runs in. Name it from the root on, with --db."
            )
        if create:
            made = self._command("db", "create")
            if made.returncode:
                return _refused(made)
        done = self._command("db", "status")
        if done.returncode:
            return _refused(done)
        told = json.loads(done.stdout)
        return DatabaseSeen(url=told["url"], uid=told["uid"], schema=told["schema"])

    def keeps_from_making(self) -> str | None:
        """Return why they could not make the file of a database that is not there yet, if so."""
        done = self._run("-c", _MAKING)
        return (done.stderr.strip().splitlines() or [""])[-1] if done.returncode else None

    def render(
        self, program: Path, template: Path, schema: Path
    ) -> subprocess.CompletedProcess[str]:
        """Let the agent's program say, in YAML, how it sets up a process that runs functions."""
        files = ["--template", str(template)]
        if schema.exists():
            files += ["--user-schema", str(schema)]
        return self._run(str(program), "render-user-config", *files)

    def _command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run("-m", "braid_db", *arguments, "--format", "json")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run their Python as they will be run."""
        inherited = {name: os.environ[name] for name in os.environ if not name.startswith(_OURS)}
        try:
            return subprocess.run(
                [str(self.python), *arguments],
                check=False,
                env=inherited | dict(self.variables) | _home_of(self.account),
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_LONGEST_S,
                umask=0o077,
                **_identity_of(self.account),
            )
        except (OSError, subprocess.SubprocessError) as error:
            problem = f"cannot be run ({getattr(error, 'strerror', None) or type(error).__name__})"
            raise WorkersUnfit(self.python, problem, "Name a Python that has Braid-DB.") from None


@dataclass(frozen=True, slots=True)
class Versions:
    """What is installed for the workers; no agent is None."""

    python: str
    braid_db: str
    agent: str | None


@dataclass(frozen=True, slots=True)
class DatabaseSeen:
    """The database as the workers see it.

    :param url: where it is, without a password.
    :param error: why it cannot be used, in one sentence; then all but its code is None.
    :param code: the error's.
    """

    url: str | None = None
    uid: str | None = None
    schema: str | None = None
    error: str | None = None
    code: str | None = None


def fixed_database(named: str) -> str:
    """Return the database that is named here, so that it is the same one in any folder.

    A '~' stays, as it is the home of the account that the functions run as.
    """
    scheme, slashes, rest = named.partition("://")
    if slashes and not scheme.startswith("sqlite"):
        return named
    path = rest.removeprefix("/") if slashes else named
    if not path or path.startswith(("/", "~", ":memory:")):
        return named
    return database_url(named) if slashes else str(Path(named).absolute())


def interpreter_of(environment: str) -> Path:
    """Return the interpreter that a person named: itself, or the one of a venv or conda folder.

    :raises WorkersUnfit: if there is none.
    """
    path = Path(environment).expanduser().absolute()
    found = path / "bin" / "python" if path.is_dir() else path
    if not (found.is_file() and os.access(found, os.X_OK)):
        advice = "Name an interpreter, or the folder of a venv or conda environment."
        raise WorkersUnfit(environment, "is not there", advice)
    return found


def _refused(done: subprocess.CompletedProcess[str]) -> DatabaseSeen:
    """Return with which sentence a command of ours was refused, and with which code."""
    last = (done.stderr.strip().splitlines() or ["no reason given"])[-1].removeprefix("Error: ")
    told = re.fullmatch(r"(.*) \[([a-z-]+)\]", last)
    return DatabaseSeen(error=told[1], code=told[2]) if told else DatabaseSeen(error=last)


def _home_of(account: str | None) -> dict[str, str]:
    """Return the variables that name an account."""
    if account is None:
        return {}
    return {"HOME": _entry(account).pw_dir, "USER": account, "LOGNAME": account}


def _identity_of(account: str | None) -> dict[str, Any]:
    """Return what makes a process one of an account's."""
    if account is None:
        return {}
    return {"user": account, "group": _entry(account).pw_gid, "extra_groups": ()}


def _entry(account: str) -> pwd.struct_passwd:
    """Return what the machine knows of an account.

    :raises WorkersUnfit: if it does not have it.
    """
    try:
        return pwd.getpwnam(account)
    except KeyError:
        problem = f"would run as the account '{account}', which this machine does not have"
        advice = "Make the account, or name the one that owns the database."
        raise WorkersUnfit("of the endpoint", problem, advice) from None
