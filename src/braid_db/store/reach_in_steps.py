"""Reach by one question after another, which on SQLite cost next to nothing.

While a level is wide, each question is for the next level. Where levels are narrow, as in a chain
of a million contents, a recursive query answers many levels at once. Such a query finds a content
anew for each distance at which a way leads to it, so its rows are bounded, and it is left alone for
a while where that is seen to happen.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from itertools import chain, repeat
from operator import itemgetter

from sqlalchemy import (
    BigInteger,
    Integer,
    bindparam,
    column,
    literal_column,
    or_,
    select,
    table,
)

from braid_db.store.edges import IS_FOLLOWED, Ways, each_id, ends, listed
from braid_db.store.statements import Row, Statement
from braid_db.store.transaction import Transaction
from braid_db.views import Direction

NARROW = 8
"""The width of a level up to which many levels are asked for at once."""

FEWEST_ROWS = 1_000
MOST_ROWS = 16_000
"""How many rows such a question is answered by at most; at first few, as levels may be wide."""

_MOST_AT_ONCE = 512
_WITHOUT_END = 2**62
_distance = itemgetter(1)


def reach(
    tx: Transaction, start: int, ways: Ways, depth: int | None, as_of: datetime | None
) -> tuple[array[int], array[int]]:
    """Return the contents that are reached, and their distances."""
    walk = _Walk(tx, start, ways, as_of)
    while walk.front and (depth is None or walk.distance < depth):
        walk.go_on(_WITHOUT_END if depth is None else depth - walk.distance)
    return walk.contents, walk.distances


class _Walk:
    """What was found so far.

    :ivar front: the contents at the greatest distance.
    """

    def __init__(self, tx: Transaction, start: int, ways: Ways, as_of: datetime | None) -> None:
        self._tx, self._ways, self._as_of = tx, ways, as_of
        self.front = [start]
        self.distance = 0
        self._seen = {start}
        self.contents = array("q", self.front)
        self.distances = array("q", (0,))
        self._most_rows = FEWEST_ROWS
        self._pause = self._paused = 0

    def go_on(self, levels: int) -> None:
        """Find what lies beyond the front, so many levels at most."""
        if self._paused:
            self._paused -= 1
        elif levels > 1 and len(self.front) <= NARROW and self._take_levels(levels):
            return
        self._take_a_level()

    def _take_a_level(self) -> None:
        """Find what lies one derivation beyond the front."""
        found: set[int] = set()
        for rows in self._ask_for_a_level():
            found.update(chain.from_iterable(rows))
        found -= self._seen
        self.distance += 1
        self.front = sorted(found)
        self._take(self.front, repeat(self.distance, len(found)))

    def _ask_for_a_level(self) -> list[list[Row]]:
        dated = () if self._as_of is None else (self._as_of,)
        answers = []
        for start in range(0, len(self.front), _MOST_AT_ONCE):
            group = self.front[start : start + _MOST_AT_ONCE]
            size = 1 << (len(group) - 1).bit_length()
            group += repeat(group[0], size - len(group))
            level = _level(self._ways, size, is_start=self.distance == 0)
            answers.append(self._tx.rows(level, *group, *dated))
        return answers

    def _take_levels(self, levels: int) -> bool:
        """Find what lies some derivations beyond the front; False if it is too much at once."""
        statement = _levels(self._ways, is_start=self.distance == 0)
        rows = self._tx.rows(statement, listed(self.front), levels, self._most_rows, self._as_of)
        if len(rows) == self._most_rows:
            # Of the farthest level there may be more.
            levels = rows[-1][1] - 1
            if levels < 1:
                return False
            del rows[bisect_left(rows, levels + 1, key=_distance) :]
        nearest: dict[int, int] = dict(rows)
        if len(nearest) < len(rows):
            nearest = dict(reversed(rows))
        for content in self._seen.intersection(nearest):
            del nearest[content]
        if len(rows) > 2 * len(nearest) + NARROW:
            self._rest()
        else:
            self._most_rows = min(2 * self._most_rows, MOST_ROWS)
        is_end = rows[-1][1] < levels
        self.front = [] if is_end else [one for one, far in nearest.items() if far == levels]
        self._take(nearest, map(self.distance.__add__, nearest.values()))
        self.distance += levels
        return True

    def _take(self, contents: Iterable[int], distances: Iterable[int]) -> None:
        self._seen.update(contents)
        self.contents.extend(contents)
        self.distances.extend(distances)

    def _rest(self) -> None:
        """Go level by level for a while, each time for longer."""
        self._most_rows = FEWEST_ROWS
        self._pause = self._paused = min(2 * self._pause + 8, 4096)


@cache
def _level(ways: Ways, size: int, *, is_start: bool) -> Statement:
    """Return the statement for what lies one derivation on from so many contents."""
    near, far = ends(ways.direction)
    names = [f"content_{number}" for number in range(size)]
    binds = [bindparam(name, type_=BigInteger) for name in names]
    # A row costs Python more than SQLite needs to see that it came before.
    query = select(far).distinct().where(near.in_(binds), *ways.conditions())
    if ways.direction is Direction.DOWN or not is_start:
        query = query.where(IS_FOLLOWED)
    return Statement(query, *names, *(["as_of"] if ways.is_dated else []))


@cache
def _levels(ways: Ways, *, is_start: bool) -> Statement:
    """Return the statement for what lies up to so many derivations on from some contents."""
    near, far = ends(ways.direction)
    starts = each_id("starts")
    begun = select(starts.c.id.label("content"), literal_column("0", Integer).label("distance"))
    reached = table("reached", column("content", BigInteger), column("distance", Integer))
    is_followed = IS_FOLLOWED
    if ways.direction is Direction.UP and is_start:
        is_followed = or_(IS_FOLLOWED, reached.c.distance == literal_column("0", Integer))
    step = select(far, reached.c.distance + literal_column("1", Integer))
    step = step.join(reached, near == reached.c.content).where(
        is_followed,
        reached.c.distance < bindparam("levels", type_=BigInteger),
        *ways.conditions(),
    )
    # The nearest first, which SQLite does not promise by itself: the rows end at some number.
    nearest_first = begun.union(step).order_by(literal_column("2"), literal_column("1"))
    found = nearest_first.cte("reached", recursive=True)
    query = select(found.c.content, found.c.distance).limit(bindparam("most", type_=Integer))
    return Statement(query, "starts", "levels", "most", "as_of")
