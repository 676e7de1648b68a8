"""Derivations as lineage follows them: their ends by direction, and which of them count."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    bindparam,
    cast,
    column,
    exists,
    literal_column,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from braid_db.model import Role
from braid_db.store.tables import derivation, version
from braid_db.store.types import ByCodePoint, UtcTime
from braid_db.views import Direction

T = TypeVar("T")

# Written into the SQL, as a statement that takes nothing but ids is bound without looking.
IS_FOLLOWED = derivation.c.role != literal_column(f"'{Role.TRANSFERRED}'", ByCodePoint)

_DECLARED = (Role.USED, Role.INFORMED, Role.TRANSFERRED)
"""What tells which data a step or transfer came from, so that its order is not needed."""

AT_ONCE = 10_000
"""How many ids one statement takes at most, where it takes them as one value."""


class _EachOf(FunctionElement[Any]):
    """The elements of a list in JSON, as rows: so that one statement takes any number of ids."""

    name = "each_of"
    inherit_cache = True
    type: TypeEngine[Any] = Text()


@compiles(_EachOf, "sqlite")
def _each_of_sqlite(element: _EachOf, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_EachOf, "postgresql")
def _each_of_postgresql(element: _EachOf, compiler: Any, **options: Any) -> str:
    listed = compiler.process(element.clauses, **options)
    return f"json_array_elements_text(CAST({listed} AS JSON))"


def each_id(takes: str) -> Any:
    """Return a table of ids, its one column ``id``, out of a bind parameter: :func:`listed`."""
    value = _EachOf(bindparam(takes, type_=Text)).table_valued(column("value", Text))
    return select(cast(value.c.value, BigInteger).label("id")).subquery()


def listed(ids: Iterable[int]) -> str:
    """Return ids as a bind parameter takes them."""
    return json.dumps(list(ids), separators=(",", ":"))


def in_groups(ids: Sequence[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """Yield ids, or what is known by them, in as few groups as a statement can take."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def ends(direction: Direction) -> tuple[Any, Any]:
    """Return the end of a derivation that a direction comes from, and the one it goes to."""
    if direction is Direction.UP:
        return derivation.c.derived_id, derivation.c.predecessor_id
    return derivation.c.predecessor_id, derivation.c.derived_id


def is_order_all_that_is_known(derived_id: Any, as_of: str | None = None) -> ColumnElement[bool]:
    """Return the condition that a step or transfer does not tell what it used.

    A value is asked for and not EXISTS, which PostgreSQL would answer by reading all derivations.

    :param as_of: the name of the bind parameter for the time by which it would have told it.
    """
    told = derivation.alias("told")
    roles: list[Any] = [literal_column(f"'{role}'") for role in _DECLARED]
    one = literal_column("1", Integer)
    declared = select(one).where(told.c.derived_id == derived_id, told.c.role.in_(roles))
    if as_of is not None:
        declared = declared.where(told.c.created_at <= bindparam(as_of, type_=UtcTime))
    return declared.limit(one).scalar_subquery().is_(None)


def is_by_data(as_of: str | None = None) -> ColumnElement[bool]:
    """Return whether a derivation is more than an order, or the order is all that is known."""
    is_order = derivation.c.role == literal_column(f"'{Role.FOLLOWED}'", ByCodePoint)
    return or_(~is_order, is_order_all_that_is_known(derivation.c.derived_id, as_of))


def is_recorded(direction: Direction, as_of: str) -> ColumnElement[bool]:
    """Return whether a derivation and the content that it goes to were recorded by a time.

    The content is asked too: a call that began earlier may name what one that began later wrote.

    :param as_of: the name of the bind parameter.
    """
    _, far = ends(direction)
    time = bindparam(as_of, type_=UtcTime)
    there = version.alias("there")
    is_there = exists().where(there.c.version_id == far, there.c.created_at <= time)
    return (derivation.c.created_at <= time) & is_there


class Ways(NamedTuple):
    """Which derivations a lineage follows, and in which direction.

    :param is_dated: only what was recorded by a time: the bind parameter ``as_of``.
    :param by_data: whether the order of steps counts only where it is all that is known.
    """

    direction: Direction
    is_dated: bool
    by_data: bool

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield what a derivation has to fulfil besides."""
        if self.by_data:
            yield is_by_data("as_of" if self.is_dated else None)
        if self.is_dated:
            yield is_recorded(self.direction, "as_of")
