"""Conditions on records, as values: what a search asks for.

A condition means "has such a value", among the values that hold now. ``not`` is its complement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias


class Field(StrEnum):
    """What is known of every record; all else are tags."""

    RECORD_ID = "record_id"
    VERSION = "version"
    KIND = "kind"
    NAME = "name"
    URI = "uri"
    RUN_ID = "run_id"
    VALID = "valid"
    SHA256 = "sha256"
    SIZE_BYTES = "size_bytes"
    CREATED_BY = "created_by"
    CREATED_AT = "created_at"
    STARTED_AT = "started_at"
    ENDED_AT = "ended_at"


@dataclass(frozen=True, slots=True)
class TagKey:
    """The key of a tag, dotted where its objects were nested."""

    key: str


class Op(StrEnum):
    """How a value is compared; what is null is no value, and has no part in any of these."""

    IN = "in"
    """Is one of some values; ``=`` is this with a single one."""
    OTHER = "!="
    """Is another value than this one, of whatever type."""
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    LIKE = "like"
    """Fits a pattern, letter by letter."""
    CONTAINS = "contains"
    """Has a text in it; case makes no difference between ASCII letters."""
    KNOWN = "is not null"


Value: TypeAlias = str | int | float | bool | datetime


@dataclass(frozen=True, slots=True)
class Test:
    """Whether a field or tag has a value that compares as told.

    :param values: what it is compared with: any number of values for IN, none for KNOWN.
    """

    __test__ = False

    field: Field | TagKey
    op: Op
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class And:
    """Whether all of some conditions hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Whether any of some conditions holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Whether a condition does not hold."""

    part: Condition


Condition: TypeAlias = Test | And | Or | Not

EVERYTHING = And(())


class Wildcard(StrEnum):
    """What stands for other letters in a pattern of ``like``."""

    ANY = "%"
    ONE = "_"


def read_pattern(pattern: str) -> list[str | Wildcard]:
    """Return the letters and wildcards of a pattern; a backslash takes the next as it is.

    :raises ValueError: if a backslash stands before anything but ``%``, ``_`` or itself.
    """
    found: list[str | Wildcard] = []
    letters = iter(pattern)
    for letter in letters:
        if letter == "\\":
            escaped = next(letters, "")
            if escaped not in ("%", "_", "\\"):
                raise ValueError(pattern)
            found.append(escaped)
        else:
            found.append(Wildcard(letter) if letter in ("%", "_") else letter)
    return found
