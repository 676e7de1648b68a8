"""Transfers between folders that stand in for collections: real files, with checksums."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from braid_db.flows.actions import ActionCall, timed_out
from braid_db.flows.providers import files
from braid_db.flows.providers.collections import Collections, is_inside
from braid_db.flows.providers.inputs import SYNC_LEVELS, TransferInput, TransferItem, read_transfer
from braid_db.flows.providers.task import Task

_ATTEMPTS = 3


class Fault(Exception):
    """A source cannot be read; a task that skips such errors goes on without it.

    :param code: as the service names it.
    """

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)


class DestinationFault(Fault):
    """A file cannot be written as it should; the task cannot go on."""


@dataclass(frozen=True)
class _Copy:
    """One file to copy."""

    source: Path
    destination: Path
    item: TransferItem


class TransferProvider:
    """Copies files and folders from one collection's folder to another's.

    A file is written under another name and appears whole; what is copied is read again, if
    checksums are to be verified, as they are by default.
    """

    def __init__(self, collections: Collections) -> None:
        self._collections = collections

    def run(self, call: ActionCall) -> dict[str, Any]:
        """Run one transfer task to its end.

        :raises FlowStateError: ``ActionUnableToRun`` for an input that is refused,
            ``ActionTimeout`` if the state's wait time is exceeded.
        """
        asked = read_transfer(call)
        ends = [
            (
                self._collections.path(asked.source, item.source_path),
                self._collections.path(asked.destination, item.destination_path),
            )
            for item in asked.items
        ]
        task = Task("TRANSFER", call, asked.source, asked.destination, _options(asked))
        work = _Work(asked, task, self._collections.folder(asked.destination))
        try:
            for item, (source, destination) in zip(asked.items, ends, strict=True):
                work.copy(item, source, destination)
        except Fault as fault:
            task.fail(fault.code, str(fault))
        return task.finished()


class _Work:
    """A transfer while it runs."""

    def __init__(self, asked: TransferInput, task: Task, folder: Path) -> None:
        self._asked = asked
        self._task = task
        self._folder = folder
        self._deadline = time.monotonic() + task.call.wait_time_s

    def copy(self, item: TransferItem, source: Path, destination: Path) -> None:
        """Copy an item: a file, or all files of a folder."""
        if item.destination_path.endswith("/") and source.is_file():
            raise DestinationFault(
                "IS_A_DIRECTORY", f"{item.destination_path} is to be a folder, for a file"
            )
        try:
            copies = list(self._copies(item, source, destination))
        except Fault as fault:
            self._pass_over(fault)
            return
        for each in copies:
            self._in_time()
            try:
                self._copy_file(each)
            except DestinationFault:
                raise
            except Fault as fault:
                self._pass_over(fault)

    def _copies(self, item: TransferItem, source: Path, destination: Path) -> Iterator[_Copy]:
        if source.is_dir() and item.recursive is not False:
            # Listed before anything is copied, so that a folder can be copied into itself.
            yield from self._copies_of_folder(item, source, destination)
        elif source.is_dir():
            raise Fault("IS_A_DIRECTORY", f"{item.source_path} is a folder, not recursive")
        elif item.recursive and source.exists():
            raise Fault("NOT_A_DIRECTORY", f"{item.source_path} is a file, but recursive")
        elif source.is_file():
            yield _Copy(source, destination, item)
        else:
            raise Fault("FILE_NOT_FOUND", f"{item.source_path} is not there, or no file")

    def _copies_of_folder(
        self, item: TransferItem, source: Path, destination: Path
    ) -> Iterator[_Copy]:
        for folder, folders, names in os.walk(source, onerror=_unreadable):
            there = destination / Path(folder).relative_to(source)
            self._task.directories += 1
            self._make_folder(there)
            for name in sorted(folders + names):
                path = Path(folder, name)
                if path.is_symlink():
                    self._task.symlinks += 1
                elif path.is_file():
                    yield _Copy(path, there / name, item)

    def _make_folder(self, folder: Path) -> None:
        if not is_inside(self._folder, folder):
            raise DestinationFault("PERMISSION_DENIED", f"{folder.name} leads out of the folder")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DestinationFault(files.code_of(error), files.sentence(error)) from None

    def _copy_file(self, copy: _Copy) -> None:
        self._task.files += 1
        if self._is_there(copy):
            self._task.skipped += 1
            return
        self._make_folder(copy.destination.parent)
        if copy.destination.is_dir() or not is_inside(self._folder, copy.destination):
            raise DestinationFault("IS_A_DIRECTORY", f"{copy.destination.name} can't be written to")
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._copy_once(copy)
            except DestinationFault as fault:
                if fault.code != files.CHECKSUM or attempt == _ATTEMPTS:
                    raise
                self._task.fault(fault.code, str(fault))
            else:
                break
        self._task.done += 1

    def _copy_once(self, copy: _Copy) -> None:
        part = copy.destination.with_name(f".{self._task.id}.part")
        try:
            size, read = files.copy(copy.source, part, copy.item.algorithm)
            if copy.item.checksum not in (None, read):
                raise DestinationFault(
                    files.CHECKSUM, f"{copy.source.name} has not the checksum that was told of it"
                )
            verified = self._asked.verify_checksum
            if verified and files.digest(part, copy.item.algorithm) != read:
                raise DestinationFault(
                    files.CHECKSUM, f"{copy.source.name} arrived with another checksum"
                )
            if self._asked.preserve_timestamp:
                shutil.copystat(copy.source, part)
            part.replace(copy.destination)
        except files.Unreadable as error:
            raise Fault(error.code, str(error)) from None
        except OSError as error:
            raise DestinationFault(files.code_of(error), files.sentence(error)) from None
        finally:
            part.unlink(missing_ok=True)
        self._task.copied_bytes += size

    def _is_there(self, copy: _Copy) -> bool:
        """Return whether the sync level lets the destination stay as it is."""
        level = self._asked.sync_level
        if level is None or not copy.destination.is_file():
            return False
        source, destination = copy.source.stat(), copy.destination.stat()
        if level == SYNC_LEVELS.index("exists"):
            return True
        if source.st_size != destination.st_size:
            return False
        if level == SYNC_LEVELS.index("mtime"):
            return source.st_mtime <= destination.st_mtime
        if level == SYNC_LEVELS.index("checksum"):
            self._task.checksummed_bytes += source.st_size
            algorithm = copy.item.algorithm
            return files.digest(copy.source, algorithm) == files.digest(copy.destination, algorithm)
        return True

    def _pass_over(self, fault: Fault) -> None:
        if isinstance(fault, DestinationFault) or not self._asked.skip_source_errors:
            raise fault
        self._task.fault(fault.code, str(fault))
        self._task.skipped += 1

    def _in_time(self) -> None:
        if time.monotonic() > self._deadline:
            sentence = (
                f"The transfer did not end within the state's WaitTime of "
                f"{self._task.call.wait_time_s:g} s; it was stopped"
            )
            raise timed_out(self._task.call, self._task.going_on(), sentence)


def _unreadable(error: OSError) -> None:
    raise Fault(files.code_of(error), files.sentence(error))


def _options(asked: TransferInput) -> dict[str, Any]:
    label = {"label": asked.label} if asked.label else {}
    return {
        **label,
        "sync_level": asked.sync_level,
        "verify_checksum": asked.verify_checksum,
        "skip_source_errors": asked.skip_source_errors,
        "preserve_timestamp": asked.preserve_timestamp,
    }
