"""A file that remembers what a person's accounts have at Globus: read whole, replaced whole.

Making something at Globus is no repeatable request: it gets an id of its own each time. So what
was made is written down, for each owner, and is found again.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from braid_db.compute.errors import RegistrationsUnreadable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

_FORMAT = 1


class OwnedFile(Generic[T]):
    """What the file holds, by its owner: Globus environment and identity.

    :param path: the file; the default one when omitted.
    """

    default: ClassVar[str]
    member: ClassVar[str]
    """Under which name the file keeps what it holds."""
    kind: type[T]
    unreadable: ClassVar[type[RegistrationsUnreadable]]

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path(self.default).expanduser()

    def of(self, owner: str) -> list[T]:
        """Return what an owner has, the oldest first.

        :raises RegistrationsUnreadable: if the file cannot be used.
        """
        return self._read().get(owner, [])

    @contextmanager
    def locked(self) -> Iterator[Self]:
        """Let nobody else write meanwhile."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_name(f"{self.path.name}.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self
        except OSError as error:
            raise self.unreadable(self.path, f"cannot be written ({error.strerror})") from None

    def _read(self) -> dict[str, list[T]]:
        try:
            found: Any = json.loads(self.path.read_text(encoding="utf-8"))
            if found["format"] != _FORMAT:
                problem = "was written by another version of Braid-DB"
                raise self.unreadable(self.path, problem)
            return {
                owner: [self.kind(**one) for one in ones]
                for owner, ones in found[self.member].items()
            }
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self.unreadable(self.path, f"cannot be read ({error.strerror})") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise self.unreadable(self.path, "does not hold what it should") from None

    def _write(self, all_of_them: dict[str, list[T]]) -> None:
        """Write all of it anew; whoever is killed meanwhile leaves the file as it was."""
        kept = {key: [asdict(one) for one in ones] for key, ones in all_of_them.items()}
        replace_file(self.path, json.dumps({"format": _FORMAT, self.member: kept}, indent=2))


def replace_file(path: Path, text: str) -> None:
    """Write a file whole or not at all; one that is there keeps its permissions.

    A pipe or device is written to, as a shell would: who may replace a device, as root may, would
    take it from the whole machine.

    :raises OSError: if it cannot be written; it is then as it was.
    """
    if path.exists() and not path.is_file():
        path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
        return
    path = path.resolve()
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text.rstrip("\n") + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise
