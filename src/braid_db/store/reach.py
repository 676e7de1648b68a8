"""How far derivations lead: every content that is reached, with the shortest distance to it."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from itertools import islice, repeat
from operator import add, floordiv, le, mod, mul
from typing import NamedTuple

from braid_db.store import reach_at_once, reach_in_steps
from braid_db.store.edges import Ways
from braid_db.store.transaction import Transaction
from braid_db.views import Direction

_BY_DATABASE = {"sqlite": reach_in_steps.reach, "postgresql": reach_at_once.reach}

_WIDE = 8
"""How wide levels are, on average, from which on it is faster to sort one after the other."""


class Reach(NamedTuple):
    """Contents that are reached, each once, and how far each is from the start.

    The start is among them, at distance 0. In no particular order until they are sorted.
    """

    contents: array[int]
    distances: array[int]

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield each content with its distance."""
        return zip(self.contents, self.distances, strict=True)

    def nearest_first(self) -> Reach:
        """Return the same by distance, and within a distance in the order of recording."""
        levels = self.distances[-1] + 1
        if levels <= len(self.contents) // _WIDE and self._is_by_distance():
            return self._sorted_within_levels()
        # One number for each, as numbers are sorted in half the time and space of pairs.
        beyond = max(self.contents) + 1
        keys = list(map(add, map(mul, self.distances, repeat(beyond)), self.contents))
        in_order = sorted(keys)
        if in_order == keys:
            return self
        contents = array("q", map(mod, in_order, repeat(beyond)))
        return Reach(contents, array("q", map(floordiv, in_order, repeat(beyond))))

    def _is_by_distance(self) -> bool:
        return all(map(le, self.distances, islice(self.distances, 1, None)))

    def _sorted_within_levels(self) -> Reach:
        """Return the same sorted, where it is by distance already, as both databases find it."""
        contents = array("q")
        end = len(self.distances)
        while (start := len(contents)) < end:
            beyond = bisect_right(self.distances, self.distances[start], start)
            contents.extend(sorted(self.contents[start:beyond]))
        return Reach(contents, self.distances)


def reach(
    tx: Transaction,
    start: int,
    direction: Direction,
    *,
    depth: int | None = None,
    as_of: datetime | None = None,
    by_data: bool = False,
) -> Reach:
    """Return all that a content came from, or all that came from it.

    ``transferred`` is followed only where the start is a transfer task, up to its sources: through
    a task, a file would seem to come from all files that were transferred along with it.

    :param direction: ``UP`` or ``DOWN``.
    :param depth: how many derivations to go at most; without end when omitted.
    :param as_of: only derivations and contents that were recorded by then.
    :param by_data: whether the order of steps counts only where it is all that is known, as for a
        recall.
    """
    ways = Ways(direction, is_dated=as_of is not None, by_data=by_data)
    return Reach(*_BY_DATABASE[tx.dialect_name](tx, start, ways, depth, as_of))
