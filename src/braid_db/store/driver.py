"""One connection to a database, at the level of its driver, and what differs between the two."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import Any

from sqlalchemy import URL, Engine, PoolProxiedConnection, Table
from sqlalchemy.exc import DBAPIError

from braid_db.errors import DatabaseError
from braid_db.store.statements import Answers, Compiled, Row, Statement

LOCK_NUMBER = 0x62726169645F6462
"""PostgreSQL's advisory lock of a provenance database: the letters of "braid_db"."""


class Access(Enum):
    """What a transaction is for, which decides the locks that it takes first of all."""

    READ = auto()
    """Reads one consistent state."""
    RECORD = auto()
    """Records; on PostgreSQL beside other recorders."""
    ALONE = auto()
    """Recalls, or looks for a path: nobody records meanwhile."""


class Failure(Enum):
    """What to do about an error of the driver."""

    TRY_AGAIN = auto()
    """Another transaction was in the way; nothing was written."""
    WAIT_AND_OPEN = auto()
    """The database takes no connection at this moment."""
    OPEN_AGAIN = auto()
    """The connection is gone; nothing was written unless a commit was under way."""
    FINAL = auto()


class Driver(ABC):
    """One connection that stays open, used by one thread at a time.

    Made without a connection; all but :meth:`open` and :meth:`close` need one.

    :param busy_timeout_s: how long a call waits for other writers, in seconds.
    """

    errors: tuple[type[Exception], ...]
    """The driver's exceptions."""

    records_beside_others: bool
    """Whether other processes may record while this one does."""

    def __init__(self, engine: Engine, busy_timeout_s: float) -> None:
        self.engine = engine
        self.busy_timeout_s = busy_timeout_s
        self.dialect = engine.dialect
        self.where = shown_url(engine.url)
        self._pooled: PoolProxiedConnection | None = None
        self._connection: Any = None

    def _connect(self) -> None:
        """Connect through the engine; raises the driver's own errors."""
        try:
            self._pooled = self.engine.raw_connection()
        except DBAPIError as error:
            raise error.orig or error from None
        self._connection = self._pooled.driver_connection

    def _disconnect(self) -> None:
        pooled, self._pooled, self._connection = self._pooled, None, None
        if pooled is not None:
            pooled.invalidate()

    def give_back(self) -> None:
        """Leave the connection open, to the pool that it came from."""
        pooled, self._pooled, self._connection = self._pooled, None, None
        if pooled is not None:
            pooled.close()

    @property
    def memory(self) -> dict[str, Any]:
        """What is remembered of the connection for as long as it is open, whoever uses it."""
        assert self._pooled is not None, "not open"
        return self._pooled.info

    @abstractmethod
    def open(self, *, make: bool) -> None:
        """Connect, and change nothing that is there.

        :param make: whether to make an empty SQLite file where there is none.
        :raises DatabaseError: if there is nothing to connect to.
        """

    @abstractmethod
    def prepare(self) -> None:
        """Make ready for concurrent use what is known to be ours, or empty."""

    @abstractmethod
    def is_usable(self) -> bool:
        """Return whether the connection still leads to the database that is meant."""

    @abstractmethod
    def begin(self, access: Access) -> None:
        """Begin a transaction and take its locks."""

    @abstractmethod
    def commit(self) -> None:
        """Commit; all or nothing."""

    @abstractmethod
    def rollback(self) -> None:
        """Take back what the transaction wrote; never raises."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection; never raises."""

    @abstractmethod
    def ask(self, statement: Statement, rows: Iterable[Sequence[Any]]) -> Answers:
        """Run a statement once for each row of values; what is returned gives the answers.

        On PostgreSQL all that is asked before the first answer is called for travels together.
        """

    @abstractmethod
    def write(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row of values; its answer is not asked for."""

    @abstractmethod
    def run(self, compiled: Compiled, values: Sequence[Any]) -> list[Row]:
        """Run one compiled statement and return its rows."""

    @abstractmethod
    def define(self, sql: str) -> None:
        """Run one statement that defines a table, an index or a sequence."""

    @abstractmethod
    def tables(self) -> set[str]:
        """Return the names of the tables that are there, whosoever they are."""

    @abstractmethod
    def ask_ids(self, tables: tuple[Table, ...], count: int) -> Answers:
        """Ask for numbers for new rows of some tables, so many for each, never given before."""

    @abstractmethod
    def lock_records(self, record_ids: Sequence[int]) -> None:
        """Keep other writers from these entity records until the end, in id order."""

    @abstractmethod
    def failure(self, error: Exception) -> Failure:
        """Return what to do about an error of the driver."""

    @abstractmethod
    def explained(self, error: Exception) -> DatabaseError:
        """Return the error to raise instead of the driver's own."""


def lock_timeout(scope: str, seconds: float) -> str:
    """Return PostgreSQL's statement for how long to wait for a lock.

    :param scope: ``SESSION`` or ``LOCAL``, which is this transaction.
    """
    # None at all would mean to wait for ever.
    return f"SET {scope} lock_timeout = {max(1, round(seconds * 1000))}"


def shown_url(url: URL) -> str:
    """Return a database's URL for a person to read; of its options those that say where it is."""
    hidden = [option for option in url.query if option not in ("host", "port")]
    return url.difference_update_query(hidden).render_as_string(hide_password=True)
