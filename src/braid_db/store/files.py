"""The file that an SQLite database lies in: made once, told from another, on a local disk."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from braid_db.errors import DatabaseUnreachable, NetworkFileSystem

MOUNTS = Path("/proc/self/mounts")
"""Where the system says what is mounted."""

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database file, by the ending of its name."""

_OCTAL = re.compile(r"\\([0-7]{3})")

_NETWORK = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse.ceph",
        "fuse.glusterfs",
        "fuse.sshfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "nfs",
        "nfs4",
        "orangefs",
        "panfs",
        "pvfs2",
        "smb3",
        "smbfs",
    }
)


def file_identity(path: Path | str) -> tuple[int, int] | None:
    """Return what tells a file from another at the same path; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


class OpenFile:
    """A file that this process has open, and whether it still goes by its name.

    Asked through its descriptor and not by ``stat``: who has looked at a file's time makes Linux
    write the time anew with the next change, and the sync after it takes a third longer.

    :param path: where the file is; it need not be there, nor be open.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.identity = file_identity(path)
        self._link = _descriptor_of(self.identity)
        self._name = os.readlink(self._link) if self._link else ""

    def is_there(self) -> bool:
        """Return whether the file is still what its path leads to."""
        if self._link is None:
            return file_identity(self.path) == self.identity
        try:
            return os.readlink(self._link) == self._name
        except OSError:
            return False


def _descriptor_of(identity: tuple[int, int] | None) -> str | None:
    """Return where the system shows an open file's present name; None where it cannot."""
    with suppress(OSError):
        for link in Path("/proc/self/fd").iterdir():
            if identity is not None and file_identity(link) == identity:
                return str(link)
    return None


def beside(path: Path, ending: str) -> Path:
    """Return the path of what SQLite keeps beside a database file."""
    return path.with_name(path.name + ending)


def find_file(path: Path, *, make: bool) -> tuple[int, int]:
    """Return the identity of a database file, which is made where asked for and not there.

    :raises NetworkFileSystem: if it lies on a network file system, where SQLite's locks and its
        shared memory do not hold between machines.
    :raises DatabaseUnreachable: if there is no such file, or it cannot be made.
    """
    _refuse_network(path)
    if make and not path.exists():
        make_file(path)
    if path.is_dir():
        problem = "is a folder"
        raise DatabaseUnreachable(str(path), problem, "Name a file in it, such as braid.db.")
    identity = file_identity(path)
    if identity is None:
        made = f"braid-db db create --db {shlex.quote(str(path))}"
        advice = f"Make it with {made}, or name another one in BRAID_DB_URL."
        raise DatabaseUnreachable(str(path), "does not exist", advice)
    return identity


def make_file(path: Path) -> None:
    """Make an empty file that only its owner can read, where there is none yet.

    What an earlier file of this name left behind must go: SQLite would take its log for the new
    file's. The folder is locked meanwhile, so that nobody's new log is taken away.

    :raises DatabaseUnreachable: if it cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone_in(path.parent):
            if not path.exists():
                for ending in BESIDE:
                    beside(path, ending).unlink(missing_ok=True)
                # Not by opening it: to close any file descriptor of a database file drops all
                # locks that this process holds on it.
                os.mknod(path, stat.S_IFREG | 0o600)
    except OSError as error:
        advice = "Name a file in a folder that you may write to."
        problem = f"cannot be made ({error.strerror})"
        raise DatabaseUnreachable(str(path), problem, advice) from None


def network_file_system(path: Path, mounts: str) -> str | None:
    """Return the type of the network file system that a path lies on; None for a local one.

    :param path: absolute, without symbolic links.
    :param mounts: what is mounted where, in the form of ``/proc/self/mounts``.
    """
    place = f"{path}/"
    best, kind_there = "", ""
    for line in mounts.splitlines():
        folder, kind = line.split(" ")[1:3]
        folder = _OCTAL.sub(lambda code: chr(int(code[1], 8)), folder).rstrip("/") + "/"
        if place.startswith(folder) and len(folder) >= len(best):
            best, kind_there = folder, kind
    return kind_there if kind_there in _NETWORK else None


def _refuse_network(path: Path) -> None:
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    if (kind := network_file_system(path.resolve(), mounts)) is not None:
        advice = "Put the file on a local disk, or use PostgreSQL (BRAID_DB_URL=postgresql://...)."
        raise NetworkFileSystem(str(path), f"lies on a network file system ({kind})", advice)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep others who make a database in this folder out; ends with the process at the latest."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
