"""One transaction: what the use cases read and write through."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, Table

from braid_db.store.driver import Access, Driver
from braid_db.store.queries import compile_query
from braid_db.store.statements import Answers, Row, Statement

log = logging.getLogger("braid_db.sql")


class AloneNeeded(Exception):
    """A transaction found that it must look for a path, which nobody may change meanwhile.

    The store runs it again, from its start, with every other writer kept out.
    """


class Transaction:
    """A transaction that is under way.

    :ivar now: when it began, for every row that it writes.
    :ivar database: the uid of the database.
    """

    __slots__ = ("_access", "_driver", "database", "now")

    def __init__(self, driver: Driver, access: Access, database: str) -> None:
        self._driver = driver
        self._access = access
        self.database = database
        self.now = datetime.now(UTC)

    @property
    def dialect_name(self) -> str:
        """The kind of database, where one kind has to be asked in another way."""
        return self._driver.dialect.name

    def rows(self, statement: Statement, *values: Any) -> list[Row]:
        """Run one statement and return its rows."""
        return self.ask(statement, [values])()[0]

    def first(self, statement: Statement, *values: Any) -> Row | None:
        """Run one statement and return its first row, or None."""
        rows = self.rows(statement, *values)
        return rows[0] if rows else None

    def each(self, statement: Statement, rows: Iterable[Sequence[Any]]) -> list[list[Row]]:
        """Run a statement once for each row of values; return what each run answered."""
        return self.ask(statement, rows)()

    def ask(self, statement: Statement, rows: Iterable[Sequence[Any]]) -> Answers:
        """Run a statement once for each row of values; the answers may be fetched later.

        On PostgreSQL what is asked together costs one round trip to the server.
        """
        if log.isEnabledFor(logging.INFO):
            log.info("%s", statement.on(self._driver.dialect).sql)
        return self._driver.ask(statement, rows)

    def write(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement that answers nothing once for each row of values."""
        if rows:
            if log.isEnabledFor(logging.INFO):
                log.info("%s (%d rows)", statement.on(self._driver.dialect).sql, len(rows))
            self._driver.write(statement, rows)

    def select(self, query: Select[Any]) -> list[Row]:
        """Run a query that was built for this one call, with the values that stand in it."""
        compiled = compile_query(query, self._driver.dialect)
        log.info("%s", compiled.sql)
        return self._driver.run(compiled, ())

    def ask_ids(self, tables: tuple[Table, ...], count: int) -> Callable[[], list[Row]]:
        """Ask for numbers for new rows of some tables; they may be fetched later.

        :returns: what fetches them: so many rows of a number for each table, ascending.
        """
        answers = self._driver.ask_ids(tables, count)
        return lambda: sorted(answers()[0])

    def new_ids(self, table: Table, count: int) -> list[int]:
        """Return ascending numbers for new rows of a table."""
        return [number for (number,) in self.ask_ids((table,), count)()] if count else []

    def lock_records(self, record_ids: Sequence[int]) -> None:
        """Keep other writers from these records until the end."""
        if record_ids:
            self._driver.lock_records(record_ids)

    def need_to_be_alone(self) -> None:
        """Make sure that nobody else writes: begins the transaction anew where others may."""
        if self._access is Access.RECORD and self._driver.records_beside_others:
            raise AloneNeeded
