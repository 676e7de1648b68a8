"""When a content is invalid: while a recall that was not taken back reaches it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, exists, or_, type_coerce
from sqlalchemy.sql.elements import ColumnElement

from braid_db.store.tables import invalidation, recall

STANDS = recall.c.reinstated_at.is_(None)


def is_invalid(content_id: Any, as_of: Any = None) -> ColumnElement[bool]:
    """Return the condition that a standing recall reaches a content, by the column of its id.

    :param as_of: that one did at a time: what was recalled, reached or taken back later does not
        count.
    """
    conditions = [
        invalidation.c.version_id == content_id,
        recall.c.recall_id == invalidation.c.recall_id,
    ]
    if as_of is None:
        conditions.append(STANDS)
    else:
        conditions.append(invalidation.c.created_at <= as_of)
        conditions.append(or_(STANDS, recall.c.reinstated_at > as_of))
    return exists().where(*conditions)


def invalid_flag(content_id: Any, as_of: Any = None) -> ColumnElement[int]:
    """Return the same as a column: true or false as the driver gives it, which costs no reading."""
    return type_coerce(is_invalid(content_id, as_of), Integer)
