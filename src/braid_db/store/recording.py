"""The statements of the recording path: what it asks of the tables, and what it writes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, exists, func, literal_column, or_, select, update

from braid_db.model import Kind, Role
from braid_db.store.statements import Insert, Insertion, Statement, inserting
from braid_db.store.tables import (
    DETAILS,
    INDEXED_CHARACTERS,
    derivation,
    identity,
    indexed,
    invalidation_action,
    late_detail,
    receipt,
    record,
    record_action,
    run,
    tag,
    uri,
    version,
)
from braid_db.store.types import UtcTime
from braid_db.store.validity import invalid_flag

__all__ = ["INDEXED_CHARACTERS", "Statement"]

_content = version.alias("content")
_below = derivation.alias("below")

ADD_RECORD = inserting(record)
ADD_VERSION = inserting(version)
ADD_TAG = inserting(tag)
ADD_URI = inserting(uri)
ADD_ACTION = inserting(invalidation_action)


ADD_DERIVATION = Insertion(derivation, leave=True)
LINK_ACTION = Insertion(record_action, leave=True)


def _claim(table: Any, answer: Any) -> Statement:
    """Return the statement that inserts a row and answers it; another's row answers nothing."""
    names = tuple(column.name for column in table.c)
    return Statement(
        lambda insert: insert(table).on_conflict_do_nothing().returning(answer), *names
    )


CLAIM_RECEIPT = _claim(receipt, receipt.c.key)
CLAIM_IDENTITY = _claim(identity, identity.c.record_id)


def _add_run(insert: Insert) -> Any:
    """Make a run known; what was not known of it before is filled in."""
    new = insert(run)
    says_more = or_(
        run.c.flow_id.is_(None) & new.excluded.flow_id.is_not(None),
        run.c.started_by.is_(None) & new.excluded.started_by.is_not(None),
    )
    return new.on_conflict_do_update(
        index_elements=[run.c.run_id],
        set_={
            "flow_id": func.coalesce(run.c.flow_id, new.excluded.flow_id),
            "started_by": func.coalesce(run.c.started_by, new.excluded.started_by),
        },
        where=says_more,
    )


ADD_RUN = Statement(_add_run, *(column.name for column in run.c))

FIND_RECEIPT = Statement(
    select(receipt.c.arguments_sha256, receipt.c.result).where(
        receipt.c.function == bindparam("function"), receipt.c.key == bindparam("key")
    ),
    "function",
    "key",
)

KEEP_RESULT = Statement(
    update(receipt)
    .where(receipt.c.function == bindparam("f"), receipt.c.key == bindparam("k"))
    .values(result=bindparam("answer")),
    "answer",
    "f",
    "k",
)

FIND_IDENTITY = Statement(
    select(identity.c.record_id).where(identity.c.digest == bindparam("digest")), "digest"
)

_beginning = indexed(identity.c.canonical)

FIND_UNDER = Statement(
    select(identity.c.record_id)
    .where(
        _beginning >= bindparam("low"),
        _beginning < bindparam("high"),
        func.substr(identity.c.canonical, 1, bindparam("length")) == bindparam("prefix"),
    )
    .distinct()
    .order_by(identity.c.record_id),
    "low",
    "high",
    "length",
    "prefix",
)

GET_CURRENT = Statement(
    select(
        record.c.record_id,
        record.c.kind,
        version.c.number,
        version.c.content_id,
        version.c.name,
        _content.c.sha256,
        _content.c.size_bytes,
        invalid_flag(version.c.content_id),
    )
    .join(version, version.c.version_id == record.c.current_version_id)
    .join(_content, _content.c.version_id == version.c.content_id)
    .where(record.c.record_id == bindparam("id")),
    "id",
)

GET_VERSION = Statement(
    select(version.c.content_id, invalid_flag(version.c.content_id)).where(
        version.c.record_id == bindparam("id"), version.c.number == bindparam("number")
    ),
    "id",
    "number",
)

_is_generated = exists().where(
    derivation.c.derived_id == version.c.version_id, derivation.c.role == Role.GENERATED.value
)
_has_descendants = exists().where(_below.c.predecessor_id == version.c.version_id)
_newest_with_sha256 = (
    select(version.c.version_id, version.c.number, invalid_flag(version.c.version_id))
    .where(version.c.record_id == bindparam("id"), version.c.sha256 == bindparam("sha256"))
    .order_by(version.c.number.desc())
    .limit(literal_column("1"))
)

FIND_BY_SHA256 = Statement(_newest_with_sha256, "id", "sha256")
FIND_UNWRITTEN_BY_SHA256 = Statement(_newest_with_sha256.where(~_is_generated), "id", "sha256")

IS_GENERATED_OR_USED = Statement(
    select(_is_generated, _has_descendants).where(version.c.version_id == bindparam("content")),
    "content",
)

_used = derivation.alias("used")
_reader = version.alias("reader")

READERS_OF_UNWRITTEN = Statement(
    select(
        version.c.version_id,
        version.c.number,
        invalid_flag(version.c.version_id),
        version.c.sha256,
        _reader.c.record_id,
        _reader.c.started_at,
    )
    .join(_used, _used.c.predecessor_id == version.c.version_id)
    .join(_reader, _reader.c.version_id == _used.c.derived_id)
    .where(
        version.c.record_id == bindparam("id"),
        or_(_used.c.role == Role.USED.value, _used.c.role == Role.TRANSFERRED.value),
        ~_is_generated,
    )
    .order_by(version.c.number.desc()),
    "id",
)


_one_content = select(version.c.version_id, version.c.number, invalid_flag(version.c.version_id))
_activity = version.alias("activity")

MADE_BY = Statement(
    _one_content.join(derivation, derivation.c.derived_id == version.c.version_id)
    .join(_activity, _activity.c.version_id == derivation.c.predecessor_id)
    .where(
        version.c.record_id == bindparam("id"),
        _activity.c.record_id == bindparam("maker"),
        derivation.c.role == Role.GENERATED.value,
    )
    .order_by(version.c.version_id.desc()),
    "id",
    "maker",
)
READ_BY = Statement(
    _one_content.add_columns(derivation.c.role)
    .join(derivation, derivation.c.predecessor_id == version.c.version_id)
    .join(_activity, _activity.c.version_id == derivation.c.derived_id)
    .where(
        version.c.record_id == bindparam("id"),
        _activity.c.record_id == bindparam("reader"),
        or_(derivation.c.role == Role.USED.value, derivation.c.role == Role.TRANSFERRED.value),
    )
    .order_by(version.c.version_id.desc()),
    "id",
    "reader",
)
MOVED_BY = Statement(
    select(version.c.version_id, version.c.number, version.c.record_id)
    .join(derivation, derivation.c.derived_id == version.c.version_id)
    .join(_used, _used.c.derived_id == version.c.version_id)
    .join(_activity, _activity.c.version_id == _used.c.predecessor_id)
    .where(
        derivation.c.predecessor_id == bindparam("content"),
        derivation.c.role == Role.DERIVED.value,
        _used.c.role == Role.GENERATED.value,
        _activity.c.record_id == bindparam("task"),
    )
    .order_by(version.c.version_id),
    "content",
    "task",
)
CONTENT_BEFORE = Statement(
    _one_content.where(
        version.c.record_id == bindparam("id"),
        version.c.content_id == version.c.version_id,
        version.c.number < bindparam("number"),
    )
    .order_by(version.c.number.desc())
    .limit(literal_column("1")),
    "id",
    "number",
)


def _linked(this_end: Any, other_end: Any) -> Select[Any]:
    """Return the query for the contents of one record at the other end of a derivation."""
    return (
        select(version.c.version_id, version.c.number, invalid_flag(version.c.version_id))
        .join(derivation, other_end == version.c.version_id)
        .where(
            this_end == bindparam("content"),
            derivation.c.role == bindparam("role"),
            version.c.record_id == bindparam("id"),
        )
        .order_by(version.c.number.desc())
    )


FIND_PREDECESSOR = Statement(
    _linked(derivation.c.derived_id, derivation.c.predecessor_id), "content", "role", "id"
)
FIND_DERIVED = Statement(
    _linked(derivation.c.predecessor_id, derivation.c.derived_id), "content", "role", "id"
)

_reach = (
    select(derivation.c.derived_id.label("content"))
    .where(derivation.c.predecessor_id == bindparam("start"))
    .cte("reach", recursive=True)
)
_reach = _reach.union(
    select(derivation.c.derived_id).where(derivation.c.predecessor_id == _reach.c.content)
)

FIND_PATH = Statement(
    select(_reach.c.content)
    .where(_reach.c.content == bindparam("goal"))
    .limit(literal_column("1")),
    "start",
    "goal",
)

HAS_DERIVATION = Statement(
    select(derivation.c.role).where(
        derivation.c.derived_id == bindparam("derived"),
        derivation.c.predecessor_id == bindparam("predecessor"),
        derivation.c.role == bindparam("role"),
    ),
    "derived",
    "predecessor",
    "role",
)


def _note_late(detail: Any) -> Statement:
    """Return the statement that notes when a detail was told, if it was not known before."""
    told_at = bindparam("told_at", type_=UtcTime)
    unknown = select(version.c.version_id, literal_column(f"'{detail.name}'"), told_at).where(
        version.c.version_id == bindparam("content"),
        detail.is_(None),
        version.c.created_at < told_at,
    )
    return Statement(
        lambda insert: (
            insert(late_detail).from_select(list(late_detail.c), unknown).on_conflict_do_nothing()
        ),
        "content",
        "told_at",
    )


NOTE_LATE = {detail.name: _note_late(detail) for detail in DETAILS}
"""By the name of the detail; to be written before the detail itself."""

FILL_IN_CONTENT = Statement(
    update(version)
    .where(version.c.version_id == bindparam("content"))
    .values(
        sha256=func.coalesce(version.c.sha256, bindparam("sha")),
        size_bytes=func.coalesce(version.c.size_bytes, bindparam("size")),
        started_at=func.coalesce(version.c.started_at, bindparam("start", type_=UtcTime)),
        ended_at=func.coalesce(version.c.ended_at, bindparam("end", type_=UtcTime)),
    ),
    "sha",
    "size",
    "start",
    "end",
    "content",
)

MOVE_TO_VERSION = Statement(
    update(record)
    .where(record.c.record_id == bindparam("id"))
    .values(current_version_id=bindparam("version")),
    "version",
    "id",
)

RENAME_VERSION = Statement(
    update(version)
    .where(version.c.version_id == bindparam("id"))
    .values(name=bindparam("new_name")),
    "new_name",
    "id",
)

CURRENT_TAGS = Statement(
    select(tag.c.key, tag.c.type, tag.c.value).where(
        tag.c.record_id == bindparam("id"), tag.c.until.is_(None)
    ),
    "id",
)

CURRENT_URIS = Statement(
    select(uri.c.uri).where(uri.c.record_id == bindparam("id"), uri.c.until.is_(None)), "id"
)

END_TAG = Statement(
    update(tag)
    .where(tag.c.record_id == bindparam("id"), tag.c.key == bindparam("k"), tag.c.until.is_(None))
    .values(until=bindparam("number")),
    "number",
    "id",
    "k",
)

_is_activity = or_(record.c.kind == Kind.STEP.value, record.c.kind == Kind.TRANSFER.value)

LATEST_STEP = Statement(
    select(func.max(record.c.record_id)).where(
        record.c.run_id == bindparam("run"),
        _is_activity,
    ),
    "run",
)

STEPS_OF_RUN = Statement(
    select(record.c.record_id, record.c.kind, version.c.name, version.c.started_at)
    .join(version, (version.c.record_id == record.c.record_id) & (version.c.number == 1))
    .where(
        record.c.run_id == bindparam("run"),
        _is_activity,
    )
    .order_by(record.c.record_id),
    "run",
)

FIND_ACTION = Statement(
    select(invalidation_action.c.invalidation_action_id).where(
        invalidation_action.c.invalidation_action_id == bindparam("id")
    ),
    "id",
)
