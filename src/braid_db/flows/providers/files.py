"""Files as Globus Transfer sees them: copying, checksums, entries of listings, names of faults."""

from __future__ import annotations

import errno
import grp
import hashlib
import os
import pwd
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CHECKSUM = "CHECKSUM_MISMATCH"

_CHUNK_BYTES = 1 << 20
_CODES = {
    errno.ENOENT: "FILE_NOT_FOUND",
    errno.EACCES: "PERMISSION_DENIED",
    errno.EPERM: "PERMISSION_DENIED",
    errno.ENOTDIR: "NOT_A_DIRECTORY",
    errno.EEXIST: "NOT_A_DIRECTORY",  # of a folder that was to be made where a file is
    errno.EISDIR: "IS_A_DIRECTORY",
    errno.ENOSPC: "NO_SPACE",
    errno.EDQUOT: "QUOTA_EXCEEDED",
}


class Unreadable(Exception):
    """A source could not be read.

    :param code: as Transfer names such a fault.
    """

    def __init__(self, error: OSError) -> None:
        self.code = code_of(error)
        super().__init__(sentence(error))


def code_of(error: OSError) -> str:
    """Return what Transfer calls a fault."""
    return _CODES.get(error.errno or 0, "ENDPOINT_ERROR")


def sentence(error: OSError) -> str:
    """Return what went wrong, with the file's name and no path of this machine."""
    name = Path(os.fsdecode(error.filename)).name if error.filename is not None else "a file"
    return f"{name}: {error.strerror}"


def copy(source: Path, destination: Path, algorithm: str) -> tuple[int, str]:
    """Copy a file's bytes and return how many there were, and their digest.

    :raises Unreadable: if the source cannot be read.
    :raises OSError: if the destination cannot be written.
    """
    hashed, size = hashlib.new(algorithm), 0
    try:
        reading = source.open("rb")
    except OSError as error:
        raise Unreadable(error) from None
    with reading, destination.open("wb") as writing:
        while chunk := _read(reading):
            hashed.update(chunk)
            writing.write(chunk)
            size += len(chunk)
        writing.flush()
        os.fsync(writing.fileno())
    return size, hashed.hexdigest()


def digest(path: Path, algorithm: str) -> str:
    """Return the digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def entry(path: Path, name: str) -> dict[str, Any]:
    """Return what a listing tells of a file or folder.

    :raises OSError: if nothing can be told of it.
    """
    found = path.lstat()
    is_link = stat.S_ISLNK(found.st_mode)
    kind = "dir" if path.is_dir() else "file"
    changed_at = datetime.fromtimestamp(int(found.st_mtime), UTC)
    return {
        "DATA_TYPE": "file",
        "name": name,
        "type": "invalid_symlink" if is_link and not path.exists() else kind,
        "link_target": str(path.readlink()) if is_link else None,
        "size": found.st_size,
        "permissions": f"{stat.S_IMODE(found.st_mode):04o}",
        "last_modified": changed_at.isoformat(sep=" "),
        "user": _name(pwd.getpwuid, found.st_uid),
        "group": _name(grp.getgrgid, found.st_gid),
    }


def _read(file: Any) -> bytes:
    try:
        chunk: bytes = file.read(_CHUNK_BYTES)
    except OSError as error:
        raise Unreadable(error) from None
    return chunk


def _name(look_up: Any, number: int) -> str:
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)  # a container's user may have no name
