"""Conditions read by plain Python, over records that are told as values; and written as text."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from fractions import Fraction

from braid_db.conditions import And, Condition, Field, Not, Op, Or, TagKey, Test, Wildcard
from braid_db.conditions import read_pattern as parts_of

COMPARED = {
    Op.LESS: operator.lt,
    Op.AT_MOST: operator.le,
    Op.MORE: operator.gt,
    Op.AT_LEAST: operator.ge,
}


@dataclass(frozen=True)
class Known:
    """What is known of one record: the values that hold now, and those that held before."""

    name: str
    is_recalled: bool
    tags: tuple[tuple[str, object], ...]
    ended: tuple[tuple[str, object], ...] = ()

    def values(self, field: Field | TagKey) -> list[object]:
        """Return the values that hold now; what is null is none."""
        if field is Field.NAME:
            return [self.name]
        if field is Field.VALID:
            return [not self.is_recalled]
        assert isinstance(field, TagKey)
        return [value for key, value in self.tags if key == field.key and value is not None]


def fits(known: Known, condition: Condition) -> bool:
    """Return whether a record fits a condition."""
    if isinstance(condition, And):
        return all(fits(known, part) for part in condition.parts)
    if isinstance(condition, Or):
        return any(fits(known, part) for part in condition.parts)
    if isinstance(condition, Not):
        return not fits(known, condition.part)
    return any(compares(value, condition) for value in known.values(condition.field))


def compares(value: object, test: Test) -> bool:
    """Return whether one value compares as told."""
    if test.op is Op.KNOWN:
        return True
    if test.op is Op.LIKE:
        return isinstance(value, str) and is_like(value, str(test.values[0]))
    if test.op in (Op.IN, Op.OTHER):
        is_one = any(key_of(value) == key_of(wanted) != None for wanted in test.values)  # noqa: E711
        return is_one == (test.op is Op.IN)
    ours, theirs = key_of(value), key_of(test.values[0])
    if ours is None or theirs is None or ours[0] != theirs[0]:
        return False
    return bool(COMPARED[test.op](ours[1], theirs[1]))


def key_of(value: object) -> tuple[str, object] | None:
    """Return a value's type and what it is compared by; None for what is never compared."""
    if isinstance(value, bool):
        return "flag", value
    if isinstance(value, str):
        return "text", value
    if isinstance(value, int):
        return ("number", Fraction(value)) if abs(value) < 10**308 else None
    if isinstance(value, float) and math.isfinite(value):
        return "number", Fraction(value)
    return None


def is_like(value: str, pattern: str) -> bool:
    """Return whether a text fits a pattern."""
    expressions = {Wildcard.ANY: ".*", Wildcard.ONE: "."}
    made = "".join(
        expressions[part] if isinstance(part, Wildcard) else re.escape(part)
        for part in parts_of(pattern)
    )
    return re.fullmatch(made, value, re.DOTALL) is not None


def written(condition: Condition) -> str:
    """Return a condition as a person would write it."""
    if isinstance(condition, Not):
        return f"not ({written(condition.part)})"
    if isinstance(condition, And | Or):
        word = " and " if isinstance(condition, And) else " OR "
        return word.join(f"({written(part)})" for part in condition.parts)
    field = written_key(condition.field)
    values = [literal(value) for value in condition.values]
    if condition.op is Op.KNOWN:
        return f"{field} is not null"
    if condition.op is Op.IN:
        return f"{field} = {values[0]}" if len(values) == 1 else f"{field} in ({','.join(values)})"
    return f"{field} {condition.op} {values[0]}"


def written_key(field: Field | TagKey) -> str:
    """Return a field's name, or a tag's key in quotes."""
    return field.value if isinstance(field, Field) else '"' + field.key.replace('"', '""') + '"'


def literal(value: object) -> str:
    """Return a value as a condition has it."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower() if isinstance(value, bool) else repr(value)
