"""Which functions are registered with Globus Compute: one file, for all of a person's accounts.

Registering is no repeatable request: the service gives each text that it is sent an id of its
own. So what was registered is written down here, and the same text is sent once.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from braid_db.compute.errors import RegistrationsUnreadable
from braid_db.compute.service import Sharing

DEFAULT_FILE = "~/.braid_db/functions.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Registration:
    """One text under one id.

    :param sha256: of the text, in hex.
    :param registered_at: ISO 8601 in UTC.
    """

    name: str
    function_id: str
    sha256: str
    public: bool
    group: str | None
    registered_at: str

    @property
    def sharing(self) -> Sharing:
        """Who besides its owner may run it."""
        return Sharing(self.public, self.group)


class Registrations:
    """What the file holds; read whole, and replaced whole.

    :param path: the file.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path(DEFAULT_FILE).expanduser()

    def of(self, owner: str) -> list[Registration]:
        """Return what an owner has registered, the oldest first.

        :param owner: Globus environment and identity, as :class:`ComputeService` names them.
        :raises RegistrationsUnreadable: if the file cannot be used.
        """
        return self._read().get(owner, [])

    def newest(self, owner: str) -> dict[str, Registration]:
        """Return the newest registration of each of an owner's functions, by name."""
        return {one.name: one for one in self.of(owner)}

    def ids(self) -> dict[str, str]:
        """Return the newest ids by function name, without asking whose they are.

        None where more than one account has registered functions: one would be chosen by chance.
        """
        owners = list(self._read())
        if len(owners) != 1:
            return {}
        return {name: one.function_id for name, one in self.newest(owners[0]).items()}

    def add(self, owner: str, new: Registration) -> None:
        """Write one more down; whoever is killed meanwhile leaves the file as it was."""
        all_of_them = self._read()
        all_of_them.setdefault(owner, []).append(new)
        kept = {key: [asdict(one) for one in ones] for key, ones in all_of_them.items()}
        replace_file(self.path, json.dumps({"format": _FORMAT, "registered": kept}, indent=2))

    @contextmanager
    def locked(self) -> Iterator[Self]:
        """Let nobody else register meanwhile."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_name(f"{self.path.name}.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self
        except OSError as error:
            raise RegistrationsUnreadable(
                self.path, f"cannot be written ({error.strerror})"
            ) from None

    def _read(self) -> dict[str, list[Registration]]:
        try:
            found: Any = json.loads(self.path.read_text(encoding="utf-8"))
            if found["format"] != _FORMAT:
                problem = "was written by another version of Braid-DB"
                raise RegistrationsUnreadable(self.path, problem)
            return {
                owner: [Registration(**one) for one in ones]
                for owner, ones in found["registered"].items()
            }
        except FileNotFoundError:
            return {}
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
            raise RegistrationsUnreadable(self.path, problem) from None
        except (ValueError, TypeError, KeyError, AttributeError):
            problem = "does not hold what it should"
            raise RegistrationsUnreadable(self.path, problem) from None


def replace_file(path: Path, text: str) -> None:
    """Write a file whole or not at all; one that is there keeps its permissions.

    :raises OSError: if it cannot be written; it is then as it was.
    """
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
