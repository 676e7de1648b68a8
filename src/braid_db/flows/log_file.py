"""A run's log in a file: a JSON list of entries in the service's own form, oldest first.

The list is whole after each entry, so that whoever reads it while the run goes on, or after it was
killed, finds JSON.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from braid_db.flows.errors import RunOptionInvalid
from braid_db.flows.events import Event

_BEGIN, _END = b"[\n", b"\n]\n"


class LogFile:
    """Writes a run's log; a context manager.

    :param goes_on: whether a resumed run adds to what its file holds; it is written anew otherwise.
    :raises RunOptionInvalid: if the file cannot be written, or holds something else.
    """

    def __init__(self, path: Path, *, goes_on: bool = False) -> None:
        self._path = path
        lines = _entries(path) if goes_on and path.exists() else []
        try:
            self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._size = 0
            self._count = 0
            for line in lines:
                self._add(line)
            if not lines:
                self._put(0, _BEGIN[:-1] + b"]\n")
        except OSError as error:
            raise self._unwritable(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._handle)

    def on_event(self, event: Event) -> None:
        """Add an entry.

        :raises RunOptionInvalid: if it cannot be written.
        """
        try:
            self._add(json.dumps(event.as_log_entry()).encode())
        except OSError as error:
            raise self._unwritable(error) from None

    def _add(self, line: bytes) -> None:
        """Write an entry over the list's end, and the end behind it, in one write."""
        if self._count:
            self._put(self._size - len(_END), b",\n" + line + _END)
        else:
            self._put(0, _BEGIN + line + _END)
        self._count += 1

    def _put(self, at: int, data: bytes) -> None:
        written = os.pwrite(self._handle, data, at)
        if written < len(data):
            os.pwrite(self._handle, data[written:], at + written)
        self._size = at + len(data)

    def _unwritable(self, error: OSError) -> RunOptionInvalid:
        return RunOptionInvalid(f"The log {self._path} cannot be written: {error.strerror}.")


def _entries(path: Path) -> list[bytes]:
    """Return the entries of a log, line by line, without one that was cut off."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise RunOptionInvalid(f"The log {path} cannot be read: {error.strerror}.") from None
    entries = [line.removesuffix(b",") for line in lines if line not in (b"[", b"]", b"[]")]
    for index, entry in enumerate(entries):
        if not _is_entry(entry):
            if index == len(entries) - 1:
                return entries[:-1]
            raise RunOptionInvalid(
                f"{path} is no log of 'braid-db flow run', so that nothing is added to it; "
                f"name another file."
            )
    return entries


def _is_entry(line: bytes) -> bool:
    try:
        entry: Any = json.loads(line)
    except ValueError:
        return False
    return isinstance(entry, dict) and "code" in entry
