"""A copy of a database as it was at one moment, taken while others write."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from braid_db.errors import NotAProvenanceDatabase
from braid_db.store import schema
from braid_db.store.connecting import make_driver
from braid_db.store.driver import Access, Driver
from braid_db.store.errors import BackupFailed
from braid_db.store.files import BESIDE, beside
from braid_db.store.pg_dump import find_pg_dump, order_of
from braid_db.store.store import Store
from braid_db.store.turns import NotWritten, Patience, failures_of

Tell = Callable[[str], None]

_PAGES = 2048
"""How many pages are copied between two words about it."""


def back_up(store: Store, target: Path, *, overwrite: bool, tell: Tell) -> None:
    """Write a copy of a database to a file, which is there whole or not at all.

    :param target: the file; nobody but its owner may read it.
    :param overwrite: whether a file that is there may be replaced.
    :param tell: called with how far it has come.
    :raises BackupFailed: if there is such a file, or it cannot be written.
    """
    copy = _copy_file if store.engine.dialect.name == "sqlite" else _dump
    patience = Patience(store.busy_timeout_s)
    while True:
        driver = make_driver(store.engine, store.busy_timeout_s)
        try:
            with failures_of(driver):
                _open(driver)
                with _whole(driver, target, overwrite=overwrite) as part:
                    copy(driver, part, target, tell)
                return
        except NotWritten as fault:
            patience.wait(fault)
        finally:
            driver.close()


def _open(driver: Driver) -> None:
    """Open a database of whatever schema, as a backup comes before an upgrade.

    :raises NotAProvenanceDatabase: if it holds no provenance.
    """
    driver.open(make=False)
    if schema.read_state(driver) is None:
        advice = "There is nothing to back up: name another one."
        raise NotAProvenanceDatabase(driver.where, "holds no provenance yet", advice)
    driver.prepare()


@contextmanager
def _whole(driver: Driver, target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a new file beside the target, which gets its name once it is whole and on the disk."""
    part = None
    _refuse_companion(target)
    try:
        _refuse_present(driver, target, overwrite=overwrite)
        handle, name = tempfile.mkstemp(".part", f".{target.name}.", target.parent)
        os.close(handle)
        part = Path(name)
        yield part
        _sync(part)
        _refuse_present(driver, target, overwrite=overwrite)
        part.replace(target)
        _sync(target.parent)
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        raise BackupFailed(target, problem, "Make room there, or name another file.") from None
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _refuse_companion(target: Path) -> None:
    """Refuse a name that belongs to a database: SQLite would take it for a part of that one."""
    for ending in (*BESIDE, ".toml"):
        if target.name.endswith(ending):
            problem = f"has a name that a database keeps beside it ({ending})"
            raise BackupFailed(target, problem, "Name another file.")


def _refuse_present(driver: Driver, target: Path, *, overwrite: bool) -> None:
    if any(beside(target, ending).exists() for ending in BESIDE) and not target.exists():
        problem = "has the name of a database whose log is still there"
        raise BackupFailed(target, problem, "Name another file: SQLite would replay that log.")
    if not target.exists():
        return
    source = Path(str(driver.engine.url.database))
    if driver.dialect.name == "sqlite" and target.samefile(source):
        raise BackupFailed(target, "is the database itself", "Name another file.")
    if not overwrite:
        advice = "Name another file, or replace it with --overwrite."
        raise BackupFailed(target, "is there already", advice)
    if not target.is_file() or any(beside(target, ending).exists() for ending in BESIDE):
        problem = "is no file, or a database that is in use"
        raise BackupFailed(target, problem, "Name another file.")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_file(driver: Any, part: Path, target: Path, tell: Tell) -> None:
    """Copy an SQLite file a number of pages at a time, all of them as one transaction sees them.

    SQLite begins a copy anew whenever another process writes, and so would never end beside
    many writers; within a transaction that is open on the source it does not.
    """
    driver.begin(Access.READ)
    driver.tables()  # From here on it sees one state.

    def tell_pages(_: int, remaining: int, total: int) -> None:
        tell(f"{100 * (total - remaining) // max(total, 1)} %")

    try:
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode=OFF")
            copy.execute("PRAGMA synchronous=OFF")  # Synced once, when it is whole.
            driver._connection.backup(copy, pages=_PAGES, progress=tell_pages)
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_TRUNCATE")):
            problem = "finds no room left on its disk"
            raise BackupFailed(target, problem, "Make room there, or name another.") from None
        raise
    driver.rollback()


def _dump(driver: Any, part: Path, target: Path, tell: Tell) -> None:
    """Let pg_dump write what its own transaction sees, in its custom format."""
    program = find_pg_dump(driver._connection.info.server_version, target)
    command, environment, secrets = order_of(program, driver.engine, part)
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            while process.poll() is None:
                tell(f"{part.stat().st_size:,} bytes")
                time.sleep(0.05)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    if process.returncode:
        reason = lines[0] if lines else f"it ended with {process.returncode}"
        for secret in secrets:
            reason = reason.replace(secret, "***")
        problem = f"was not written by pg_dump ({reason[:200]})"
        raise BackupFailed(target, problem, "See to that, and call again.")
