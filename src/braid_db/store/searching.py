"""Finding records by a condition: what it says decides, and an index narrows down where it can.

A condition that few records fit is answered from the index that holds them: they are gathered
first. One that many fit is answered by walking the records in their order, as a page is soon full.
Which it is, is found out by counting a few of the index's entries; SQLite knows nothing of how
many rows have which values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import (
    Select,
    and_,
    any_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from braid_db.conditions import And, Condition, Field, Not, Op, TagKey, Test
from braid_db.model import TagType
from braid_db.store.comparing import is_found_by_index, plain_fits, tag_fits, text_fits
from braid_db.store.statements import Row, Statement
from braid_db.store.tables import invalidation, recall, record, tag, uri, version
from braid_db.store.transaction import Transaction
from braid_db.store.validity import STANDS, is_invalid

FEW = 20_000
"""How many records are gathered at most, before the rest of a condition is asked of each."""

_FAR_FEWER = 4
"""How many times fewer another index has to hold to be worth the counting, which costs as much."""

_content = version.alias("content")
_any = version.alias("any_version")

_TEXTS: dict[Field, Any] = {
    Field.KIND: record.c.kind,
    Field.RUN_ID: record.c.run_id,
    Field.NAME: version.c.name,
    Field.CREATED_BY: version.c.author,
    Field.SHA256: _content.c.sha256,
}
_PLAIN: dict[Field, Any] = {
    Field.RECORD_ID: record.c.record_id,
    Field.VERSION: version.c.number,
    Field.CREATED_AT: version.c.created_at,
    Field.SIZE_BYTES: _content.c.size_bytes,
    Field.STARTED_AT: _content.c.started_at,
    Field.ENDED_AT: _content.c.ended_at,
}
_OF_RECORDS = (Field.RECORD_ID, Field.KIND, Field.RUN_ID)
_OF_CONTENTS = (Field.SHA256, Field.SIZE_BYTES, Field.STARTED_AT, Field.ENDED_AT)

_SORTED: dict[Field, Any] = {
    Field.CREATED_AT: version.c.created_at,
    Field.NAME: version.c.name,
}
SORTED = (Field.RECORD_ID, *_SORTED)
"""The fields that records can be sorted by; besides by any tag."""

_BITMAPS = {
    to: Statement(select(func.set_config("enable_bitmapscan", to, true()))) for to in ("on", "off")
}
"""Whether PostgreSQL may use bitmaps, until the transaction's end."""

_MORE_THAN_ANY = "\U0010ffff"


class Sorting(NamedTuple):
    """In which order records are found, and where to go on.

    :param after: the key of the record before, as a row of :func:`find` ends with it.
    """

    by: Field | TagKey = Field.RECORD_ID
    descending: bool = True
    after: tuple[Any, ...] | None = None


class _Gathered(NamedTuple):
    """Records that may fit, as an index holds them; they are few.

    :param entries: how many entries of the index there are.
    :param is_said: whether the condition in SQL asks for them by itself.
    """

    ids: Select[Any]
    entries: int
    is_said: bool = False


class _Read(NamedTuple):
    """A condition in SQL: true or false of each record, never null.

    :param gathered: those that may fit, where they are few; all that do are among them.
    """

    holds: Any
    gathered: _Gathered | None = None


def find(tx: Transaction, condition: Condition, sorting: Sorting, limit: int | None) -> list[Row]:
    """Return ``(current version, *key)`` of the records that fit, in their order.

    The key ends with the record's id, so that no two records have the same.
    """
    key = _key(sorting, tx.dialect_name)
    fields = _fields(condition) | ({sorting.by} & set(_SORTED))
    query = _fitting(tx, condition, fields, record.c.current_version_id, *key)
    if sorting.after is not None:
        bound = [literal(v, c.type) for v, c in zip(sorting.after, key, strict=True)]
        ours, theirs = (key[0], bound[0]) if len(key) == 1 else (tuple_(*key), tuple_(*bound))
        query = query.where(ours < theirs if sorting.descending else ours > theirs)
    ordered = [one.desc() if sorting.descending else one for one in key]
    return tx.select(query.order_by(*ordered).limit(limit))


def count(tx: Transaction, condition: Condition) -> int:
    """Return how many records fit."""
    query = _fitting(tx, condition, _fields(condition), func.count())
    return int(tx.select(query)[0][0])


def _fitting(tx: Transaction, condition: Condition, fields: set[Any], *columns: Any) -> Select[Any]:
    """Return the query for what is wanted of the records that fit."""
    query = select(*columns).select_from(record)
    if fields - set(_OF_RECORDS):
        query = query.join(version, version.c.version_id == record.c.current_version_id)
    if fields & set(_OF_CONTENTS):
        query = query.join(_content, _content.c.version_id == version.c.content_id)
    with _without_bitmaps(tx):
        holds, gathered = _read(tx, condition, FEW)
    if gathered is not None and not gathered.is_said:
        query = query.where(_is_among(gathered.ids, tx.dialect_name))
    return query.where(holds)


@contextmanager
def _without_bitmaps(tx: Transaction) -> Iterator[None]:
    """Let PostgreSQL count a few entries of an index one by one.

    Of a text it expects few, and would gather all of them into a bitmap to count the first ones.
    """
    if tx.dialect_name != "postgresql":
        yield
        return
    tx.write(_BITMAPS["off"], [()])
    yield
    tx.write(_BITMAPS["on"], [()])


def _fields(condition: Condition) -> set[Any]:
    """Return the fields, other than tags and URIs, that a condition asks about."""
    if isinstance(condition, Test):
        is_apart = isinstance(condition.field, TagKey) or condition.field is Field.URI
        return set() if is_apart else {condition.field}
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return set().union(*map(_fields, parts))


def _key(sorting: Sorting, dialect: str) -> list[Any]:
    """Return what records are ordered by.

    A tag's smallest number comes first, then its smallest text; a record without comes last.
    """
    if not isinstance(sorting.by, TagKey):
        return [*(_SORTED[by] for by in (sorting.by,) if by in _SORTED), record.c.record_id]
    of_record = and_(_is_current(tag, dialect), tag.c.key == sorting.by.key)
    is_text = tag.c.type == int(TagType.STRING)
    last = float("-inf" if sorting.descending else "inf")
    number = select(func.min(tag.c.num)).where(of_record).scalar_subquery()
    text = select(func.min(tag.c.value)).where(of_record, is_text).scalar_subquery()
    return [
        func.coalesce(number, literal(last, tag.c.num.type)),
        func.coalesce(text, "" if sorting.descending else _MORE_THAN_ANY),
        record.c.record_id,
    ]


def _read(tx: Transaction, condition: Condition, few: int) -> _Read:
    """Return a condition in SQL, and the fewest records that may fit, if they are no more."""
    if isinstance(condition, Test):
        return _read_test(tx, condition, few)
    if isinstance(condition, Not):
        return _Read(not_(_read(tx, condition.part, few).holds))
    parts: list[_Read] = []
    gathered: list[_Gathered] = []
    for part in condition.parts:
        parts.append(_read(tx, part, few))
        if found := parts[-1].gathered:
            gathered.append(found)
            few = min(few, found.entries // _FAR_FEWER) if isinstance(condition, And) else few
    if isinstance(condition, And):
        fewest = min(gathered, key=lambda one: one.entries, default=None)
        return _Read(and_(true(), *(part.holds for part in parts)), fewest)
    holds = or_(false(), *(part.holds for part in parts))
    entries = sum(one.entries for one in gathered)
    if len(gathered) < len(parts) or not parts or entries > few:
        return _Read(holds)
    united = select(union_all(*(one.ids for one in gathered)).subquery())
    return _Read(holds, _Gathered(united, entries))


def _read_test(tx: Transaction, test: Test, few: int) -> _Read:
    gathered = _counted(tx, _from_index(test, tx.dialect_name), few)
    if gathered is not None and isinstance(test.field, TagKey):
        is_said = _is_among(gathered.ids, tx.dialect_name)
        return _Read(is_said, gathered._replace(is_said=True))
    return _Read(_test_holds(test, tx.dialect_name), gathered)


def _is_among(ids: Select[Any], dialect: str) -> Any:
    """Return the condition that a record is one of those that were gathered.

    As an array, PostgreSQL looks each of them up; it would rather read all records and compare.
    """
    if dialect != "postgresql":
        return record.c.record_id.in_(ids)
    return record.c.record_id == any_(func.array(ids.scalar_subquery()))


def _test_holds(test: Test, dialect: str) -> Any:
    """Return a comparison in SQL, to be asked of one record after another."""
    if isinstance(test.field, TagKey):
        of_key = and_(_is_current(tag, dialect), tag.c.key == test.field.key)
        return exists().where(of_key, tag_fits(test.op, test.values, dialect))
    if test.field is Field.URI:
        fits = text_fits(uri.c.uri, test.op, test.values, dialect)
        return exists().where(_is_current(uri, dialect), fits)
    if test.field is Field.VALID:
        return _is_valid(test)
    if test.field in _TEXTS:
        return text_fits(_TEXTS[test.field], test.op, test.values, dialect)
    return plain_fits(_PLAIN[test.field], test.op, test.values)


def _is_valid(test: Test) -> Any:
    """Return the condition that a record's validity is one that is asked for."""
    asked = {is_valid for is_valid in (True, False) if _is_asked(test, is_valid=is_valid)}
    if len(asked) != 1:
        return true() if asked else false()
    invalid = is_invalid(version.c.content_id)
    return not_(invalid) if asked == {True} else invalid


def _is_asked(test: Test, *, is_valid: bool) -> bool:
    if test.op is Op.OTHER:
        return is_valid not in test.values
    return test.op is Op.KNOWN or is_valid in test.values


def _is_current(table: Any, dialect: str) -> Any:
    """Return the condition that a tag or URI holds in the current version of the record.

    SQLite would rather go through all records that have such a value, again for each record that
    is asked about: it is kept from the indexes of current values.
    """
    until = table.c.until
    holds = func.coalesce(until, 0) == 0 if dialect == "sqlite" else until.is_(None)
    return and_(table.c.record_id == record.c.record_id, holds)


def _counted(tx: Transaction, ids: Select[Any] | None, few: int) -> _Gathered | None:
    if ids is None:
        return None
    some = ids.limit(few + 1).subquery()
    found = int(tx.select(select(func.count()).select_from(some))[0][0])
    return _Gathered(ids, found) if found <= few else None


def _from_index(test: Test, dialect: str) -> Select[Any] | None:
    """Return the query for the ids of records that may fit, all those that do among them."""
    if isinstance(test.field, TagKey):
        fits = tag_fits(test.op, test.values, dialect)
        is_current = tag.c.until.is_(None)
        return select(tag.c.record_id).where(tag.c.key == test.field.key, is_current, fits)
    if test.field is Field.VALID:
        return None if _is_asked(test, is_valid=True) else _recalled()
    find_ids = _INDEXED.get(test.field)
    return find_ids(test, dialect) if find_ids and is_found_by_index(test) else None


def _by_uri(test: Test, dialect: str) -> Select[Any]:
    fits = text_fits(uri.c.uri, test.op, test.values, dialect, is_indexed=True)
    return select(uri.c.record_id).where(uri.c.until.is_(None), fits)


def _by_name(test: Test, dialect: str) -> Select[Any]:
    fits = text_fits(_any.c.name, test.op, test.values, dialect, is_indexed=True)
    return select(_any.c.record_id).where(fits)


def _by_time(test: Test, _: str) -> Select[Any]:
    return select(_any.c.record_id).where(plain_fits(_any.c.created_at, test.op, test.values))


def _by_sha256(test: Test, dialect: str) -> Select[Any]:
    return select(_any.c.record_id).where(text_fits(_any.c.sha256, test.op, test.values, dialect))


def _recalled() -> Select[Any]:
    return (
        select(_any.c.record_id)
        .join_from(recall, invalidation, invalidation.c.recall_id == recall.c.recall_id)
        .join(_any, _any.c.version_id == invalidation.c.version_id)
        .where(STANDS)
    )


_INDEXED: dict[Field, Callable[[Test, str], Select[Any]]] = {
    Field.URI: _by_uri,
    Field.NAME: _by_name,
    Field.CREATED_AT: _by_time,
    Field.SHA256: _by_sha256,
}
