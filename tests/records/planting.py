"""Rows written past the use cases, for histories that are made faster or only later by them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import uuid4

from braid_db.model import Kind, Role, TagType
from braid_db.store import Transaction, tables
from braid_db.store.statements import inserting

ADD_RECORD = inserting(tables.record)
ADD_VERSION = inserting(tables.version)
ADD_TAG = inserting(tables.tag)
ADD_URI = inserting(tables.uri)
ADD_DERIVATION = inserting(tables.derivation)
ADD_RECALL = inserting(tables.recall)
ADD_INVALIDATION = inserting(tables.invalidation)

Edge = tuple[int, int, Role]
"""A derivation by the contents of its predecessor and of what was derived."""


def plant_records(tx: Transaction, kinds: Sequence[Kind], name: str = "thing") -> list[int]:
    """Write records with one version each and return their ids, which are their contents' too."""
    record_ids = tx.new_ids(tables.record, len(kinds))
    version_ids = tx.new_ids(tables.version, len(kinds))
    for record_id, version_id, kind in zip(record_ids, version_ids, kinds, strict=True):
        uid = str(uuid4())
        row = (record_id, uid, tx.database, kind.value, None, version_id, "someone", tx.now)
        tx.write(ADD_RECORD, [row])
        plant_version(tx, record_id, version_id, number=1, name=f"{name} {record_id}")
    assert record_ids == version_ids, "one version each, in a database that holds no other"
    return record_ids


def plant_version(
    tx: Transaction,
    record_id: int,
    version_id: int,
    *,
    number: int,
    name: str,
    content_id: int | None = None,
) -> None:
    """Write a version; it brings its own content unless another is named."""
    content = content_id or version_id
    told = (name, "someone", None, None, None, None, None)
    tx.write(ADD_VERSION, [(version_id, str(uuid4()), record_id, number, content, *told, tx.now)])


def plant_edges(tx: Transaction, edges: Iterable[Edge]) -> None:
    """Write derivations."""
    rows = [(derived, source, role.value, None, tx.now) for source, derived, role in edges]
    tx.write(ADD_DERIVATION, rows)


def plant_tag(
    tx: Transaction,
    record_id: int,
    key: str,
    kind: TagType,
    text: str,
    since: int = 1,
    until: int | None = None,
) -> None:
    """Write a tag's value that holds from one version until another."""
    tx.write(ADD_TAG, [(record_id, key, int(kind), text, None, since, until, tx.now)])


def plant_recall(tx: Transaction, content_id: int, *, is_standing: bool = True) -> None:
    """Write a recall of one content that reaches nothing else."""
    [recall_id] = tx.new_ids(tables.recall, 1)
    ended = (None, None, None) if is_standing else (tx.now, "someone", "it was right after all")
    row = (
        recall_id,
        str(uuid4()),
        content_id,
        "miscalibrated",
        False,
        True,
        "someone",
        tx.now,
        *ended,
    )
    tx.write(ADD_RECALL, [row])
    tx.write(ADD_INVALIDATION, [(recall_id, content_id, True, tx.now)])
