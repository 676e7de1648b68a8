"""Finding records by what is known of them: the one way to any list of records."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from braid_db.conditions import And, Condition, Field, Op, TagKey, Test
from braid_db.errors import InvalidArgument, shown
from braid_db.model import Kind
from braid_db.records.errors import ConditionInvalid
from braid_db.records.views import iso, views_of
from braid_db.records.where import read_condition, read_key
from braid_db.store import Transaction
from braid_db.store import searching as sql
from braid_db.times import read_time
from braid_db.views import RecordPage

NEWEST_FIRST = (Field.RECORD_ID, Field.CREATED_AT)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records are looked for: those that fit all that is said here, as they are now.

    :param where: a condition as a person writes it; ``braid_db.records.where`` says how.
    :param kinds: any of these kinds; of all when empty.
    :param name: a part of the name, whatever its case.
    :param uri: one of its URIs, as it was told.
    :param run_id: the run that it was made in.
    :param valid: whether it is valid.
    :param since: its current version was recorded at this time or later; aware.
    :param until: it was recorded before this time; aware.
    """

    where: str | None = None
    kinds: Sequence[Kind] = ()
    name: str | None = None
    uri: str | None = None
    run_id: str | None = None
    valid: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


ALL = Wanted()


def search(
    tx: Transaction,
    wanted: Wanted = ALL,
    *,
    sort: str | None = None,
    reverse: bool = False,
    after: str | None = None,
    limit: int | None = None,
) -> RecordPage:
    """Return the current versions of the records that are wanted.

    :param sort: ``record_id``, ``created_at`` (both with the newest first), ``name``, or the key
        of a tag: by its smallest number, then its smallest text, those without it last. By record
        id when omitted.
    :param reverse: whether in the opposite order.
    :param after: what a page named as its next; a record's id where they are sorted by it. Each
        record comes once, whatever is recorded meanwhile, unless what it is sorted by changes.
    :param limit: how many to return at most; all when omitted.
    :raises ConditionInvalid: if the condition cannot be read.
    :raises InvalidArgument: if the order or the place to go on from cannot.
    """
    by = _order(sort)
    sorting = sql.Sorting(by, (by in NEWEST_FIRST) != reverse, _read_place(after, by))
    more = None if limit is None else limit + 1
    rows = sql.find(tx, _condition(wanted), sorting, more)
    shown_rows = rows[:limit]
    views = views_of(tx, [version_id for version_id, *_ in shown_rows])
    is_last = len(rows) == len(shown_rows) or not shown_rows
    return RecordPage(
        items=tuple(views[version_id] for version_id, *_ in shown_rows),
        next=None if is_last else _place(shown_rows[-1][1:]),
    )


def count_records(tx: Transaction, wanted: Wanted = ALL) -> int:
    """Return how many records are wanted.

    :raises ConditionInvalid: if the condition cannot be read.
    :raises InvalidArgument: if a time is not aware.
    """
    return sql.count(tx, _condition(wanted))


def _condition(wanted: Wanted) -> Condition:
    for name in ("since", "until"):
        time = getattr(wanted, name)
        if time is not None and time.tzinfo is None:
            raise InvalidArgument(name, f"{time}, a time in no time zone", "one with its zone")
    return And(tuple(_parts(wanted)))


def _parts(wanted: Wanted) -> Iterator[Condition]:
    if wanted.where is not None:
        yield read_condition(wanted.where)
    if wanted.kinds:
        yield Test(Field.KIND, Op.IN, tuple(kind.value for kind in wanted.kinds))
    if wanted.name:
        yield Test(Field.NAME, Op.CONTAINS, (wanted.name,))
    if wanted.uri is not None:
        yield Test(Field.URI, Op.IN, (wanted.uri,))
    if wanted.run_id is not None:
        yield Test(Field.RUN_ID, Op.IN, (wanted.run_id,))
    if wanted.valid is not None:
        yield Test(Field.VALID, Op.IN, (wanted.valid,))
    if wanted.since is not None:
        yield Test(Field.CREATED_AT, Op.AT_LEAST, (wanted.since,))
    if wanted.until is not None:
        yield Test(Field.CREATED_AT, Op.LESS, (wanted.until,))


def _order(sort: str | None) -> Field | TagKey:
    if sort is None:
        return Field.RECORD_ID
    try:
        by = read_key(sort)
    except ConditionInvalid:
        by = None
    if isinstance(by, TagKey) or by in sql.SORTED:
        return by
    raise InvalidArgument("sort", shown(sort), f"{', '.join(sql.SORTED)}, or the key of a tag")


def _place(key: Sequence[object]) -> str:
    """Return where a page ends, as a text: the record's id, or the whole key in code."""
    if len(key) == 1:
        return str(key[0])
    told = [iso(part) if isinstance(part, datetime) else part for part in key]
    return urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def _read_place(told: str | None, by: Field | TagKey) -> tuple[object, ...] | None:
    if told is None:
        return None
    try:
        return _read_key_of(told, by)
    except (ValueError, TypeError, RecursionError):
        expected = "a record's id" if by is Field.RECORD_ID else "what a page in this order named"
        raise InvalidArgument("after", shown(told), expected) from None


def _read_key_of(told: str, by: Field | TagKey) -> tuple[object, ...]:
    """Return the key that :func:`_place` wrote.

    :raises ValueError: if it wrote none like this, or in another order.
    """
    if by is Field.RECORD_ID:
        return (_record_id(int(told)),)
    *key, record_id = json.loads(urlsafe_b64decode(told + "=" * (-len(told) % 4)))
    types = (float, str) if isinstance(by, TagKey) else (str,)
    for part, kind in zip(key, types, strict=True):
        if not isinstance(part, kind) or b"\0" in str(part).encode():
            raise ValueError(part)
    if by is Field.CREATED_AT:
        key = [read_time(key[0])]
    return (*key, _record_id(record_id))


def _record_id(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(value)
    return value
