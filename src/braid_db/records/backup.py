"""Backing up a database: where a backup goes, and what is told of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from braid_db.records.database import place_of
from braid_db.store import Store, backup


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made.

    :param path: the file.
    :param of: the URL of the database, without a password.
    """

    path: str
    of: str
    size_bytes: int


def back_up(
    store: Store,
    target: Path | None = None,
    *,
    overwrite: bool = False,
    tell: Callable[[str], None] = lambda how_far: None,
) -> Backup:
    """Write a copy of a database as it is at this moment, while others write.

    :param target: a file, or a folder to make one in; when omitted, the folder of an SQLite
        file, or else the present one.
    :param tell: called with how far it has come.
    :raises BackupFailed: if the file is there already, or cannot be written.
    """
    path = _path(store, target)
    backup.back_up(store, path, overwrite=overwrite, tell=tell)
    return Backup(str(path), place_of(store), path.stat().st_size)


def _path(store: Store, target: Path | None) -> Path:
    database = Path(store.engine.url.database or "braid")
    is_file = store.engine.dialect.name == "sqlite"
    folder = target or (database.parent if is_file else Path())
    if target is not None and not os.path.isdir(target):  # noqa: PTH112 - a name may be too long
        return target.absolute()
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    ending = (database.suffix or ".db") if is_file else ".dump"
    return (folder / f"{database.stem}-{moment}{ending}").absolute()
