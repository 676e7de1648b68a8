"""When a content is invalid: while a recall that was not taken back reaches it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, exists, type_coerce
from sqlalchemy.sql.elements import ColumnElement

from braid_db.store.tables import invalidation, recall

STANDS = recall.c.reinstated_at.is_(None)


def is_invalid(content_id: Any) -> ColumnElement[bool]:
    """Return the condition that a standing recall reaches a content, by the column of its id."""
    return exists().where(
        invalidation.c.version_id == content_id,
        recall.c.recall_id == invalidation.c.recall_id,
        STANDS,
    )


def invalid_flag(content_id: Any) -> ColumnElement[int]:
    """Return the same as a column: true or false as the driver gives it, which costs no reading."""
    return type_coerce(is_invalid(content_id), Integer)
