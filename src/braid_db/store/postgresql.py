"""A PostgreSQL database through psycopg 3, its statements sent in a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import Engine, Table, bindparam, func, select

from braid_db.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseFull,
    DatabaseUnreachable,
)
from braid_db.model import Kind
from braid_db.store.driver import LOCK_NUMBER, Access, Driver, Failure, lock_timeout
from braid_db.store.statements import Answers, Compiled, Insertion, Row, Statement
from braid_db.store.tables import NUMBERED, record

_LOCKS = {
    Access.RECORD: Statement(select(func.pg_advisory_xact_lock_shared(LOCK_NUMBER))),
    Access.ALONE: Statement(select(func.pg_advisory_xact_lock(LOCK_NUMBER))),
}

_TABLES = "SELECT tablename::text FROM pg_tables WHERE schemaname = ANY (current_schemas(false))"

# NO KEY UPDATE: two writers of one record wait for each other, but rows that merely point at the
# record (foreign keys take KEY SHARE) do not. Nobody writes to a step once it is there.
_LOCK_RECORD = Statement(
    select(record.c.record_id)
    .where(record.c.record_id == bindparam("id"), record.c.kind != Kind.STEP.value)
    .with_for_update(key_share=True),
    "id",
)

_SESSION = {
    # PostgreSQL takes every recursive query for a large one, and compiled each for longer than it
    # then ran.
    "jit": "off",
    # Where a machine lost its power with a lock in hand, others would wait two hours for it. In
    # seconds; of no effect on a local socket.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_MOST_ROWS = 64
_MOST_PREPARED = 500

_IN_THE_WAY = ("40001", "40P01", "55P03")
_NO_ROOM = ("53100",)
_NO_MEMORY = ("53",)
_ENDED = ("57014",)
_TOO_LONG = ("25P03", "25P04", "57P05")
_MAY_NOT = ("25006", "42501")
_GONE = ("08", "57P")
# A refused connection has no code. A server that speaks another language is not waited for.
_STARTING = ("is starting up", "is shutting down", "recovery mode")
_TOO_MANY = ("too many clients", "too many connections", "remaining connection slots")


class PostgresDriver(Driver):
    """One connection to a PostgreSQL server."""

    errors = (psycopg.Error,)
    records_beside_others = True

    def __init__(self, engine: Engine, busy_timeout_s: float) -> None:
        super().__init__(engine, busy_timeout_s)
        self._pipeline: Any = None

    def open(self, *, make: bool) -> None:
        """Connect to the server; a database on it is made by its owner."""
        self._connect()
        if not self.memory:
            self._connection.prepared_max = _MOST_PREPARED
            wait = lock_timeout("SESSION", self.busy_timeout_s)
            settings = (f"SET SESSION {name} = {value}" for name, value in _SESSION.items())
            self._connection.execute("; ".join((wait, *settings)))

    def prepare(self) -> None:
        """Do nothing: a server is always ready for many at once."""

    def is_usable(self) -> bool:
        """Return whether the connection is open; a server that went away is seen when asked."""
        return self._connection is not None and not self._connection.closed

    def begin(self, access: Access) -> None:
        """Begin a transaction and take its advisory lock, without waiting for the answer."""
        self._pipeline = self._connection.pipeline()
        self._pipeline.__enter__()
        isolation = "REPEATABLE READ READ ONLY" if access is Access.READ else "READ COMMITTED"
        self._connection.execute(f"BEGIN ISOLATION LEVEL {isolation}", prepare=True)
        if access in _LOCKS:
            self.write(_LOCKS[access], [()])

    def commit(self) -> None:
        """Commit; the server has synced its log before this returns."""
        self._connection.execute("COMMIT", prepare=True)
        pipeline, self._pipeline = self._pipeline, None
        pipeline.__exit__(None, None, None)

    def rollback(self) -> None:
        """Take back what the transaction wrote."""
        try:
            pipeline, self._pipeline = self._pipeline, None
            if pipeline is not None:
                self._leave(pipeline)
            self._connection.execute("ROLLBACK")
        except psycopg.Error:
            self.close()

    @staticmethod
    def _leave(pipeline: Any) -> None:
        """Leave a pipeline whose statements may have failed."""
        try:
            pipeline.__exit__(None, None, None)
        except psycopg.Error:
            return

    def close(self) -> None:
        """Close the connection."""
        self._pipeline = None
        self._disconnect()

    def ask(self, statement: Statement, rows: Iterable[Sequence[Any]]) -> Answers:
        """Send a statement once for each row of values; all answers come in one round trip."""
        compiled = statement.on(self.dialect)
        cursors = [self._send(compiled, row) for row in rows]
        return lambda: [compiled.read(cursor.fetchall()) for cursor in cursors]

    def write(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> None:
        """Send a statement for all rows of values, without waiting for the answer.

        Each message costs the server as much as a row, so rows are inserted many at a time.
        """
        if isinstance(statement, Insertion) and len(rows) > 1:
            for group in in_powers_of_two(rows):
                values = [value for row in group for value in row]
                self._send(statement.many(self.dialect, len(group)), values)
        else:
            for row in rows:
                self._send(statement.on(self.dialect), row)

    def _send(self, compiled: Compiled, values: Sequence[Any]) -> Any:
        return self._connection.execute(compiled.sql, compiled.bind(values), prepare=True)

    def run(self, compiled: Compiled, values: Sequence[Any]) -> list[Row]:
        """Run one compiled statement and return its rows."""
        cursor = self._connection.execute(compiled.sql, compiled.bind(values))
        return compiled.read(cursor.fetchall())

    def define(self, sql: str) -> None:
        """Run one statement that defines a table, an index or a sequence."""
        self._connection.execute(sql)

    def tables(self) -> set[str]:
        """Return the names of the tables that are there, in the schemas that are searched."""
        return {name for (name,) in self._connection.execute(_TABLES)}

    def ask_ids(self, tables: tuple[Table, ...], count: int) -> Answers:
        """Ask for the next numbers of the tables' sequences."""
        return self.ask(next_numbers(tables), [(count,)])

    def lock_records(self, record_ids: Sequence[int]) -> None:
        """Lock the rows of entity records, in id order so that no two writers cross."""
        self.write(_LOCK_RECORD, [(record_id,) for record_id in sorted(set(record_ids))])

    def failure(self, error: Exception) -> Failure:
        """Return what to do about an error of the driver."""
        state = getattr(error, "sqlstate", None) or ""
        if state in _IN_THE_WAY:
            return Failure.TRY_AGAIN
        if self._connection is None:
            at_this_moment = says(error, _STARTING + _TOO_MANY)
            return Failure.WAIT_AND_OPEN if at_this_moment else Failure.FINAL
        # A server that goes while it answers leaves errors of psycopg's own, without a state, on a
        # connection that does not look closed yet.
        is_lost = not state and isinstance(error, psycopg.OperationalError)
        if is_lost or self._connection.closed or state.startswith(_GONE):
            return Failure.OPEN_AGAIN
        return Failure.FINAL

    def explained(self, error: Exception) -> DatabaseError:
        """Return the error to raise instead of the driver's own."""
        return explained(self.where, error)


@cache
def next_numbers(tables: tuple[Table, ...]) -> Statement:
    """Return the statement that takes numbers for new rows of some tables."""
    numbers = select(*(NUMBERED[table].next_value() for table in tables))
    series = func.generate_series(1, bindparam("count")).alias()
    return Statement(numbers.select_from(series), "count")


def in_powers_of_two(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield rows in groups of 64, 32, ... 1, so that few different statements are prepared."""
    at, size = 0, _MOST_ROWS
    while at < len(rows):
        while size > len(rows) - at:
            size //= 2
        yield rows[at : at + size]
        at += size


def says(error: Exception, reasons: tuple[str, ...]) -> bool:
    """Return whether a server gave one of these reasons for refusing a connection."""
    return any(reason in str(error) for reason in reasons)


def explained(where: str, error: Exception) -> DatabaseError:
    """Return what an error of PostgreSQL means for its user, as an error of ours."""
    state = getattr(error, "sqlstate", None) or ""
    if state in _IN_THE_WAY:
        advice = "Nothing was written: call again."
        return DatabaseBusy(where, "kept this call waiting for others too often", advice)
    if state in _NO_ROOM:
        advice = "Nothing was written: make room on its server and call again."
        return DatabaseFull(where, "has no room left", advice)
    if state.startswith(_NO_MEMORY):
        advice = "Nothing was written: call again, or let its server have more."
        return DatabaseBusy(where, "has no memory or connections left at this moment", advice)
    if state in _ENDED:
        advice = "Nothing was written: ask its administrator, or set statement_timeout higher."
        return DatabaseBusy(where, "ended a statement that took it too long", advice)
    if state in _TOO_LONG:
        advice = "Nothing was written: call again, or set the server's timeouts higher."
        return DatabaseBusy(where, "ended its session with this call, which took too long", advice)
    if not state and says(error, _TOO_MANY):
        advice = "Call again, or let its server take more connections at once."
        return DatabaseBusy(where, "takes no more connections at this moment", advice)
    if state.startswith(_GONE) or (not state and isinstance(error, psycopg.OperationalError)):
        advice = "Check that its server runs, and user, password and name in BRAID_DB_URL."
        return DatabaseUnreachable(where, "cannot be reached", advice)
    if state in _MAY_NOT:
        advice = "Check the rights of its user, and that its server is no read-only copy."
        return DatabaseUnreachable(where, "may not be written by this user", advice)
    advice = f"Nothing was written; this is a fault of Braid-DB worth reporting ({state})."
    return DatabaseError(where, "refused a statement", advice)
