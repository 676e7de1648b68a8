"""The tables: records with their versions, what derives from what, recalls, and receipts.

A derivation leads from one content to another. A content is the version that brought it in;
later versions that only edit the description name that version as their ``content_id``.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    String,
    Table,
    UniqueConstraint,
    func,
    literal_column,
)

from braid_db.store.types import ByCodePoint, Digest, Flag, Id, Number, Uid, UtcTime

INDEXED_CHARACTERS = 200
"""How much of a long text an index holds; PostgreSQL refuses entries over 2.7 kB."""


def indexed(column: Any) -> Any:
    """Return the beginning of a text column, as the indexes hold it.

    Numbers are written into the SQL: with bound ones no database would recognise its index.
    """
    return func.substr(column, literal_column("1"), literal_column(str(INDEXED_CHARACTERS)))


metadata = MetaData(
    naming_convention={
        "ix": "%(column_0_N_label)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)


def _created_at() -> Column[Any]:
    return Column("created_at", UtcTime, nullable=False)


def _id(name: str) -> Column[Any]:
    """Return an integer key that the store numbers itself, so that rows can be built whole."""
    return Column(name, Id, primary_key=True, autoincrement=False)


def _counted(name: str) -> Column[Any]:
    """Return an integer key that the database numbers, as nobody needs to know it."""
    return Column(name, Id, Identity(), primary_key=True)


def _to(name: str, target: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, BigInteger, ForeignKey(target), nullable=nullable)


def _partial(name: str, *columns: Any, where: Any) -> None:
    """Define an index of those rows alone for which a condition holds."""
    Index(name, *columns, info={"sqlite": {"where": where}, "postgresql": {"where": where}})


def defined_for(dialect_name: str) -> MetaData:
    """Return the tables and indexes with what one database's SQL alone can say of them.

    Said when they were defined, it would load both databases' dialects into every process.
    """
    for table in metadata.tables.values():
        parts: list[Table | Index] = [table, *table.indexes]
        for part in parts:
            part.dialect_options[dialect_name].update(part.info.get(dialect_name, {}))
    return metadata


# As Alembic makes it.
alembic_version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32)),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

database_info = Table(
    "database_info", metadata, Column("uid", Uid, primary_key=True), _created_at()
)

run = Table(
    "run",
    metadata,
    Column("run_id", ByCodePoint, primary_key=True),
    Column("flow_id", ByCodePoint),
    Column("started_by", ByCodePoint),
    _created_at(),
)
Index("run_created", run.c.created_at)

record = Table(
    "record",
    metadata,
    _id("record_id"),
    Column("uid", Uid, nullable=False, unique=True),
    Column("origin", Uid, nullable=False),
    Column("kind", ByCodePoint, nullable=False),
    Column("run_id", ByCodePoint, ForeignKey("run.run_id")),
    Column("current_version_id", BigInteger, nullable=False),
    Column("created_by", ByCodePoint),
    _created_at(),
)
Index("record_run", record.c.run_id, record.c.record_id)
Index("record_kind", record.c.kind, record.c.record_id)

# Its foreign key is checked at the end: a claim on an identity is made before the record's own
# row is written, so that of two writers who meet a new URI at once only one writes a record.
identity = Table(
    "identity",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column(
        "record_id",
        BigInteger,
        ForeignKey("record.record_id", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    Column("canonical", ByCodePoint, nullable=False),
)
Index("identity_record", identity.c.record_id)
Index("identity_canonical", indexed(identity.c.canonical))

version = Table(
    "version",
    metadata,
    _id("version_id"),
    Column("uid", Uid, nullable=False, unique=True),
    _to("record_id", "record.record_id"),
    Column("number", Integer, nullable=False),
    _to("content_id", "version.version_id"),
    Column("name", ByCodePoint, nullable=False),
    Column("author", ByCodePoint),
    Column("reason", ByCodePoint),
    Column("sha256", ByCodePoint),
    Column("size_bytes", BigInteger),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    _created_at(),
    UniqueConstraint("record_id", "number"),
)
_partial(
    "version_sha256",
    version.c.sha256,
    version.c.record_id,
    version.c.number,
    where=version.c.sha256.is_not(None),
)
_is_edit = version.c.content_id != version.c.version_id
_partial("version_content", version.c.content_id, where=_is_edit)

Index("version_name", indexed(version.c.name))
Index("version_created", version.c.created_at)

DETAILS = (version.c.sha256, version.c.size_bytes, version.c.started_at, version.c.ended_at)
"""What may be told of a content after it was recorded."""

# A row for each detail of a content that was told only after it was recorded: as of an earlier
# time it was not known. The others are as old as the content, so that recording writes no row.
late_detail = Table(
    "late_detail",
    metadata,
    _to("version_id", "version.version_id"),
    Column("detail", ByCodePoint, nullable=False),
    _created_at(),
    PrimaryKeyConstraint("version_id", "detail"),
    info={"sqlite": {"with_rowid": False}},
)

state_file = Table(
    "state_file",
    metadata,
    _to("version_id", "version.version_id"),
    Column("position", Integer, nullable=False),
    Column("uri", ByCodePoint, nullable=False),
    Column("sha256", ByCodePoint),
    Column("size_bytes", BigInteger),
    Column("framework", ByCodePoint),
    _created_at(),
    PrimaryKeyConstraint("version_id", "position"),
)

# Clustered by what it leads to: a step's predecessors lie side by side, and the second index
# holds the other direction whole.
derivation = Table(
    "derivation",
    metadata,
    _to("derived_id", "version.version_id"),
    _to("predecessor_id", "version.version_id"),
    Column("role", ByCodePoint, nullable=False),
    Column("run_id", ByCodePoint),
    _created_at(),
    PrimaryKeyConstraint("derived_id", "predecessor_id", "role"),
    info={"sqlite": {"with_rowid": False}},
)
Index("derivation_down", derivation.c.predecessor_id, derivation.c.derived_id, derivation.c.role)

tag = Table(
    "tag",
    metadata,
    _counted("tag_id"),
    _to("record_id", "record.record_id"),
    Column("key", ByCodePoint, nullable=False),
    Column("type", Integer, nullable=False),
    Column("value", ByCodePoint, nullable=False),
    Column("num", Number),
    Column("since", Integer, nullable=False),
    Column("until", Integer),
    _created_at(),
)
_tag_is_current = tag.c.until.is_(None)
_is_number = tag.c.until.is_(None) & tag.c.num.is_not(None)
Index("tag_history", tag.c.record_id, tag.c.key, tag.c.since)
_partial(
    "tag_num",
    tag.c.key,
    tag.c.num,
    tag.c.record_id,
    where=_is_number,
)
_partial(
    "tag_text",
    tag.c.key,
    indexed(tag.c.value),
    tag.c.record_id,
    where=_tag_is_current,
)

uri = Table(
    "uri",
    metadata,
    _counted("uri_id"),
    _to("record_id", "record.record_id"),
    Column("position", Integer, nullable=False),
    Column("uri", ByCodePoint, nullable=False),
    Column("since", Integer, nullable=False),
    Column("until", Integer),
    _created_at(),
)
Index("uri_record", uri.c.record_id, uri.c.since)
Index("uri_text", indexed(uri.c.uri))

recall = Table(
    "recall",
    metadata,
    _id("recall_id"),
    Column("uid", Uid, nullable=False, unique=True),
    _to("version_id", "version.version_id"),
    Column("cause", ByCodePoint, nullable=False),
    Column("follow_order", Flag, nullable=False),
    Column("cascades", Flag, nullable=False),
    Column("invalidated_by", ByCodePoint),
    _created_at(),
    Column("reinstated_at", UtcTime),
    Column("reinstated_by", ByCodePoint),
    Column("reinstate_reason", ByCodePoint),
)

invalidation = Table(
    "invalidation",
    metadata,
    _to("recall_id", "recall.recall_id"),
    _to("version_id", "version.version_id"),
    Column("way", ByCodePoint, nullable=False),
    _created_at(),
    PrimaryKeyConstraint("recall_id", "version_id"),
)
Index("invalidation_version", invalidation.c.version_id, invalidation.c.recall_id)

invalidation_action = Table(
    "invalidation_action",
    metadata,
    Column("invalidation_action_id", Uid, primary_key=True),
    Column("name", ByCodePoint, nullable=False),
    Column("type", ByCodePoint, nullable=False),
    Column("command", ByCodePoint, nullable=False),
    Column("params", ByCodePoint, nullable=False),
    _created_at(),
)

_ACTION = "invalidation_action.invalidation_action_id"

record_action = Table(
    "record_action",
    metadata,
    _to("record_id", "record.record_id"),
    Column("invalidation_action_id", Uid, ForeignKey(_ACTION), nullable=False),
    _created_at(),
    PrimaryKeyConstraint("record_id", "invalidation_action_id"),
)

action_run = Table(
    "action_run",
    metadata,
    _id("action_run_id"),
    Column("uid", Uid, nullable=False, unique=True),
    _to("recall_id", "recall.recall_id"),
    Column("invalidation_action_id", Uid, ForeignKey(_ACTION), nullable=False),
    _to("record_id", "record.record_id"),
    _to("version_id", "version.version_id"),
    Column("state", ByCodePoint, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("interruptions", Integer, nullable=False),
    Column("due_at", UtcTime),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("claimed_by", ByCodePoint),
    Column("exit_status", Integer),
    Column("output", ByCodePoint),
    _created_at(),
    UniqueConstraint("recall_id", "invalidation_action_id", "version_id"),
)
# What is yet to be started, or was begun and is not over.
_is_open = action_run.c.state.in_(("owed", "retry", "running"))
_partial("action_open", action_run.c.due_at, action_run.c.action_run_id, where=_is_open)

receipt = Table(
    "receipt",
    metadata,
    Column("function", ByCodePoint, nullable=False),
    Column("key", ByCodePoint, nullable=False),
    Column("arguments_sha256", Digest, nullable=False),
    Column("result", ByCodePoint),
    _created_at(),
    PrimaryKeyConstraint("function", "key"),
)
Index("receipt_age", receipt.c.created_at)

NUMBERED = {
    table: Sequence(f"{table.name}_number", metadata=metadata)
    for table in (record, version, recall, action_run)
}
"""The sequences that number rows on PostgreSQL; on SQLite a transaction counts on by itself."""
