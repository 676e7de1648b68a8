"""What an object is asked about its record: whether it is there, its neighbours, its tags."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from braid_db.errors import RecordNotFound
from braid_db.model import Tag, TagType
from braid_db.records.views import LARGEST_ID, get_record, get_version_id, views_of
from braid_db.store import Transaction, objects, reading
from braid_db.store.statements import Row
from braid_db.views import Direction, RecordView


def find_record(tx: Transaction, record_id: int) -> RecordView | None:
    """Return a record in its current version, or None."""
    try:
        return get_record(tx, record_id)
    except RecordNotFound:
        return None


def records_one_step(tx: Transaction, record_id: int, direction: Direction) -> list[RecordView]:
    """Return the records one derivation away from any version of a record, each once.

    :returns: each described as the newest of its contents that is meant is now, in the order in
        which they were linked; empty where there is no such record.
    """
    if not 0 < record_id <= LARGEST_ID:
        return []
    contents = [content for (content,) in tx.rows(objects.ONE_STEP[direction], record_id)]
    versions = reading.describing_versions(tx, contents)
    views = views_of(tx, list(versions.values()))
    return [views[versions[content]] for content in contents]


def records_with_tag(tx: Transaction, wanted: Tag) -> list[RecordView]:
    """Return the records whose current version has a value of a tag, in the order of their ids."""
    rows = tx.rows(objects.RECORDS_WITH_TAG, wanted.key, int(wanted.type), wanted.text,
                   wanted.number)  # fmt: skip
    ids = dict.fromkeys(
        version_id
        for version_id, kind, text in rows
        if wanted.is_same_value(Tag(wanted.key, TagType(kind), text))
    )
    views = views_of(tx, list(ids))
    return [views[version_id] for version_id in ids]


def values_of_tags(
    tx: Transaction,
    record_id: int,
    number: int | None = None,
    *,
    as_of: datetime | None = None,
) -> Iterable[Row]:
    """Return key, type and text of all values of tags that one version has, in order.

    :param as_of: those that it had at a time.
    """
    version_id = get_version_id(tx, record_id, number)
    return [(key, kind, text) for _, key, kind, text in reading.tag_rows(tx, [version_id], as_of)]


def count_rows(tx: Transaction) -> int:
    """Return how many records, derivations, URIs and tags there are, all together."""
    return sum(tx.rows(statement)[0][0] for statement in objects.COUNTS)
