"""A machine of a facility: root, and an account that owns the database that many record into.

It is this machine as root sees it in a mount namespace, where ``/etc/passwd`` knows the account,
and the account may read this Python and this checkout, wherever they lie.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.globus_cloud.cloud import CHECKOUT

ACCOUNT = "braid"
_NUMBER = 54321
_AS_ROOT = ["unshare", "--mount"]
if os.geteuid() != 0:
    # Root of a user namespace, with accounts that are the person's subordinate ones outside.
    _AS_ROOT += ["--user", "--map-root-user", "--map-auto"]
_STAGE = "/mnt"


class Facility:
    """The machine.

    :param folder: an empty folder that any account may pass through.
    :ivar as_root: a command that runs what follows it there.
    :ivar database: the URL of an SQLite file that the account may make.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self._home = folder, folder / ACCOUNT
        self.database = f"sqlite:///{self._home}/data/braid.db"
        accounts = folder / "passwd"
        known = Path("/etc/passwd").read_text()
        accounts.write_text(f"{known}{ACCOUNT}:x:{_NUMBER}:{_NUMBER}::{self._home}:/bin/sh\n")
        lines = _made_readable([folder, CHECKOUT, Path(sys.prefix), Path(sys.base_prefix)])
        lines += [f"mount --bind {shlex.quote(str(accounts))} /etc/passwd", 'exec "$@"']
        self.as_root = [*_AS_ROOT, "sh", "-ec", "\n".join(lines), "sh"]

    def prepare(self) -> str | None:
        """Give the account its folder; return why this machine cannot serve, if it can't."""
        folder = self._home / "data"
        user = f"{_NUMBER}:{_NUMBER}"
        become = f"setpriv --reuid {_NUMBER} --regid {_NUMBER} --clear-groups"
        script = f'''mkdir -p "$1" && chown -R {user} "$2" && {become} "$3" -c "import braid_db"'''
        line = ["sh", "-c", script, "sh", str(folder), str(self._home), sys.executable]
        done = subprocess.run([*self.as_root, *line], capture_output=True, text=True)
        return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["?"])[-1]

    def clear(self) -> None:
        """Remove what is the account's, which might be nobody else's to remove."""
        subprocess.run([*self.as_root, "rm", "-rf", self._home], check=True)


def _made_readable(paths: Sequence[Path]) -> list[str]:
    """Return what makes paths readable to all whose parents are not.

    Each parent that lets nobody pass is covered by an empty folder, in which the path is put.
    """
    closed = {parent for path in paths for parent in path.parents if not _is_open(parent)}
    covers = [one for one in closed if not closed & set(one.parents)]
    lines = [f"mount -t tmpfs none {_STAGE}"] if covers else []
    moved = [path for path in paths if set(covers) & set(path.parents)]
    for number, path in enumerate(moved):
        lines += [f"mkdir {_STAGE}/{number}", f"mount --rbind {_quoted(path)} {_STAGE}/{number}"]
    lines += [f"mount -t tmpfs -o mode=755 none {_quoted(one)}" for one in sorted(covers)]
    for number, path in enumerate(moved):
        lines += [f"mkdir -p {_quoted(path)}", f"mount --rbind {_STAGE}/{number} {_quoted(path)}"]
    return lines


def _is_open(folder: Path) -> bool:
    return bool(folder.stat().st_mode & 0o001)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
