"""Reach by one recursive query, which PostgreSQL works out a level at a time.

A query that carries distances in its rows finds a content anew for each distance at which a way
leads to it, and so on from there: its work grows with the ways and not with the contents. Here
the distance of a row is an interval of so many months less as many times thirty days. PostgreSQL
counts a month as thirty days when it compares intervals, so all of these are equal, and ``UNION``
discards a content that an earlier level has found, whatever its distance.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
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

from braid_db.store.edges import IS_FOLLOWED, each_id, ends, is_by_data, is_recorded, listed
from braid_db.store.statements import Statement
from braid_db.store.transaction import Transaction
from braid_db.views import Direction

_NONE = literal_column("interval '0'", Interval)
_ONE = literal_column("interval '1 month -30 days'", Interval)
_TAKES = ("starts", "depth", "as_of")


def reach(
    tx: Transaction,
    starts: Collection[int],
    direction: Direction,
    depth: int | None,
    as_of: datetime | None,
    *,
    by_data: bool,
) -> tuple[array[int], array[int]]:
    """Return the contents that are reached, and their distances.

    They come packed, 12 bytes a content, and not as rows, each of which costs the driver more
    than the database needed to find it.
    """
    is_bounded, is_dated = depth is not None, as_of is not None
    statement = _statement(direction, is_bounded=is_bounded, is_dated=is_dated, by_data=by_data)
    [(contents, distances)] = tx.rows(statement, listed(starts), depth, as_of)
    return _unpacked("q", contents), _unpacked("i", distances)


def _unpacked(size: str, packed: bytes | None) -> array[int]:
    numbers = array(size, packed or b"")
    numbers.byteswap()
    return numbers


@cache
def _statement(
    direction: Direction, *, is_bounded: bool, is_dated: bool, by_data: bool
) -> Statement:
    starts = each_id("starts")
    reached = select(starts.c.id.label("content"), _NONE.label("distance"))
    reached_so_far = reached.cte("reached", recursive=True)
    content = reached_so_far.c.content
    next_to = _next_to(content, direction, is_dated=is_dated, by_data=by_data)
    step = select(next_to.c.content, reached_so_far.c.distance + _ONE).select_from(reached_so_far)
    step = step.join(next_to, true())
    if is_bounded:
        step = step.where(_number(reached_so_far.c.distance) < bindparam("depth", type_=Integer))
    found = reached_so_far.union(step)
    packed = (
        func.string_agg(func.int8send(found.c.content), literal_column("''::bytea")),
        func.string_agg(func.int4send(_number(found.c.distance)), literal_column("''::bytea")),
    )
    return Statement(select(*packed), *_TAKES)


def _next_to(content: Any, direction: Direction, *, is_dated: bool, by_data: bool) -> Any:
    """Return what lies one derivation on from a content, as a table beside it.

    With ``OFFSET 0`` it is looked up for each content: a small table would else be read whole
    for each level.
    """
    near, far = ends(direction)
    is_followed: Any = IS_FOLLOWED
    if direction is Direction.UP:
        is_followed = or_(is_followed, near.in_(select(each_id("starts").c.id)))
    query = select(far.label("content")).where(near == content, is_followed)
    if by_data:
        query = query.where(is_by_data("as_of" if is_dated else None))
    if is_dated:
        query = query.where(is_recorded(direction, "as_of"))
    return query.offset(literal_column("0")).lateral("next_to")


def _number(distance: Any) -> Any:
    """Return the distance that an interval stands for."""
    days = func.date_part(literal_column("'day'"), distance)
    return cast(days.op("/")(literal_column("-30")), Integer)
