"""Whether what a condition compares can be compared, and the values as the store takes them."""

from __future__ import annotations

from datetime import datetime

from braid_db.conditions import Field, Op, TagKey, Test, Value, read_pattern
from braid_db.errors import shown
from braid_db.model import Kind
from braid_db.times import read_time

_ORDERED = (Op.LESS, Op.AT_MOST, Op.MORE, Op.AT_LEAST)
_TEXTS = (Field.NAME, Field.URI, Field.RUN_ID, Field.SHA256, Field.CREATED_BY)
_INTEGERS = (Field.RECORD_ID, Field.VERSION, Field.SIZE_BYTES)
_LARGEST = 2**63 - 1


class Misfit(Exception):
    """A comparison that cannot be made."""

    def __init__(self, found: str, expected: str) -> None:
        self.found, self.expected = found, expected
        super().__init__(found, expected)


def fitted(test: Test) -> tuple[Value, ...]:
    """Return the values of a comparison as its field has them.

    A tag may be compared with any value. What every record has is of one type, and comparing it
    with another is a slip.

    :raises Misfit: if they cannot be compared in this way.
    """
    if test.op is Op.LIKE:
        return _pattern(test)
    values = tuple(_value(test.field, value) for value in test.values)
    if test.op in _ORDERED and any(isinstance(value, bool) for value in values):
        raise Misfit(f"'{test.op}' before true or false", "= or !=, as neither is the larger one")
    return values


def _pattern(test: Test) -> tuple[Value, ...]:
    if not isinstance(test.field, TagKey) and test.field not in (*_TEXTS, Field.KIND):
        raise Misfit(f"{test.field} like ...", "a comparison; only texts are like a pattern")
    try:
        read_pattern(str(test.values[0]))
    except ValueError:
        found = f"the pattern {shown(test.values[0])}"
        raise Misfit(found, r"a backslash only before %, _ or \ itself") from None
    return test.values


def _value(field: Field | TagKey, value: Value) -> Value:
    if isinstance(field, TagKey):
        return value
    if field is Field.KIND:
        if value in list(Kind):
            return value
        raise Misfit(f"kind compared with {_told(value)}", f"one of {', '.join(Kind)}")
    if field is Field.VALID:
        if isinstance(value, bool):
            return value
        raise Misfit(f"valid compared with {_told(value)}", "true or false")
    if field in _INTEGERS:
        return _integer(field, value)
    if not isinstance(value, str):
        raise Misfit(f"{field} compared with {_told(value)}", "a text in 'single quotes'")
    return value if field in _TEXTS else _time(field, value)


def _integer(field: Field, value: Value) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return value
    raise Misfit(f"{field} compared with {_told(value)}", "a whole number below 2^63")


def _time(field: Field, value: str) -> datetime:
    try:
        return read_time(value)
    except ValueError:
        expected = "a time such as '2026-03-01' or '2026-03-01T12:30:00Z'"
        raise Misfit(f"{field} compared with {_told(value)}", expected) from None


def _told(value: Value) -> str:
    return shown(value, 40) if isinstance(value, str) else str(value).lower()
