"""Tags as Python values: what type each has, and how it is written and read."""

from __future__ import annotations

import json
from enum import Enum, unique
from numbers import Integral, Real
from typing import Any

from braid_db.errors import InvalidArgument, shown
from braid_db.model import Tag, TagType
from braid_db.steps.tags import read_tag
from braid_db.steps.values import kind_of


@unique
class BraidTagType(Enum):
    """The type of a tag's value; the first four are upstream's."""

    NONE = 0
    STRING = 1
    INTEGER = 2
    FLOAT = 3
    BOOLEAN = 4
    JSON = 5


class BraidTagValue:
    """One value of a tag, with its type."""

    def __init__(self, value: Any, type_: BraidTagType) -> None:
        self.value = value
        self.type_ = _type(type_)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BraidTagValue):
            return NotImplemented
        return (self.value, self.type_) == (other.value, other.type_)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"BraidTagValue({self.value!r}, {self.type_})"


def tag_of(key: str, value: Any, type_: object = BraidTagType.STRING) -> Tag:
    """Return a tag as it is kept.

    A value keeps the type that it has. Only a text that is said to be a number becomes one, and a
    whole number that is said to be a float: upstream's programs write numbers as texts.

    :raises InvalidArgument: if the value is of no type that a tag can have.
    """
    return read_tag(key, _converted(plain_number(value), _type(type_)))


def plain_number(value: Any) -> Any:
    """Return a number of whatever library as Python's own, and any other value as it is."""
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Integral):
        return int(value)
    try:
        return float(value) if isinstance(value, Real) else value
    except OverflowError:
        return value  # A fraction that is too large; what is no number of JSON is refused.


def _type(told: object) -> BraidTagType:
    if not isinstance(told, BraidTagType):
        raise InvalidArgument("type_", kind_of(told), "a BraidTagType")
    return told


def _converted(value: Any, type_: BraidTagType) -> Any:
    if type_ is BraidTagType.FLOAT and type(value) in (int, str):
        return _number(float, value)
    if type_ is BraidTagType.INTEGER and isinstance(value, str):
        return _number(int, value)
    return value


def _number(kind: type[int] | type[float], value: Any) -> int | float:
    try:
        return kind(value)
    except (ValueError, OverflowError):
        wanted = "a whole number" if kind is int else "a number"
        expected = f"{wanted}, as its type_ says"
        raise InvalidArgument("value", shown(value), expected) from None


def value_of(kind: int, text: str) -> BraidTagValue:
    """Return a tag's value as it was given, to the last digit."""
    type_ = BraidTagType(kind)
    if kind == TagType.STRING:
        return BraidTagValue(text, type_)
    return BraidTagValue(json.loads(text), type_)
