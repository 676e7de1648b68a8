"""What a sound database answers nothing to: queries for what contradicts the data model."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Select,
    bindparam,
    column,
    distinct,
    exists,
    func,
    literal_column,
    or_,
    select,
    table,
    tuple_,
)

from braid_db.model import Kind, Role, TagType
from braid_db.store.reading import in_parts
from braid_db.store.recalls import is_followed
from braid_db.store.statements import Row, Statement
from braid_db.store.tables import (
    NUMBERED,
    action_run,
    derivation,
    invalidation,
    invalidation_action,
    metadata,
    recall,
    receipt,
    record,
    tag,
    uri,
    version,
)
from braid_db.store.transaction import Transaction
from braid_db.store.types import ByCodePoint
from braid_db.store.validity import STANDS

_ACTIVITIES = [kind.value for kind in Kind if kind.is_activity]
_PAGE = 20_000


class Question(NamedTuple):
    """A query for what is wrong, and what the value that it answers stands for."""

    noun: str
    query: Select[Any]


class Check(NamedTuple):
    """Something that holds in every sound database.

    :param name: a stable name, for programs.
    :param holds: what holds, for people.
    """

    name: str
    holds: str
    questions: tuple[Question, ...]


def checks(dialect_name: str) -> Iterator[Check]:
    """Yield what can be asked by queries, in the order in which a fault is best understood."""
    yield Check("integrity", "the file or server itself is sound", _INTEGRITY[dialect_name])
    yield Check("foreign-keys", "what is named is there", tuple(_foreign_keys()))
    if dialect_name == "postgresql":
        yield Check("new-numbers", "new rows get numbers never used", tuple(_sequences()))
    yield from _OF_THE_MODEL


_invalid_index: Select[Any] = (
    select(column("relname"))
    .select_from(table("pg_index", column("indexrelid"), column("indisvalid")))
    .join(
        table("pg_class", column("oid"), column("relnamespace")),
        literal_column("pg_class.oid = pg_index.indexrelid"),
    )
    .where(literal_column("NOT indisvalid AND pg_table_is_visible(pg_class.oid)"))
)
_unproven_key: Select[Any] = (
    select(column("conname"))
    .select_from(table("pg_constraint", column("conname")))
    .where(literal_column("NOT convalidated AND pg_table_is_visible(conrelid)"))
)
_damage = func.pragma_integrity_check().table_valued("integrity_check")

_INTEGRITY = {
    "sqlite": (
        Question("", select(_damage.c.integrity_check).where(_damage.c.integrity_check != "ok")),
    ),
    "postgresql": (
        Question("index not built:", _invalid_index),
        Question("constraint not proven:", _unproven_key),
    ),
}


def _foreign_keys() -> Iterator[Question]:
    """Yield a query for each key that points somewhere: what points at nothing."""
    for child in metadata.sorted_tables:
        for key in child.foreign_keys:
            there = key.column.table.alias("there")
            is_there = exists().where(there.c[key.column.name] == key.parent)
            query = select(key.parent).where(key.parent.is_not(None), ~is_there)
            yield Question(f"{child.name}.{key.parent.name}", query)


def _sequences() -> Iterator[Question]:
    """Yield a query for each sequence that has fallen behind the rows that it numbers."""
    known = table("pg_sequences", column("last_value", BigInteger), column("sequencename"))
    for numbered, sequence in NUMBERED.items():
        last = (
            select(known.c.last_value)
            .where(known.c.sequencename == sequence.name)
            .where(literal_column("schemaname = ANY (current_schemas(false))"))
            .scalar_subquery()
        )
        largest = func.max(numbered.primary_key.c[0])
        yield Question(sequence.name, select(largest).having(largest > func.coalesce(last, 0)))


def _interval(held: Any) -> Select[Any]:
    """Return the query for records with a tag or URI that holds when it cannot."""
    return (
        select(held.c.record_id)
        .distinct()
        .outerjoin(record, record.c.record_id == held.c.record_id)
        .outerjoin(version, version.c.version_id == record.c.current_version_id)
        .where(
            or_(
                held.c.since < 1,
                held.c.until <= held.c.since,
                held.c.since > version.c.number,
                held.c.until > version.c.number,
            )
        )
    )


_content, _newer = version.alias("content"), version.alias("newer")
_IS_CURRENT = exists().where(
    version.c.version_id == record.c.current_version_id,
    version.c.record_id == record.c.record_id,
    ~exists().where(_newer.c.record_id == version.c.record_id, _newer.c.number > version.c.number),
)
_HAS_CONTENT = exists().where(
    _content.c.version_id == version.c.content_id,
    _content.c.content_id == _content.c.version_id,
    _content.c.record_id == version.c.record_id,
    _content.c.number <= version.c.number,
)
_numbers = func.count(version.c.version_id)
_of_recall = invalidation.alias("of_recall")


def _reached(by: Any, content_id: Any) -> Any:
    return exists().where(_of_recall.c.recall_id == by, _of_recall.c.version_id == content_id)


def _named_edits(named: Any) -> Select[Any]:
    """Return the query for versions that only edit, and are named where a content must be."""
    return (
        select(version.c.version_id)
        .distinct()
        .join(named.table, named == version.c.version_id)
        .where(version.c.content_id != version.c.version_id)
    )


_OF_THE_MODEL = (
    Check(
        "version-numbers",
        "versions are numbered from 1, without gaps",
        (
            Question(
                "record",
                select(record.c.record_id)
                .outerjoin(version, version.c.record_id == record.c.record_id)
                .group_by(record.c.record_id)
                .having(
                    or_(
                        _numbers == 0,
                        func.min(version.c.number) != 1,
                        func.max(version.c.number) != _numbers,
                    )
                ),
            ),
        ),
    ),
    Check(
        "current-version",
        "the newest version of a record is its current one",
        (Question("record", select(record.c.record_id).where(~_IS_CURRENT)),),
    ),
    Check(
        "contents",
        "a version stands for a content of its own record",
        (Question("version", select(version.c.version_id).where(~_HAS_CONTENT)),),
    ),
    Check(
        "activities",
        "a step or transfer has one content for ever",
        (
            Question(
                "record",
                select(record.c.record_id)
                .join(version, version.c.record_id == record.c.record_id)
                .where(record.c.kind.in_(_ACTIVITIES))
                .group_by(record.c.record_id)
                .having(func.count(distinct(version.c.content_id)) > 1),
            ),
        ),
    ),
    Check(
        "nodes",
        "derivations and recalls name contents, never edits",
        (
            Question("version", _named_edits(derivation.c.derived_id)),
            Question("version", _named_edits(derivation.c.predecessor_id)),
            Question("version", _named_edits(invalidation.c.version_id)),
            Question("version", _named_edits(recall.c.version_id)),
        ),
    ),
    Check(
        "generated-once",
        "a content was generated by one step at most",
        (
            Question(
                "version",
                select(derivation.c.derived_id)
                .where(derivation.c.role == Role.GENERATED.value)
                .group_by(derivation.c.derived_id)
                .having(func.count() > 1),
            ),
        ),
    ),
    Check(
        "tags", "tags hold within their record's versions", (Question("record", _interval(tag)),)
    ),
    Check(
        "uris", "URIs hold within their record's versions", (Question("record", _interval(uri)),)
    ),
    Check(
        "recalls",
        "a standing recall reaches all that came of what it reaches",
        (
            Question(
                "recall",
                select(recall.c.recall_id).where(
                    ~_reached(recall.c.recall_id, recall.c.version_id)
                ),
            ),
            Question(
                "recall",
                select(recall.c.recall_id)
                .distinct()
                .join(invalidation, invalidation.c.recall_id == recall.c.recall_id)
                .join(derivation, derivation.c.predecessor_id == invalidation.c.version_id)
                .where(STANDS, recall.c.cascades, is_followed(recall.c.follow_order))
                .where(~_reached(recall.c.recall_id, derivation.c.derived_id)),
            ),
        ),
    ),
    Check(
        "action-runs",
        "an action is run for what its recall reaches",
        (
            Question(
                "action run",
                select(action_run.c.action_run_id).where(
                    ~_reached(action_run.c.recall_id, action_run.c.version_id)
                ),
            ),
        ),
    ),
)


def find_faults(tx: Transaction, question: Question, examples: int) -> tuple[int, list[object]]:
    """Return how many answers a question has, and the first of them."""
    rows = tx.select(question.query.limit(examples + 1))
    found = [value for (value,) in rows]
    if len(found) <= examples:
        return len(found), found
    [(count,)] = tx.select(select(func.count()).select_from(question.query.subquery()))
    return int(count), found[:examples]


_NEXT_EDGES = Statement(
    select(derivation.c.predecessor_id, derivation.c.derived_id)
    .where(
        tuple_(derivation.c.predecessor_id, derivation.c.derived_id)
        > tuple_(bindparam("predecessor", type_=BigInteger), bindparam("derived", type_=BigInteger))
    )
    .order_by(derivation.c.predecessor_id, derivation.c.derived_id)
    .limit(literal_column(str(_PAGE))),
    "predecessor",
    "derived",
)

_NEXT_RECEIPTS = Statement(
    select(receipt.c.function, receipt.c.key, receipt.c.result)
    .where(
        tuple_(receipt.c.function, receipt.c.key)
        > tuple_(bindparam("function", type_=ByCodePoint), bindparam("key", type_=ByCodePoint))
    )
    .order_by(receipt.c.function, receipt.c.key)
    .limit(literal_column("1000")),
    "function",
    "key",
)


def each_edge(tx: Transaction) -> Iterator[Row]:
    """Yield ``(predecessor_id, derived_id)`` of all derivations in this order, a page at a time."""
    after: Row = (-(2**63), -(2**63))
    while rows := tx.rows(_NEXT_EDGES, *after):
        yield from rows
        after = rows[-1]


def each_page_of_receipts(tx: Transaction) -> Iterator[list[Row]]:
    """Yield ``(function, key, result)`` of all receipts, a page at a time."""
    after: Row = ("", "")
    while rows := tx.rows(_NEXT_RECEIPTS, *after):
        yield rows
        after = rows[-1][:2]


def records_with_tag(tx: Transaction, key: str) -> list[Row]:
    """Return ``(record_id, value)`` for the records that have a text under a tag now."""
    query = select(tag.c.record_id, tag.c.value).where(tag.c.key == key, tag.c.until.is_(None))
    return tx.select(query.where(tag.c.type != TagType.NONE.value).order_by(tag.c.record_id))


def known_versions(tx: Transaction, record_ids: Collection[int]) -> dict[int, int]:
    """Return how many versions records have, by their ids; those that are not there are left out.

    :param record_ids: any number of them.
    """
    query = select(record.c.record_id, version.c.number).join(
        version, version.c.version_id == record.c.current_version_id
    )
    return dict(in_parts(tx, query, record.c.record_id, list(record_ids)))


def known_actions(tx: Transaction, action_ids: Collection[str]) -> set[str]:
    """Return which of some invalidation actions are there."""
    key = invalidation_action.c.invalidation_action_id
    return {found for (found,) in in_parts(tx, select(key), key, list(action_ids))}
