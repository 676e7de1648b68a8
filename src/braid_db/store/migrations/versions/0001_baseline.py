"""The first schema.

A migration is frozen: it says what a database of its time holds, in its own words, and never
follows what the tables are made into later.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Make every sequence, table and index."""
    numbers()
    databases_and_runs()
    records()
    versions()
    late_details()
    state_files()
    derivations()
    tags()
    uris()
    recalls()
    invalidations()
    actions()
    action_runs()
    receipts()


def column(name: str, kind: Any, *more: Any, null: bool = False) -> sa.Column[Any]:
    """Return a column that holds a value in each row unless ``null``."""
    return sa.Column(name, kind, *more, nullable=null)


def created_at() -> sa.Column[Any]:
    """Return the column that says when a row was written."""
    return column("created_at", TIME)


def key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    """Return a table's primary key."""
    return sa.PrimaryKeyConstraint(*columns, name=f"{table}_pkey")


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """Return the rule that no two rows share these values."""
    return sa.UniqueConstraint(*columns, name=f"{table}_{'_'.join(columns)}_key")


def to(table: str, name: str, target: str, **how: Any) -> sa.ForeignKeyConstraint:
    """Return the rule that a column names a row of another table."""
    return sa.ForeignKeyConstraint([name], [target], name=f"{table}_{name}_fkey", **how)


def index(name: str, table: str, *columns: Any, where: str | None = None) -> None:
    """Make an index, of some rows only where a condition is given."""
    rows = None if where is None else sa.text(where)
    op.create_index(name, table, list(columns), sqlite_where=rows, postgresql_where=rows)


def beginning(name: str) -> sa.TextClause:
    """Return as much of a text column as an index holds."""
    return sa.text(f"substr({name}, 1, 200)")


def numbers() -> None:
    """Make the sequences that number rows, where the database knows any."""
    if op.get_context().dialect.supports_sequences:
        for table in ("record", "version", "recall", "action_run"):
            op.execute(sa.schema.CreateSequence(sa.Sequence(f"{table}_number")))


def databases_and_runs() -> None:
    """Make what a database says of itself, and the runs of flows."""
    op.create_table(
        "database_info", column("uid", sa.Uuid()), created_at(), key("database_info", "uid")
    )
    op.create_table(
        "run",
        column("run_id", TEXT),
        column("flow_id", TEXT, null=True),
        column("started_by", TEXT, null=True),
        created_at(),
        key("run", "run_id"),
    )
    index("run_created", "run", "created_at")


def records() -> None:
    """Make the records and what identifies them."""
    op.create_table(
        "record",
        sa.Column("record_id", ID, autoincrement=False, nullable=False),
        column("uid", sa.Uuid()),
        column("origin", sa.Uuid()),
        column("kind", TEXT),
        column("run_id", TEXT, null=True),
        column("current_version_id", sa.BigInteger()),
        column("created_by", TEXT, null=True),
        created_at(),
        key("record", "record_id"),
        unique("record", "uid"),
        to("record", "run_id", "run.run_id"),
    )
    index("record_run", "record", "run_id", "record_id")
    index("record_kind", "record", "kind", "record_id")
    op.create_table(
        "identity",
        column("digest", sa.LargeBinary()),
        column("record_id", sa.BigInteger()),
        column("canonical", TEXT),
        key("identity", "digest"),
        to("identity", "record_id", "record.record_id", deferrable=True, initially="DEFERRED"),
    )
    index("identity_record", "identity", "record_id")
    index("identity_canonical", "identity", beginning("canonical"))


def versions() -> None:
    """Make the versions of records, which are also the contents."""
    op.create_table(
        "version",
        sa.Column("version_id", ID, autoincrement=False, nullable=False),
        column("uid", sa.Uuid()),
        column("record_id", sa.BigInteger()),
        column("number", sa.Integer()),
        column("content_id", sa.BigInteger()),
        column("name", TEXT),
        column("author", TEXT, null=True),
        column("reason", TEXT, null=True),
        column("sha256", TEXT, null=True),
        column("size_bytes", sa.BigInteger(), null=True),
        column("started_at", TIME, null=True),
        column("ended_at", TIME, null=True),
        created_at(),
        key("version", "version_id"),
        unique("version", "record_id", "number"),
        unique("version", "uid"),
        to("version", "record_id", "record.record_id"),
        to("version", "content_id", "version.version_id"),
    )
    known = "sha256 IS NOT NULL"
    index("version_sha256", "version", "sha256", "record_id", "number", where=known)
    index("version_content", "version", "content_id", where="content_id != version_id")
    index("version_name", "version", beginning("name"))
    index("version_created", "version", "created_at")


def late_details() -> None:
    """Make the note of what was told of a content after it was recorded."""
    op.create_table(
        "late_detail",
        column("version_id", sa.BigInteger()),
        column("detail", TEXT),
        created_at(),
        key("late_detail", "version_id", "detail"),
        to("late_detail", "version_id", "version.version_id"),
        sqlite_with_rowid=False,
    )


def state_files() -> None:
    """Make the files that hold the states of models, by the content that they belong to."""
    op.create_table(
        "state_file",
        column("version_id", sa.BigInteger()),
        column("position", sa.Integer()),
        column("uri", TEXT),
        column("sha256", TEXT, null=True),
        column("size_bytes", sa.BigInteger(), null=True),
        column("framework", TEXT, null=True),
        created_at(),
        key("state_file", "version_id", "position"),
        to("state_file", "version_id", "version.version_id"),
    )


def derivations() -> None:
    """Make what derives from what."""
    op.create_table(
        "derivation",
        column("derived_id", sa.BigInteger()),
        column("predecessor_id", sa.BigInteger()),
        column("role", TEXT),
        column("run_id", TEXT, null=True),
        created_at(),
        key("derivation", "derived_id", "predecessor_id", "role"),
        to("derivation", "derived_id", "version.version_id"),
        to("derivation", "predecessor_id", "version.version_id"),
        sqlite_with_rowid=False,
    )
    index("derivation_down", "derivation", "predecessor_id", "derived_id", "role")


def tags() -> None:
    """Make the tags."""
    op.create_table(
        "tag",
        column("tag_id", ID, sa.Identity()),
        column("record_id", sa.BigInteger()),
        column("key", TEXT),
        column("type", sa.Integer()),
        column("value", TEXT),
        column("num", sa.Double(), null=True),
        column("since", sa.Integer()),
        column("until", sa.Integer(), null=True),
        created_at(),
        key("tag", "tag_id"),
        to("tag", "record_id", "record.record_id"),
    )
    current, number = "until IS NULL", "until IS NULL AND num IS NOT NULL"
    index("tag_history", "tag", "record_id", "key", "since")
    index("tag_num", "tag", "key", "num", "record_id", where=number)
    index("tag_text", "tag", "key", beginning("value"), "record_id", where=current)


def uris() -> None:
    """Make the URIs."""
    op.create_table(
        "uri",
        column("uri_id", ID, sa.Identity()),
        column("record_id", sa.BigInteger()),
        column("position", sa.Integer()),
        column("uri", TEXT),
        column("since", sa.Integer()),
        column("until", sa.Integer(), null=True),
        created_at(),
        key("uri", "uri_id"),
        to("uri", "record_id", "record.record_id"),
    )
    index("uri_record", "uri", "record_id", "since")
    index("uri_text", "uri", beginning("uri"))


def recalls() -> None:
    """Make the recalls."""
    op.create_table(
        "recall",
        sa.Column("recall_id", ID, autoincrement=False, nullable=False),
        column("uid", sa.Uuid()),
        column("version_id", sa.BigInteger()),
        column("cause", TEXT),
        column("follow_order", sa.Boolean()),
        column("cascades", sa.Boolean()),
        column("invalidated_by", TEXT, null=True),
        created_at(),
        column("reinstated_at", TIME, null=True),
        column("reinstated_by", TEXT, null=True),
        column("reinstate_reason", TEXT, null=True),
        key("recall", "recall_id"),
        unique("recall", "uid"),
        to("recall", "version_id", "version.version_id"),
    )


def invalidations() -> None:
    """Make which content is reached by which recall."""
    op.create_table(
        "invalidation",
        column("recall_id", sa.BigInteger()),
        column("version_id", sa.BigInteger()),
        column("way", TEXT),
        created_at(),
        key("invalidation", "recall_id", "version_id"),
        to("invalidation", "recall_id", "recall.recall_id"),
        to("invalidation", "version_id", "version.version_id"),
    )
    index("invalidation_version", "invalidation", "version_id", "recall_id")


def actions() -> None:
    """Make the invalidation actions and the records that they are linked to."""
    name, action = "invalidation_action_id", "invalidation_action.invalidation_action_id"
    op.create_table(
        "invalidation_action",
        column(name, sa.Uuid()),
        column("name", TEXT),
        column("type", TEXT),
        column("command", TEXT),
        column("params", TEXT),
        created_at(),
        key("invalidation_action", name),
    )
    op.create_table(
        "record_action",
        column("record_id", sa.BigInteger()),
        column(name, sa.Uuid()),
        created_at(),
        key("record_action", "record_id", name),
        to("record_action", "record_id", "record.record_id"),
        to("record_action", name, action),
    )


def action_runs() -> None:
    """Make the runs of actions that are owed or were done."""
    name, action = "invalidation_action_id", "invalidation_action.invalidation_action_id"
    op.create_table(
        "action_run",
        sa.Column("action_run_id", ID, autoincrement=False, nullable=False),
        column("uid", sa.Uuid()),
        column("recall_id", sa.BigInteger()),
        column(name, sa.Uuid()),
        column("record_id", sa.BigInteger()),
        column("version_id", sa.BigInteger()),
        column("state", TEXT),
        column("attempt", sa.Integer()),
        column("interruptions", sa.Integer()),
        column("due_at", TIME, null=True),
        column("started_at", TIME, null=True),
        column("ended_at", TIME, null=True),
        column("claimed_by", TEXT, null=True),
        column("exit_status", sa.Integer(), null=True),
        column("output", TEXT, null=True),
        created_at(),
        key("action_run", "action_run_id"),
        unique("action_run", "recall_id", name, "version_id"),
        unique("action_run", "uid"),
        to("action_run", "recall_id", "recall.recall_id"),
        to("action_run", name, action),
        to("action_run", "record_id", "record.record_id"),
        to("action_run", "version_id", "version.version_id"),
    )
    is_open = "state IN ('owed', 'retry', 'running')"
    index("action_open", "action_run", "due_at", "action_run_id", where=is_open)


def receipts() -> None:
    """Make the receipts of calls."""
    op.create_table(
        "receipt",
        column("function", TEXT),
        column("key", TEXT),
        column("arguments_sha256", sa.LargeBinary()),
        column("result", TEXT, null=True),
        created_at(),
        key("receipt", "function", "key"),
    )
    index("receipt_age", "receipt", "created_at")
