"""What lineage asks of the tables: all that a content came from, or all that came from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import CTE, BigInteger, bindparam, func, literal_column, or_, select, union

from braid_db.model import Role
from braid_db.store.reading import in_parts
from braid_db.store.statements import Statement
from braid_db.store.tables import derivation, version
from braid_db.store.transaction import Transaction
from braid_db.views import Direction

# Within a bounded query a content counts once for every distance it is found at, so its work
# grows with the bound; without a bound each content counts once, whatever the ways to it.
_DEEPEST_BOUND = 32

_WAYS = (Direction.UP, Direction.DOWN)


class EdgeRow(NamedTuple):
    """One derivation, its ends named by their contents."""

    derived_id: int
    predecessor_id: int
    role: str


CONTENT_OF_VERSION = Statement(
    select(version.c.content_id).where(version.c.version_id == bindparam("id")), "id"
)


def edges_around(
    tx: Transaction, content_id: int, direction: Direction, depth: int | None
) -> list[EdgeRow]:
    """Return the derivations among a content and its ancestors, descendants or both.

    ``transferred`` is followed only from the transfer task that is asked about up to its sources:
    through a task, a file would seem to come from all files that were transferred along with it.

    :param depth: how many derivations to go at least; more may be answered.
    """
    if depth is None or depth > _DEEPEST_BOUND:
        rows = tx.rows(_EDGES[direction], content_id)
    else:
        rows = tx.rows(_EDGES_WITHIN[direction], content_id, depth)
    return [EdgeRow(*row) for row in rows]


def has_more_than(tx: Transaction, direction: Direction, known: Mapping[int, int]) -> bool:
    """Return whether one of some contents has more derivations in a direction than are known.

    :param known: content id -> how many of its derivations are known.
    """
    near, _ = _ends(direction)
    counted = (
        select(near, func.count()).where(derivation.c.role != Role.TRANSFERRED.value).group_by(near)
    )
    counts = in_parts(tx, counted, near, list(known))
    return any(count > known[content_id] for content_id, count in counts)


def _ends(direction: Direction) -> tuple[Any, Any]:
    """Return the end of a derivation that a direction comes from, and the one it goes to."""
    if direction is Direction.UP:
        return derivation.c.derived_id, derivation.c.predecessor_id
    return derivation.c.predecessor_id, derivation.c.derived_id


def _reach(direction: Direction, *, is_bounded: bool) -> CTE:
    """Return the recursive query for all contents in a direction, the start among them."""
    start = bindparam("start", type_=BigInteger)
    near, far = _ends(direction)
    columns: list[Any] = [start.label("content")]
    columns += [literal_column("0").label("distance")] if is_bounded else []
    reach = select(*columns).cte(f"reach_{direction}", recursive=True)
    is_followed = derivation.c.role != Role.TRANSFERRED.value
    if direction is Direction.UP:
        is_followed = or_(is_followed, near == start)
    step = select(far, *([reach.c.distance + 1] if is_bounded else []))
    step = step.join(reach, near == reach.c.content).where(is_followed)
    if is_bounded:
        step = step.where(reach.c.distance < bindparam("depth"))
    return reach.union(step)


def _edges(direction: Direction, *, is_bounded: bool) -> Statement:
    """Return the statement for the derivations whose two ends lie in a direction."""
    ways = _WAYS if direction is Direction.BOTH else (direction,)
    reached = [select(_reach(way, is_bounded=is_bounded).c.content) for way in ways]
    contents = (union(*reached) if len(reached) > 1 else reached[0].distinct()).cte("contents")
    near, far = _ends(ways[0])
    # Nothing is added to the far end so that SQLite only looks it up among the contents: it would
    # else use an index over both ends, and try every content with every other.
    far_end = far + literal_column("0")
    edges = (
        select(derivation.c.derived_id, derivation.c.predecessor_id, derivation.c.role)
        .join(contents, near == contents.c.content)
        .where(far_end.in_(select(contents.c.content)))
    )
    return Statement(edges, "start", *(["depth"] if is_bounded else []))


_EDGES = {way: _edges(way, is_bounded=False) for way in Direction}
_EDGES_WITHIN = {way: _edges(way, is_bounded=True) for way in Direction}
