"""PostgreSQL's own program for backups: where it is, and how it is told what to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine

from braid_db.store.errors import BackupFailed

DEBIAN_ROOT = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of each version, beside those in ``PATH``."""

_SECRET = ("password", "sslpassword")
_NOT_LIBPQS = ("context",)
"""What SQLAlchemy tells psycopg of its own."""


def find_pg_dump(server_version: int, target: Path) -> str:
    """Return a pg_dump that is no older than the server, as it refuses newer ones.

    :param server_version: as libpq gives it: 150018 is 15.18.
    :raises BackupFailed: if there is none.
    """
    needed = server_version // 10000
    if not any(_version(program) >= needed for program in _programs()):
        problem = f"needs the program pg_dump, of version {needed} or newer, and there is none"
        advice = "Install PostgreSQL's client programs of that version, or put them into PATH."
        raise BackupFailed(target, problem, advice)
    return next(program for program in _programs() if _version(program) >= needed)


def _programs() -> Iterator[str]:
    found = shutil.which("pg_dump")
    if found is not None:
        yield found
    yield from map(str, DEBIAN_ROOT.glob("*/bin/pg_dump"))


def _version(program: str) -> int:
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    number = re.search(r"\) (\d+)", told.stdout)
    return int(number[1]) if number else 0


def order_of(
    program: str, engine: Engine, part: Path
) -> tuple[list[str], dict[str, str], list[str]]:
    """Return the command, its environment, and what it must not say.

    Anyone on a machine can read the command lines of others, but not what is in their environment.
    """
    from psycopg.conninfo import make_conninfo

    told = engine.dialect.create_connect_args(engine.url)[1]
    secrets = [str(told[name]) for name in _SECRET if told.get(name)]
    where = make_conninfo(
        **{name: told[name] for name in told if name not in _SECRET + _NOT_LIBPQS}
    )
    environment = dict(os.environ)
    if told.get("password"):
        environment["PGPASSWORD"] = str(told["password"])
    command = [program, "--format=custom", "--no-password", f"--file={part}", f"--dbname={where}"]
    return command, environment, secrets
