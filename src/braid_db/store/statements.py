"""SQL statements as SQLAlchemy Core builds them, compiled once and sent through the driver.

The recording path runs a dozen statements a call; SQLAlchemy's own execution would cost several
times what SQLite needs for them. So Core writes the SQL, for both databases from one source, and
the driver runs it with values in the statement's order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Double, Table, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import Executable
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.types import TypeEngine

Row = tuple[Any, ...]
Answers = Callable[[], list[list[Row]]]
"""What a statement answers, for each row of values it was run with; waits when called."""

Processor = Callable[[Any], Any]
_DOUBLE_PRECISION = 701
Insert = Callable[[Table], Any]


def _insert_of(dialect: Dialect) -> Insert:
    """Return a database's own ``insert``; the other database's dialect is never imported."""
    if dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as insert_sqlite

        return insert_sqlite
    from sqlalchemy.dialects.postgresql import insert as insert_postgresql

    return insert_postgresql


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement in one database's SQL, and how values pass into it and rows out of it."""

    sql: str
    bind: Callable[[Sequence[Any]], Sequence[Any]]
    read: Callable[[list[Row]], list[Row]]


class Statement:
    """One statement that takes values in a fixed order.

    :param build: the Core statement, or a function that makes it from the database's ``insert``
        (both databases know ON CONFLICT, each by a construct of its own).
    :param takes: the names of the bind parameters, in the order in which values are given.
    """

    __slots__ = ("_build", "_compiled", "takes")

    def __init__(self, build: Executable | Callable[[Insert], Any], *takes: str) -> None:
        self._build = build
        self.takes = takes
        self._compiled: dict[str, Compiled] = {}

    def on(self, dialect: Dialect) -> Compiled:
        """Return the statement for a database, compiled at the first use."""
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            build = self._build
            core = build if isinstance(build, Executable) else build(_insert_of(dialect))
            compiled = self._compiled[dialect.name] = compile_statement(core, dialect, self.takes)
        return compiled


class Insertion(Statement):
    """The insertion of whole rows of a table, one or many at a time.

    :param leave: whether rows that are there already are left as they are.
    """

    __slots__ = ("_columns", "_leave", "_many", "table")

    def __init__(self, table: Table, *, leave: bool = False) -> None:
        self.table = table
        self._leave = leave
        self._columns = [column for column in table.c if column.identity is None]
        self._many: dict[tuple[str, int], Compiled] = {}
        super().__init__(self._insert, *(column.name for column in self._columns))

    def many(self, dialect: Dialect, count: int) -> Compiled:
        """Return the statement that inserts so many rows at once, their values in a row."""
        compiled = self._many.get((dialect.name, count))
        if compiled is None:
            names = [[f"{name}_{number}" for name in self.takes] for number in range(count)]
            core = self._insert(_insert_of(dialect)).values(list(map(self._values, names)))
            takes = [name for row in names for name in row]
            compiled = compile_statement(core, dialect, takes)
            self._many[dialect.name, count] = compiled
        return compiled

    def _insert(self, insert: Insert) -> Any:
        core = insert(self.table).inline()
        return core.on_conflict_do_nothing() if self._leave else core

    def _values(self, names: Sequence[str]) -> dict[str, BindParameter[Any]]:
        pairs = zip(self._columns, names, strict=True)
        return {column.name: bindparam(name, type_=column.type) for column, name in pairs}


def inserting(table: Table) -> Insertion:
    """Return the statement that inserts whole rows of a table, in the order of its columns.

    A key that the database numbers is left out.
    """
    return Insertion(table)


def compile_statement(
    core: Any, dialect: Dialect, takes: Sequence[str], **options: Any
) -> Compiled:
    """Compile a Core statement whose values are given in the order of ``takes``."""
    keys = [name for name in takes if name in core.table.c] if core.is_insert else None
    compiled = core.compile(dialect=dialect, column_keys=keys, compile_kwargs=options)
    binds = [compiled.binds[name] for name in compiled.positiontup or ()]
    columns: Any = getattr(core, "exported_columns", None) if core.is_select else None
    if columns is None:
        columns = getattr(core, "_returning", ())
    return Compiled(
        sql=str(compiled),
        bind=_binder(binds, tuple(takes), dialect),
        read=reader([column.type for column in columns], dialect),
    )


def _binder(
    binds: list[BindParameter[Any]], takes: tuple[str, ...], dialect: Dialect
) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Return what turns values in the order of ``takes`` into the driver's parameters."""
    into = [bind.type.dialect_impl(dialect).bind_processor(dialect) for bind in binds]
    if tuple(bind.key for bind in binds) == takes:
        if not any(into):
            return _as_it_is
        changed = [(at, process) for at, process in enumerate(into) if process]
        return partial(_process, changed)
    constants = {bind.key: bind.effective_value for bind in binds if bind.key not in takes}
    places = [(takes.index(b.key) if b.key in takes else None, b.key) for b in binds]
    return partial(_bind_in_order, list(zip(places, into, strict=True)), constants)


def _as_it_is(values: Sequence[Any]) -> Sequence[Any]:
    return values


def _process(changed: Sequence[tuple[int, Processor]], values: Sequence[Any]) -> Sequence[Any]:
    processed = list(values)
    for at, process in changed:
        processed[at] = process(processed[at])
    return processed


def _bind_in_order(
    places: Iterable[tuple[tuple[int | None, str], Processor | None]],
    constants: dict[str, Any],
    values: Sequence[Any],
) -> Sequence[Any]:
    bound = []
    for (at, name), process in places:
        value = constants[name] if at is None else values[at]
        bound.append(process(value) if process else value)
    return bound


def reader(types: list[TypeEngine[Any]], dialect: Dialect) -> Callable[[list[Row]], list[Row]]:
    """Return what turns the driver's rows into the values of their columns' types."""
    out = [kind.dialect_impl(dialect).result_processor(dialect, _code(kind)) for kind in types]
    changed = [(at, process) for at, process in enumerate(out) if process]
    return partial(_read_rows, changed) if changed else _rows_as_they_are


def _code(kind: TypeEngine[Any]) -> int | None:
    """Return PostgreSQL's code of a type; SQLAlchemy asks for it where a number may be a double."""
    return _DOUBLE_PRECISION if isinstance(kind, Double) else None


def _rows_as_they_are(rows: list[Row]) -> list[Row]:
    return rows


def _read_rows(changed: Sequence[tuple[int, Processor]], rows: list[Row]) -> list[Row]:
    return [tuple(_process(changed, row)) for row in rows]
