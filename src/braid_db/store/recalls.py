"""What recalls ask of the tables: how far they reach, what they owe, and which of them stand.

A recall follows data first, then revisions, then the order of steps: a content that is reached in
several ways has the best of them. Ways are counted here by their rank in ``Way``, 0 the best; a
way through several derivations is as good as the worst of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Integer,
    Select,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql.elements import ColumnElement

from braid_db.model import Role, Way
from braid_db.store.edges import is_order_all_that_is_known
from braid_db.store.statements import Insert, Insertion, Statement, inserting
from braid_db.store.tables import action_run, derivation, invalidation, recall
from braid_db.store.types import Flag, UtcTime

RANKS = {way: rank for rank, way in enumerate(Way)}
_UNREACHED = len(RANKS)

BY_DATA = (Role.USED, Role.GENERATED, Role.DERIVED, Role.INFORMED)

ADD_RECALL = inserting(recall)
ADD_INVALIDATION = inserting(invalidation)
ADD_ACTION_RUN = Insertion(action_run, leave=True)


def rank_of(role: Role) -> int:
    """Return the rank of the way that a derivation is; ``transferred`` is never followed."""
    ways = {Role.REVISION: Way.REVISION, Role.FOLLOWED: Way.ORDER}
    return RANKS[ways.get(role, Way.DATA)]


def _constant(number: int) -> ColumnElement[int]:
    return literal_column(str(number), Integer)


def _texts(values: Any) -> list[Any]:
    """Return texts to be written into the SQL, so that a statement takes no value of its own."""
    return [literal_column(f"'{value}'") for value in values]


_RANK_OF_ROLE = case(
    (derivation.c.role.in_(_texts(BY_DATA)), _constant(RANKS[Way.DATA])),
    (derivation.c.role == literal_column(f"'{Role.REVISION}'"), _constant(RANKS[Way.REVISION])),
    else_=_constant(RANKS[Way.ORDER]),
)


def _rank_of_way(way: Any) -> ColumnElement[int]:
    ranks = [(way == text, _constant(RANKS[known])) for known, text in _WAYS]
    return case(*ranks[:-1], else_=ranks[-1][1])


_WAYS = list(zip(Way, _texts(Way), strict=True))


def _way_of_rank(rank: Any) -> ColumnElement[str]:
    ways = [(rank == _constant(RANKS[way]), text) for way, text in _WAYS]
    return case(*ways[:-1], else_=ways[-1][1])


def _worse(one: Any, other: Any) -> ColumnElement[int]:
    """Return the greater of two ranks, as a function of it has another name on each database."""
    return case((one > other, one), else_=other)


def is_followed(follow_order: Any) -> ColumnElement[bool]:
    """Return the condition that a recall follows a derivation.

    All roles that may be followed are named first, though that says nothing new: PostgreSQL else
    thinks that it will find many, as long as it has no statistics of a table, and reads all
    derivations for each level.
    """
    is_order = derivation.c.role == literal_column(f"'{Role.FOLLOWED}'")
    in_order = or_(follow_order, is_order_all_that_is_known(derivation.c.derived_id))
    by_data = (*BY_DATA, Role.REVISION)
    followed = or_(derivation.c.role.in_(_texts(by_data)), is_order & in_order)
    return derivation.c.role.in_(_texts((*by_data, Role.FOLLOWED))) & followed


def _reach() -> CTE:
    """Return the recursive query for all that the recall of ``root`` reaches, each way of it."""
    root = bindparam("root", type_=BigInteger)
    reach = select(root.label("content"), _constant(0).label("rank")).cte("reach", recursive=True)
    return reach.union(
        select(derivation.c.derived_id, _worse(reach.c.rank, _RANK_OF_ROLE))
        .join(reach, derivation.c.predecessor_id == reach.c.content)
        .where(is_followed(bindparam("follow", type_=Flag)))
    )


def below(content_ids: Sequence[int], *, follow_order: bool) -> Select[Any]:
    """Return the query for what recalls of contents would reach besides these themselves."""
    follow = literal(follow_order, Flag)
    onward = select(derivation.c.derived_id.label("content")).where(is_followed(follow))
    start = onward.where(derivation.c.predecessor_id.in_(content_ids)).cte("below", recursive=True)
    further = onward.join(start, derivation.c.predecessor_id == start.c.content)
    return select(start.union(further).c.content)


def _reached() -> Select[Any]:
    """Return the query for all that the recall of ``root`` reaches, each with its best way."""
    reach = _reach()
    best = func.min(reach.c.rank)
    return select(reach.c.content, best.label("rank")).group_by(reach.c.content)


REACH = Statement(_reached(), "root", "follow")
"""What the recall of a content would reach: contents with the ranks of their ways."""


def _cascade(insert: Insert) -> Any:
    reached = _reached().subquery("reached")
    rows = select(
        bindparam("of_recall", type_=BigInteger),
        reached.c.content,
        _way_of_rank(reached.c.rank),
        bindparam("at", type_=UtcTime),
    )
    return insert(invalidation).from_select(list(invalidation.c), rows, include_defaults=False)


CASCADE = Statement(_cascade, "of_recall", "root", "follow", "at")


def _spreading() -> CTE:
    """Return the recursive query for what recalls come to reach by one new derivation.

    It goes on only where a content was not reached yet, or in a worse way.
    """
    derived, rank = bindparam("derived", type_=BigInteger), bindparam("rank", type_=Integer)
    reached = _worse(_rank_of_way(invalidation.c.way), rank)
    is_order = rank == _constant(RANKS[Way.ORDER])
    follows = or_(~is_order, recall.c.follow_order, is_order_all_that_is_known(derived))
    spread = (
        select(
            invalidation.c.recall_id,
            recall.c.follow_order,
            derived.label("content"),
            reached.label("rank"),
        )
        .join(recall, recall.c.recall_id == invalidation.c.recall_id)
        .where(
            invalidation.c.version_id == bindparam("predecessor", type_=BigInteger),
            recall.c.reinstated_at.is_(None),
            recall.c.cascades,
            follows,
            _known_rank(invalidation.c.recall_id, derived) > reached,
        )
        .cte("spread", recursive=True)
    )
    onward = _worse(spread.c.rank, _RANK_OF_ROLE)
    return spread.union(
        select(spread.c.recall_id, spread.c.follow_order, derivation.c.derived_id, onward)
        .join(derivation, derivation.c.predecessor_id == spread.c.content)
        .where(
            is_followed(spread.c.follow_order),
            _known_rank(spread.c.recall_id, derivation.c.derived_id) > onward,
        )
    )


def _known_rank(recall_id: Any, content: Any) -> ColumnElement[int]:
    """Return by which way a recall reaches a content already, and if none a rank beyond all."""
    known = invalidation.alias("known")
    rank = select(_rank_of_way(known.c.way)).where(
        known.c.recall_id == recall_id, known.c.version_id == content
    )
    return func.coalesce(rank.scalar_subquery(), _constant(_UNREACHED))


def _spread(insert: Insert) -> Any:
    spread = _spreading()
    rows = select(
        spread.c.recall_id,
        spread.c.content,
        _way_of_rank(func.min(spread.c.rank)),
        bindparam("at", type_=UtcTime),
    ).group_by(spread.c.recall_id, spread.c.content)
    new = insert(invalidation).from_select(list(invalidation.c), rows, include_defaults=False)
    is_better = _rank_of_way(new.excluded.way) < _rank_of_way(invalidation.c.way)
    key = [invalidation.c.recall_id, invalidation.c.version_id]
    better = new.on_conflict_do_update(
        index_elements=key, set_={"way": new.excluded.way}, where=is_better
    )
    return better.returning(*key)


SPREAD = Statement(_spread, "derived", "predecessor", "rank", "at")
