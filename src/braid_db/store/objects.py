"""What the Python objects ask of the tables: one step of lineage, one tag, one action."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Double, Integer, bindparam, func, or_, select

from braid_db.store.statements import Statement
from braid_db.store.tables import derivation, invalidation_action, record, tag, uri, version
from braid_db.views import Direction

_near = version.alias("near")
_far = version.alias("far")


def _one_step(near_end: Any, far_end: Any) -> Statement:
    """Return the statement for the records one derivation away from all contents of a record.

    Each once, by its newest content that is meant, in the order in which they were linked. The
    record itself is left out: that its states follow each other is told by its versions.
    """
    steps = (
        select(func.max(_far.c.version_id))
        .select_from(_near)
        .join(derivation, near_end == _near.c.version_id)
        .join(_far, far_end == _far.c.version_id)
        .where(_near.c.record_id == bindparam("id"), _far.c.record_id != _near.c.record_id)
        .group_by(_far.c.record_id)
        .order_by(func.min(derivation.c.created_at), _far.c.record_id)
    )
    return Statement(steps, "id")


ONE_STEP = {
    Direction.UP: _one_step(derivation.c.derived_id, derivation.c.predecessor_id),
    Direction.DOWN: _one_step(derivation.c.predecessor_id, derivation.c.derived_id),
}
"""The contents of the records one step away, by direction."""

LATEST_TAG = Statement(
    select(func.max(tag.c.tag_id)).where(
        tag.c.record_id == bindparam("id"), tag.c.key == bindparam("k")
    ),
    "id",
    "k",
)

RECORDS_WITH_TAG = Statement(
    select(record.c.current_version_id, tag.c.type, tag.c.value)
    .join(record, record.c.record_id == tag.c.record_id)
    .where(
        tag.c.key == bindparam("k"),
        tag.c.until.is_(None),
        or_(
            (tag.c.type == bindparam("kind", type_=Integer)) & (tag.c.value == bindparam("text")),
            tag.c.num == bindparam("double", type_=Double),
        ),
    )
    .order_by(tag.c.record_id, tag.c.tag_id),
    "k",
    "kind",
    "text",
    "double",
)
"""The current versions that may have a tag's value, with what they have."""

GET_ACTION = Statement(
    select(
        invalidation_action.c.invalidation_action_id,
        invalidation_action.c.name,
        invalidation_action.c.type,
        invalidation_action.c.command,
        invalidation_action.c.params,
    ).where(invalidation_action.c.invalidation_action_id == bindparam("id")),
    "id",
)

COUNTS = tuple(
    Statement(select(func.count()).select_from(table)) for table in (record, derivation, uri, tag)
)
"""How many rows upstream's four tables have."""
