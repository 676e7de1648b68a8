"""What versions ask of the tables: a record's description then, its history, its state files."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, or_, select, update

from braid_db.store.statements import Statement, inserting
from braid_db.store.tables import state_file, tag, uri, version
from braid_db.store.validity import invalid_flag

_content = version.alias("content")


class HistoryRow(NamedTuple):
    """One version of a record.

    :param content: the number of the version that brought in the content which this one shows.
    """

    number: int
    content: int
    name: str
    author: str | None
    reason: str | None
    sha256: str | None
    size_bytes: int | None
    created_at: datetime
    is_invalid: bool


class StateRow(NamedTuple):
    """One content of a record, and a file that holds it; one row where no file is known."""

    content_id: int
    uri: str | None
    sha256: str | None
    size_bytes: int | None
    framework: str | None


HISTORY = Statement(
    select(
        version.c.number,
        _content.c.number,
        version.c.name,
        version.c.author,
        version.c.reason,
        _content.c.sha256,
        _content.c.size_bytes,
        version.c.created_at,
        invalid_flag(version.c.content_id),
    )
    .join(_content, _content.c.version_id == version.c.content_id)
    .where(version.c.record_id == bindparam("id"))
    .order_by(version.c.number),
    "id",
)

NAME_AT = Statement(
    select(version.c.name).where(
        version.c.record_id == bindparam("id"), version.c.number == bindparam("number")
    ),
    "id",
    "number",
)

TAGS_AT = Statement(
    select(tag.c.key, tag.c.type, tag.c.value, tag.c.num)
    .where(
        tag.c.record_id == bindparam("id"),
        tag.c.since <= bindparam("number"),
        or_(tag.c.until.is_(None), tag.c.until > bindparam("number")),
    )
    .order_by(tag.c.tag_id),
    "id",
    "number",
)

URIS_AT = Statement(
    select(uri.c.uri)
    .where(
        uri.c.record_id == bindparam("id"),
        uri.c.since <= bindparam("number"),
        or_(uri.c.until.is_(None), uri.c.until > bindparam("number")),
    )
    .order_by(uri.c.position, uri.c.uri_id),
    "id",
    "number",
)

END_URIS = Statement(
    update(uri)
    .where(
        uri.c.record_id == bindparam("id"),
        uri.c.position >= bindparam("place"),
        uri.c.until.is_(None),
    )
    .values(until=bindparam("number")),
    "number",
    "id",
    "place",
)
"""Ends the URIs from one place on."""

ADD_STATE = inserting(state_file)

STATES = Statement(
    select(
        version.c.version_id,
        state_file.c.uri,
        state_file.c.sha256,
        state_file.c.size_bytes,
        state_file.c.framework,
    )
    .outerjoin(state_file, state_file.c.version_id == version.c.version_id)
    .where(
        version.c.record_id == bindparam("id"),
        version.c.content_id == version.c.version_id,
    )
    .order_by(version.c.number, state_file.c.position),
    "id",
)
