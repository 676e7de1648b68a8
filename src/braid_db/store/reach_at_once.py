"""Reach by one recursive query, which PostgreSQL works out a level at a time.

A query that carries distances in its rows finds a content anew for each distance at which a way
leads to it, and so on from there: its work grows with the ways and not with the contents. Here
the distance of a row is an interval of so many months less as many times thirty days. PostgreSQL
counts a month as thirty days when it compares intervals, so all of these are equal, and ``UNION``
discards a content that an earlier level has found, whatever its distance.
"""

from __future__ import annotations

from array import array
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Interval,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
)

from braid_db.store.edges import IS_FOLLOWED, Ways, ends
from braid_db.store.statements import Statement
from braid_db.store.transaction import Transaction
from braid_db.views import Direction

_NONE = literal_column("interval '0'", Interval)
_ONE = literal_column("interval '1 month -30 days'", Interval)
_START = cast(bindparam("start", type_=BigInteger), BigInteger)
_TAKES = ("start", "depth", "as_of")


def reach(
    tx: Transaction, start: int, ways: Ways, depth: int | None, as_of: datetime | None
) -> tuple[array[int], array[int]]:
    """Return the contents that are reached, and their distances.

    They come packed, 24 bytes a content, and not as rows, each of which costs the driver more
    than the database needed to find it. Of an interval's bytes, as PostgreSQL sends it, the months
    are the last four.
    """
    statement = _statement(ways, is_bounded=depth is not None)
    [(contents, distances)] = tx.rows(statement, start, depth, as_of)
    return _unpacked("q", contents), _unpacked("i", distances)[3::4]


def _unpacked(size: str, packed: bytes | None) -> array[int]:
    numbers = array(size, packed or b"")
    numbers.byteswap()
    return numbers


@cache
def _statement(ways: Ways, *, is_bounded: bool) -> Statement:
    reached = select(_START.label("content"), _NONE.label("distance"))
    reached_so_far = reached.cte("reached", recursive=True)
    next_to = _next_to(reached_so_far.c.content, ways)
    step = select(next_to.c.content, reached_so_far.c.distance + _ONE).select_from(reached_so_far)
    step = step.join(next_to, true())
    if is_bounded:
        step = step.where(_number(reached_so_far.c.distance) < bindparam("depth", type_=Integer))
    found = reached_so_far.union(step)
    packed = (
        func.string_agg(func.int8send(found.c.content), literal_column("''::bytea")),
        func.string_agg(func.interval_send(found.c.distance), literal_column("''::bytea")),
    )
    return Statement(select(*packed), *_TAKES)


def _next_to(content: Any, ways: Ways) -> Any:
    """Return what lies one derivation on from a content, as a table beside it.

    With ``OFFSET 0`` it is looked up for each content: a small table would else be read whole
    for each level.
    """
    near, far = ends(ways.direction)
    is_followed: Any = IS_FOLLOWED
    if ways.direction is Direction.UP:
        is_followed = or_(is_followed, near == _START)
    query = select(far.label("content")).where(near == content, is_followed, *ways.conditions())
    return query.offset(literal_column("0")).lateral("next_to")


def _number(distance: Any) -> Any:
    """Return the distance that an interval stands for."""
    days = func.date_part(literal_column("'day'"), distance)
    return cast(days.op("/")(literal_column("-30")), Integer)
