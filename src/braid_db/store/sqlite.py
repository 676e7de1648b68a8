"""An SQLite file: WAL, synchronous=FULL, BEGIN IMMEDIATE, on a local file system."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, func, select

from braid_db.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseFull,
    DatabaseUnreachable,
    NotAProvenanceDatabase,
)
from braid_db.store.driver import Access, Driver, Failure
from braid_db.store.files import BESIDE, OpenFile, beside, file_identity, find_file
from braid_db.store.statements import Answers, Compiled, Row, Statement
from braid_db.store.tables import NUMBERED

_PRAGMAS = (
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=0",
    # Four times SQLite's own: the log is moved into the file, which syncs both, less often, and
    # the ends of a large database's indexes stay in memory.
    "wal_autocheckpoint=4000",
    "cache_size=-8192",
)

_LARGEST = {table: Statement(select(func.max(table.primary_key.c[0]))) for table in NUMBERED}

_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")
_NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE")
_NO_FILE = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_IOERR")
_NOT_OURS = ("SQLITE_NOTADB", "SQLITE_CORRUPT")


class SqliteDriver(Driver):
    """One connection to an SQLite file."""

    errors = (sqlite3.Error,)
    records_beside_others = False

    def __init__(self, engine: Engine, busy_timeout_s: float) -> None:
        super().__init__(engine, busy_timeout_s)
        self.path = Path(engine.url.database or "")
        self.where = str(self.path)
        self._log_path = beside(self.path, "-wal")
        self._file: tuple[int, int] | None = None
        self._log: OpenFile | None = None
        self._last_ids: dict[Table, int] = {}

    def open(self, *, make: bool) -> None:
        """Open the file, and change nothing in it."""
        file = find_file(self.path, make=make)
        self._connect()
        self._cursor = self._connection.cursor()
        for pragma in _PRAGMAS:
            self._cursor.execute(f"PRAGMA {pragma}")
        self._file = file

    def prepare(self) -> None:
        """Turn the file's write-ahead log on, unless it is; a file to be read only stays as it is.

        Not done on opening: it would change another program's file.
        """
        try:
            self._cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not error_name(error).startswith("SQLITE_READONLY"):
                raise
        self._cursor.execute("PRAGMA schema_version")  # The first look into a file makes its log.
        self._log = OpenFile(self._log_path)

    def is_usable(self) -> bool:
        """Return whether the file and its log are still those that were opened."""
        if self._file is None or file_identity(self.path) != self._file:
            return False
        return self._log is not None and self._log.is_there()

    def begin(self, access: Access) -> None:
        """Begin a transaction; a writer takes the file's one write lock at once."""
        self._last_ids.clear()
        self._cursor.execute("BEGIN" if access is Access.READ else "BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit; the WAL is synced to the disk before this returns."""
        self._cursor.execute("COMMIT")

    def rollback(self) -> None:
        """Take back what the transaction wrote."""
        try:
            if self._connection.in_transaction:
                self._cursor.execute("ROLLBACK")
        except sqlite3.Error:
            self.close()

    def close(self) -> None:
        """Close the connection; where the file was replaced, take its log out of the way first."""
        replaced = file_identity(self.path) != self._file
        if self._file is not None and (replaced or file_identity(self._log_path) is None):
            self._empty_log()
        if self._file is not None and replaced:
            self._remove_log()
        self._file = self._log = None
        self._disconnect()

    def _empty_log(self) -> None:
        """Move what the log holds into its own file; both may have other names by now, or none."""
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _remove_log(self) -> None:
        """Remove the log of a file that was replaced: SQLite would take it for the new file's."""
        with suppress(OSError):
            if self._log is not None and self._log.identity == file_identity(self._log_path):
                for ending in BESIDE:
                    beside(self.path, ending).unlink(missing_ok=True)

    def ask(self, statement: Statement, rows: Iterable[Sequence[Any]]) -> Answers:
        """Run a statement once for each row of values, at once."""
        compiled, run = statement.on(self.dialect), self._cursor.execute
        found = [compiled.read(run(compiled.sql, compiled.bind(row)).fetchall()) for row in rows]
        return lambda: found

    def write(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row of values."""
        compiled = statement.on(self.dialect)
        if len(rows) == 1:
            self._cursor.execute(compiled.sql, compiled.bind(rows[0]))
        else:
            self._cursor.executemany(compiled.sql, [compiled.bind(row) for row in rows])

    def run(self, compiled: Compiled, values: Sequence[Any]) -> list[Row]:
        """Run one compiled statement and return its rows."""
        return compiled.read(self._cursor.execute(compiled.sql, compiled.bind(values)).fetchall())

    def define(self, sql: str) -> None:
        """Run one statement that defines a table or an index."""
        self._cursor.execute(sql)

    def tables(self) -> set[str]:
        """Return the names of the tables that are there."""
        known = "SELECT name FROM sqlite_master WHERE type = 'table'"
        return {name for (name,) in self._cursor.execute(known)}

    def ask_ids(self, tables: tuple[Table, ...], count: int) -> Answers:
        """Count on from the largest number; the write lock keeps others from taking them."""
        numbers = [self._take_numbers(table, count) for table in tables]
        rows = list(zip(*numbers, strict=True))
        return lambda: [rows]

    def _take_numbers(self, table: Table, count: int) -> range:
        last = self._last_ids.get(table)
        if last is None:
            largest = self._cursor.execute(_LARGEST[table].on(self.dialect).sql).fetchone()
            last = largest[0] or 0
        self._last_ids[table] = last + count
        return range(last + 1, last + count + 1)

    def lock_records(self, record_ids: Sequence[int]) -> None:
        """Do nothing more: the write lock keeps all other writers out."""

    def failure(self, error: Exception) -> Failure:
        """Return what to do about an error of the driver."""
        return Failure.TRY_AGAIN if error_name(error).startswith(_BUSY) else Failure.FINAL

    def explained(self, error: Exception) -> DatabaseError:
        """Return the error to raise instead of the driver's own."""
        return explained(self.where, error)


def error_name(error: Exception) -> str:
    """Return SQLite's own name for an error."""
    return getattr(error, "sqlite_errorname", None) or ""


def explained(where: str, error: Exception) -> DatabaseError:
    """Return what an error of SQLite means for its user, as an error of ours."""
    name = error_name(error)
    if name.startswith(_BUSY):
        return DatabaseBusy(
            where,
            "was locked by other writers for too long",
            "Call again; many writers at once are better served by PostgreSQL.",
        )
    if name.startswith(_NO_ROOM):
        advice = "Nothing was written: make room there and call again."
        return DatabaseFull(where, "has no room left on its disk", advice)
    if name.startswith(_NO_FILE):
        advice = "Nothing was written: check that its folder exists and that you may write there."
        return DatabaseUnreachable(where, "cannot be opened or written", advice)
    if name.startswith(_NOT_OURS):
        advice = "Name another file, or restore it from a backup."
        return NotAProvenanceDatabase(where, "is damaged or no SQLite database", advice)
    advice = f"Nothing was written; this is a fault of Braid-DB worth reporting ({name})."
    return DatabaseError(where, "refused a statement", advice)
