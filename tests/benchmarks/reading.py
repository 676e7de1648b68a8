"""What a question makes a database read: each statement that its driver sends, and its plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Pool, event

_INSTRUCTIONS_AT_ONCE = 100

_OWN_RESULT = re.compile(r"^(?:MATERIALIZE|CO-ROUTINE) (\S+)")
_SCANNED = re.compile(r"^SCAN (\S+)(?!.*VIRTUAL TABLE)")
_SMALL = ("CONSTANT", "alembic_version", "database_info", "sqlite_master")
"""What SQLite may well read to its end: what stands in no table, one row, and the tables' names."""


_FEW = 2_000
"""How many rows a table may have that PostgreSQL reads whole, as it had better do with few."""


class Sent(NamedTuple):
    """One statement, as a driver sends it."""

    sql: str
    values: Sequence[Any]

    @property
    def is_question(self) -> bool:
        """Whether it has a plan, as what begins or ends a transaction has none."""
        return self.sql.lstrip().startswith(("SELECT", "WITH"))


class Heard:
    """What was sent while somebody listened.

    :ivar instructions: how many SQLite's machine ran for it.
    """

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.instructions = 0

    def questions(self) -> list[Sent]:
        """Return each question, in their order.

        :raises AssertionError: if none is about records: then nobody listened.
        """
        assert any("record." in one.sql for one in self.sent), self.sent
        return [one for one in self.sent if one.is_question]

    def connected(self, connection: Any, _: object) -> None:
        """Listen to a connection that was opened."""
        if hasattr(connection, "set_trace_callback"):
            # SQLite tells what it runs with the values written into it.
            connection.set_trace_callback(lambda sql: self.sent.append(Sent(sql, ())))
            connection.set_progress_handler(self._count, _INSTRUCTIONS_AT_ONCE)
            return
        execute = connection.execute

        def hear(sql: str, values: Sequence[Any] | None = None, **how: Any) -> Any:
            self.sent.append(Sent(sql, values or ()))
            return execute(sql, values, **how)

        connection.execute = hear

    def _count(self) -> None:
        self.instructions += _INSTRUCTIONS_AT_ONCE


@contextmanager
def listening() -> Iterator[Heard]:
    """Hear what is sent through all connections that are opened meanwhile."""
    heard = Heard()
    event.listen(Pool, "connect", heard.connected)
    try:
        yield heard
    finally:
        event.remove(Pool, "connect", heard.connected)


class Explains(Protocol):
    """A database that tells how it answers."""

    def whole(self, sent: Sent) -> list[str]:
        """Return the steps of a plan that go through a table or index from end to end."""

    def amount(self, heard: Heard) -> tuple[int, str]:
        """Return how much was read, and what is counted."""


class OnSqlite:
    """How SQLite answers: the same at any size, as it keeps no statistics."""

    def __init__(self, connection: Any) -> None:
        self._run = connection.execute

    def whole(self, sent: Sent) -> list[str]:
        """Return the steps that go through a table or index from end to end.

        An index may be walked so too: a part of one is told by ``SEARCH``, all of it by ``SCAN``.
        """
        rows = self._run(f"EXPLAIN QUERY PLAN {sent.sql}", sent.values)
        return read_whole(row[-1] for row in rows)

    def amount(self, heard: Heard) -> tuple[int, str]:
        """Return how many instructions were run: at least three for each row or entry."""
        return heard.instructions, "instructions"


def read_whole(plan: Iterable[str]) -> list[str]:
    """Return those steps of a plan of SQLite that read a table or index from end to end."""
    steps = list(plan)
    own = {found[1] for step in steps if (found := _OWN_RESULT.match(step))}
    scanned = ((step, _SCANNED.match(step)) for step in steps)
    return [step for step, found in scanned if found and found[1] not in (*own, *_SMALL)]


class Node(NamedTuple):
    """One step of a plan of PostgreSQL that reads a table or an index.

    :param is_whole: whether nothing says which part of it.
    :param rows: how many rows or entries it read, those among them that did not fit; 0 where
        the plan was not run.
    """

    what: str
    name: str
    is_whole: bool
    rows: int


def nodes_of(plan: dict[str, Any]) -> Iterator[Node]:
    """Yield what a plan of PostgreSQL reads, told as JSON."""
    kind, name = plan["Node Type"], plan.get("Relation Name") or plan.get("Index Name")
    if name is not None:
        read = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        rows = sum(plan.get(key, 0) for key in read) * plan.get("Actual Loops", 0)
        is_part = "Index Cond" in plan or kind == "Bitmap Heap Scan"
        yield Node(f"{kind} on {name}", name, not is_part, round(rows))
    for part in plan.get("Plans", ()):
        yield from nodes_of(part)


class OnPostgresql:
    """How PostgreSQL answers.

    :param is_small: whether the tables are so small that it would rather read them whole; then
        it is kept from that, and no statement is run.
    """

    def __init__(self, connection: Any, *, is_small: bool = False) -> None:
        self._run = connection.execute
        self._how = "FORMAT JSON" if is_small else "ANALYZE, FORMAT JSON"
        if is_small:
            for way in ("seqscan", "hashjoin", "mergejoin"):
                self._run(f"SET enable_{way} = off")

    def whole(self, sent: Sent) -> list[str]:
        """Return the steps that read a table or index from end to end."""
        return [one.what for one in self._nodes(sent) if one.is_whole and self._is_large(one.name)]

    def amount(self, heard: Heard) -> tuple[int, str]:
        """Return how many rows and entries of indexes were read."""
        read = (node.rows for sent in heard.questions() for node in self._nodes(sent))
        return sum(read), "rows and entries"

    def _is_large(self, name: str) -> bool:
        size = "SELECT max(reltuples) FROM pg_class WHERE relname = %s"
        [[rows]] = self._run(size.encode(), [name]).fetchall()
        return bool(rows > _FEW)

    def _nodes(self, sent: Sent) -> Iterator[Node]:
        sql = f"EXPLAIN ({self._how}) {sent.sql}"
        [[[told]]] = self._run(sql.encode(), sent.values).fetchall()
        return nodes_of(told["Plan"])
