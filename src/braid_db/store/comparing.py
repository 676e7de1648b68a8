"""How the values of fields and tags are compared in SQL, alike on both databases.

What is built here is true or false of every record, never null: only so is ``not`` the complement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import ge, gt, le, lt
from typing import Any

from sqlalchemy import BigInteger, and_, false, func, literal, not_, or_

from braid_db.conditions import Op, Test, Value, Wildcard, read_pattern
from braid_db.model import TagType
from braid_db.store.tables import INDEXED_CHARACTERS, indexed, tag

_ORDERED = {Op.LESS: lt, Op.AT_MOST: le, Op.MORE: gt, Op.AT_LEAST: ge}
_WITH_EQUAL = {Op.LESS: le, Op.AT_MOST: le, Op.MORE: ge, Op.AT_LEAST: ge}

_EXACT = 2**53
"""Below this a double is an integer to its last digit."""

_is_integer = tag.c.type == int(TagType.INTEGER)
_is_float = tag.c.type == int(TagType.FLOAT)


def is_found_by_index(test: Test) -> bool:
    """Return whether an index of its values in their order finds what compares as told."""
    if test.op is Op.LIKE:
        return bool(_beginning(str(test.values[0])))
    return test.op is Op.IN or test.op in _ORDERED


def text_fits(
    column: Any, op: Op, values: Sequence[Value], dialect: str, *, is_indexed: bool = False
) -> Any:
    """Return the condition that a text compares as told.

    :param is_indexed: whether there is an index of the text's beginning, to be found by.
    """
    if op is Op.KNOWN:
        return column.is_not(None)
    if op is Op.IN:
        fits = _begins_as(column, values) if is_indexed else _is_one(column, values)
    elif op is Op.OTHER:
        fits = column != values[0]
    elif op is Op.CONTAINS:
        fits = _contains(column, str(values[0]))
    elif op is Op.LIKE:
        begin = _beginning(str(values[0]))
        near = _begins(indexed(column), begin) if is_indexed and begin else ()
        fits = and_(*near, _is_like(column, str(values[0]), dialect))
    else:
        near = (_WITH_EQUAL[op](indexed(column), _cut(values[0])),) if is_indexed else ()
        fits = and_(*near, _ORDERED[op](column, values[0]))
    return _if_known(column, fits)


def plain_fits(column: Any, op: Op, values: Sequence[Value]) -> Any:
    """Return the condition that a number, time or flag of a record compares as told."""
    if op is Op.KNOWN:
        return column.is_not(None)
    # The type is said because an integer of 64 bits is none of PostgreSQL's INTEGER.
    wide = BigInteger() if isinstance(values[0], int) else column.type
    bound = [literal(value, wide) for value in values]
    if op is Op.IN:
        return _if_known(column, _is_one(column, bound))
    fits = column != bound[0] if op is Op.OTHER else _ORDERED[op](column, bound[0])
    return _if_known(column, fits)


def _if_known(column: Any, fits: Any) -> Any:
    """Return a condition that is false, and not null, where there is no value."""
    return and_(column.is_not(None), fits) if column.nullable else fits


def _is_one(column: Any, values: Sequence[Any]) -> Any:
    return column == values[0] if len(values) == 1 else column.in_(values)


def tag_fits(op: Op, values: Sequence[Value], dialect: str) -> Any:
    """Return the condition that a row of a tag holds a value that compares as told.

    What is null is no value. A text, a number and a flag are never equal, and none is larger.
    """
    is_known = tag.c.type != int(TagType.NONE)
    if op is Op.KNOWN:
        return is_known
    if op is Op.OTHER:
        is_number = type(values[0]) in (int, float)
        same = _is_one_of(values)
        return and_(is_known, not_(and_(tag.c.num.is_not(None), same) if is_number else same))
    if op is Op.IN:
        return _is_one_of(values)
    if isinstance(values[0], str):
        return _is_text(text_fits(tag.c.value, op, values, dialect, is_indexed=True))
    return _is_ordered(op, values[0])


def _is_one_of(values: Iterable[Value]) -> Any:
    """Return the condition that a tag's value is one of some, to the last digit."""
    kinds: dict[str, list[Any]] = {"text": [], "flag": [], "number": [], "large": []}
    for value in values:
        kinds[_kind(value)].append(value)
    texts, flags = kinds["text"], ["true" if value else "false" for value in kinds["flag"]]
    found = [_is_large(value) for value in kinds["large"]]
    if texts:
        found.append(_is_text(_begins_as(tag.c.value, texts)))
    if flags:
        found.append(and_(tag.c.type == int(TagType.BOOLEAN), _begins_as(tag.c.value, flags)))
    if kinds["number"]:
        found.append(_is_one(tag.c.num, [float(one) for one in kinds["number"]]))
    return or_(false(), *found)


def _kind(value: Value) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "flag"
    return "number" if abs(float(value)) < _EXACT else "large"  # type: ignore[arg-type]


def _is_text(fits: Any) -> Any:
    return and_(tag.c.type == int(TagType.STRING), fits)


def _begins_as(column: Any, texts: Sequence[Any]) -> Any:
    """Return the condition that a text is one of some, by the index of its beginning.

    A short beginning is the whole text. A single long text is looked for as a range: SQLite would
    put it into the indexed expression, and know it no more.
    """
    near = _is_one(indexed(column), [_cut(text) for text in texts])
    if all(len(text) < INDEXED_CHARACTERS for text in texts):
        return near
    if len(texts) == 1:
        return and_(near, column >= texts[0], column <= texts[0])
    return and_(near, column.in_(texts))


def _is_ordered(op: Op, value: Any) -> Any:
    """Return the condition that a tag's number is smaller or larger than another.

    Doubles are in the order of the numbers that they stand for. Only two that are the same double
    have to be looked at, and only where a double is not the integer itself.
    """
    double = float(value)
    if abs(double) < _EXACT:
        return _ORDERED[op](tag.c.num, double)
    near = _WITH_EQUAL[op](tag.c.num, double)
    ties = or_(
        and_(_is_integer, _digits_are_ordered(op, int(value))),
        and_(_is_float, literal(_ORDERED[op](int(double), int(value)))),
    )
    return and_(near, or_(tag.c.num != double, ties))


def _is_large(value: Any) -> Any:
    """Return the condition that a tag's number is an integer that a double may not hold."""
    double = float(value)
    same = or_(
        and_(_is_integer, tag.c.value == str(int(value))),
        and_(_is_float, literal(int(double) == int(value))),
    )
    return and_(tag.c.num == double, same)


def _digits_are_ordered(op: Op, value: int) -> Any:
    """Compare digits of numbers of one sign: the longer one is further from zero."""
    digits = str(value)
    compare = _ORDERED[op if value > 0 else _MIRRORED[op]]
    length = func.length(tag.c.value)
    same_length = and_(length == len(digits), compare(tag.c.value, digits))
    further = gt if compare in (gt, ge) else lt
    return or_(further(length, len(digits)), same_length)


_MIRRORED = {Op.LESS: Op.MORE, Op.MORE: Op.LESS, Op.AT_MOST: Op.AT_LEAST, Op.AT_LEAST: Op.AT_MOST}


def _is_like(column: Any, pattern: str, dialect: str) -> Any:
    """Return the condition that a text fits a pattern, letter by letter on both databases.

    SQLite's LIKE knows no case; its GLOB does, and has other wildcards.
    """
    if dialect == "postgresql":
        return column.like(pattern, escape="\\")
    wildcards = {Wildcard.ANY: "*", Wildcard.ONE: "?"}
    glob = "".join(
        wildcards[part] if isinstance(part, Wildcard) else f"[{part}]" if part in "*?[" else part
        for part in read_pattern(pattern)
    )
    return column.op("GLOB", is_comparison=True)(glob)


def _beginning(pattern: str) -> str:
    """Return the letters before a pattern's first wildcard, as far as an index holds them."""
    found = ""
    for part in read_pattern(pattern)[:INDEXED_CHARACTERS]:
        if isinstance(part, Wildcard):
            break
        found += part
    return found


def _begins(text: Any, begin: str) -> tuple[Any, ...]:
    """Return conditions by which an index finds texts with a beginning."""
    last = ord(begin[-1]) + 1
    last = 0xE000 if last == 0xD800 else last
    if last > 0x10FFFF:
        return (text >= begin,)
    return text >= begin, text < begin[:-1] + chr(last)


def _cut(value: Value) -> str:
    return str(value)[:INDEXED_CHARACTERS]


def _contains(text: Any, part: str) -> Any:
    """Return the condition that a text contains another, alike on both databases.

    LIKE knows case on one database and not on the other, and so does no function for finding a
    text. Both change only the case of ASCII letters in a column that compares by code point.
    """
    if not part:
        return text.is_not(None)
    lower_case = func.lower(text)
    return func.replace(lower_case, _ascii_lower(part), "") != lower_case


def _ascii_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
