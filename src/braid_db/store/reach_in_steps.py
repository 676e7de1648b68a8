"""Reach by one question after another, which on SQLite cost next to nothing.

While a level is wide, each question is for the next level. Where levels are narrow, as in a chain
of a million contents, a recursive query answers many levels at once. Such a query finds a content
anew for each distance at which a way leads to it, so it is bounded, and given up where that is
seen to happen.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection
from datetime import datetime
from functools import cache
from itertools import chain, repeat, takewhile
from operator import itemgetter

from sqlalchemy import BigInteger, Integer, bindparam, literal_column, select

from braid_db.store.edges import IS_FOLLOWED, each_id, ends, is_by_data, is_recorded, listed
from braid_db.store.statements import Row, Statement
from braid_db.store.transaction import Transaction
from braid_db.views import Direction

NARROW = 8
"""The width of a level up to which many levels are asked for at once."""

MOST_LEVELS = 128
MOST_ROWS = 20_000

_MOST_AT_ONCE = 512


def reach(
    tx: Transaction,
    starts: Collection[int],
    direction: Direction,
    depth: int | None,
    as_of: datetime | None,
    *,
    by_data: bool,
) -> tuple[array[int], array[int]]:
    """Return the contents that are reached, and their distances."""
    walk = _Walk(tx, starts, direction, as_of, by_data=by_data)
    if depth != 0:
        walk.take_a_level(is_start=True)
    while walk.front and (depth is None or walk.distance < depth):
        levels = walk.levels_at_once(MOST_LEVELS if depth is None else depth - walk.distance)
        if levels == 1 or not walk.take_levels(levels):
            walk.take_a_level()
    return walk.contents, walk.distances


class _Walk:
    """What was found so far.

    :ivar front: the contents at the greatest distance.
    """

    def __init__(
        self,
        tx: Transaction,
        starts: Collection[int],
        direction: Direction,
        as_of: datetime | None,
        *,
        by_data: bool,
    ) -> None:
        self._tx, self._direction, self._as_of = tx, direction, as_of
        self._by_data = by_data
        self.front = list(starts)
        self.distance = 0
        self._seen = set(self.front)
        self.contents = array("q", self.front)
        self.distances = array("q", repeat(0, len(self.front)))
        self._levels = 1
        self._pause = self._paused = 0

    def levels_at_once(self, most: int) -> int:
        """Return how many levels to ask for next."""
        if len(self.front) > NARROW:
            return 1
        if self._paused:
            self._paused -= 1
            return 1
        self._levels = min(2 * self._levels, MOST_LEVELS)
        return min(self._levels, most)

    def take_a_level(self, *, is_start: bool = False) -> None:
        """Find what lies one derivation beyond the front."""
        found: set[int] = set()
        for rows in self._ask_for_a_level(is_start=is_start):
            found.update(chain.from_iterable(rows))
        found -= self._seen
        self._seen |= found
        self.distance += 1
        self.front = list(found)
        self.contents.extend(self.front)
        self.distances.extend(repeat(self.distance, len(self.front)))

    def _ask_for_a_level(self, *, is_start: bool) -> list[list[Row]]:
        dated = () if self._as_of is None else (self._as_of,)
        answers = []
        for start in range(0, len(self.front), _MOST_AT_ONCE):
            group = self.front[start : start + _MOST_AT_ONCE]
            size = 1 << (len(group) - 1).bit_length()
            group += repeat(group[0], size - len(group))
            level = _level(
                self._direction,
                size,
                is_start=is_start,
                is_dated=bool(dated),
                by_data=self._by_data,
            )
            answers.append(self._tx.rows(level, *group, *dated))
        return answers

    def take_levels(self, levels: int) -> bool:
        """Find what lies up to so many derivations beyond the front; False if it is too much."""
        is_dated = self._as_of is not None
        statement = _levels(self._direction, is_dated=is_dated, by_data=self._by_data)
        rows = self._tx.rows(statement, listed(self.front), levels, self._as_of)
        if len(rows) >= MOST_ROWS:
            self._rest()
            return False
        rows.sort(key=itemgetter(1), reverse=True)
        nearest: dict[int, int] = dict(rows)
        for content in self._seen.intersection(nearest):
            del nearest[content]
        if len(rows) > 2 * len(nearest) + NARROW:
            self._rest()
        farthest = takewhile(lambda row: row[1] == levels, rows)
        self.front = [content for content, _ in farthest if nearest.get(content) == levels]
        self._seen.update(nearest)
        self.contents.extend(nearest)
        self.distances.extend(map(self.distance.__add__, nearest.values()))
        self.distance += levels
        return True

    def _rest(self) -> None:
        """Go level by level for a while, each time for longer."""
        self._levels = 1
        self._pause = self._paused = min(2 * self._pause + 8, 4096)


@cache
def _level(
    direction: Direction, size: int, *, is_start: bool, is_dated: bool, by_data: bool
) -> Statement:
    """Return the statement for what lies one derivation on from so many contents."""
    near, far = ends(direction)
    names = [f"content_{number}" for number in range(size)]
    binds = [bindparam(name, type_=BigInteger) for name in names]
    # A row costs Python more than SQLite needs to see that it came before.
    query = select(far).distinct().where(near.in_(binds))
    if direction is Direction.DOWN or not is_start:
        query = query.where(IS_FOLLOWED)
    if by_data:
        query = query.where(is_by_data("as_of" if is_dated else None))
    if is_dated:
        query = query.where(is_recorded(direction, "as_of"))
    return Statement(query, *names, *(["as_of"] if is_dated else []))


@cache
def _levels(direction: Direction, *, is_dated: bool, by_data: bool) -> Statement:
    """Return the statement for what lies up to so many derivations on from some contents."""
    near, far = ends(direction)
    starts = each_id("starts")
    begun = select(starts.c.id.label("content"), literal_column("0", Integer).label("distance"))
    reached = begun.cte("reached", recursive=True)
    step = select(far, reached.c.distance + literal_column("1", Integer))
    step = step.join(reached, near == reached.c.content).where(
        IS_FOLLOWED, reached.c.distance < bindparam("levels", type_=Integer)
    )
    if by_data:
        step = step.where(is_by_data("as_of" if is_dated else None))
    if is_dated:
        step = step.where(is_recorded(direction, "as_of"))
    found = reached.union(step)
    query = select(found.c.content, found.c.distance).limit(literal_column(str(MOST_ROWS)))
    return Statement(query, "starts", "levels", "as_of")
