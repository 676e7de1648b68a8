"""What recalls are aimed at: the contents of records, chosen by id, tag, URI or run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, exists, or_, select

from braid_db.model import Kind, Tag, TagType
from braid_db.store.reading import in_parts
from braid_db.store.recalls import below
from braid_db.store.tables import record, tag, uri, version
from braid_db.store.transaction import Transaction

_AT_ONCE = 1000

_content = version.alias("content")
_later = version.alias("later")
_NUMBERS = (int(TagType.INTEGER), int(TagType.FLOAT))


class ContentRow(NamedTuple):
    """One content, named by the version that brought it."""

    content_id: int
    record_id: int
    number: int
    created_at: datetime


_CONTENTS = select(*(version.c[name] for name in ("version_id", *ContentRow._fields[1:])))
_is_content = version.c.content_id == version.c.version_id


def contents_of_records(tx: Transaction, record_ids: Iterable[int]) -> list[ContentRow]:
    """Return all contents of records, those of each in order."""
    query = _CONTENTS.where(_is_content).order_by(version.c.version_id)
    rows = in_parts(tx, query, version.c.record_id, sorted(set(record_ids)))
    return [ContentRow(*row) for row in rows]


def contents_with_tag(tx: Transaction, wanted: Tag) -> Iterator[tuple[ContentRow, int, str]]:
    """Yield contents that may have a tag's value, with the type and text of what they have.

    What describes a content is the newest of the versions that stand for it. A number is alike if
    it is as a double; whether it is the same to the last digit is left to be seen.
    """
    same: Any = (tag.c.type == int(wanted.type)) & (tag.c.value == wanted.text)
    if wanted.number is not None:
        same = or_(same, tag.c.type.in_(_NUMBERS) & (tag.c.num == wanted.number))
    query = _described(tag, tag.c.type, tag.c.value).where(tag.c.key == wanted.key, same)
    for *row, kind, text in tx.select(query):
        yield ContentRow(*row), kind, text


def contents_with_uri(tx: Transaction, texts: Sequence[str]) -> list[ContentRow]:
    """Return the contents that are described by one of some URIs, as they were told."""
    query = _described(uri).where(uri.c.uri.in_(texts))
    return [ContentRow(*row) for row in tx.select(query)]


def _described(table: Any, *more: Any) -> Select[Any]:
    """Return the query for contents and the tags or URIs that hold in what describes them."""
    is_newest = ~exists().where(
        _later.c.record_id == version.c.record_id,
        _later.c.number > version.c.number,
        _later.c.content_id == version.c.content_id,
    )
    columns = [_content.c[name] for name in ("version_id", *ContentRow._fields[1:])]
    return (
        select(*columns, *more)
        .join_from(table, version, version.c.record_id == table.c.record_id)
        .join(_content, _content.c.version_id == version.c.content_id)
        .where(
            table.c.since <= version.c.number,
            table.c.until.is_(None) | (table.c.until > version.c.number),
            is_newest,
        )
        .order_by(_content.c.version_id)
    )


def activities_of_run(tx: Transaction, run_id: str) -> list[ContentRow]:
    """Return the steps and transfers of a run, in the order of recording."""
    kinds = [kind.value for kind in Kind if kind.is_activity]
    query = (
        _CONTENTS.join(record, record.c.record_id == version.c.record_id)
        .where(record.c.run_id == run_id, record.c.kind.in_(kinds), _is_content)
        .order_by(version.c.version_id)
    )
    return [ContentRow(*row) for row in tx.select(query)]


def find_below(tx: Transaction, content_ids: Sequence[int], *, follow_order: bool) -> set[int]:
    """Return all that recalls of contents would reach besides these themselves."""
    found: set[int] = set()
    for start in range(0, len(content_ids), _AT_ONCE):
        query = below(content_ids[start : start + _AT_ONCE], follow_order=follow_order)
        found.update(content_id for (content_id,) in tx.select(query))
    return found
