"""The rules of a Choice state: checking them before a run, and deciding by them in it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from braid_db.flows import jsonpath
from braid_db.flows.errors import FlowDefinitionInvalid, FlowPathInvalid
from braid_db.flows.scope import Scope

Comparison = Callable[[Any, Any], bool]
Reader = Callable[[Any], Any]

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_WRONG_TYPE: Any = object()


def _text(value: Any) -> Any:
    return value if isinstance(value, str) else _WRONG_TYPE


def _number(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else _WRONG_TYPE


def _boolean(value: Any) -> Any:
    return value if isinstance(value, bool) else _WRONG_TYPE


def timestamp(value: Any) -> Any:
    """Return an RFC 3339 time as an aware datetime, and a marker that equals nothing otherwise."""
    if not (isinstance(value, str) and _RFC3339.fullmatch(value)):
        return _WRONG_TYPE
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        return _WRONG_TYPE


def is_timestamp(value: Any) -> bool:
    """Return whether a value is an RFC 3339 time."""
    return timestamp(value) is not _WRONG_TYPE


_ORDER: dict[str, Comparison] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_ORDERED: dict[str, Reader] = {"String": _text, "Numeric": _number, "Timestamp": timestamp}
_COMPARISONS: dict[str, tuple[Reader, Comparison]] = {
    f"{kind}{order}": (read, compare)
    for kind, read in _ORDERED.items()
    for order, compare in _ORDER.items()
} | {"BooleanEquals": (_boolean, operator.eq)}
_TESTS: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": lambda value: _number(value) is not _WRONG_TYPE,
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": is_timestamp,
}
_OPERATORS = frozenset([*_COMPARISONS, *(f"{name}Path" for name in _COMPARISONS), *_TESTS]) | {
    "IsPresent",
    "StringMatches",
}


def check(rule: Any, where: str, *, nested: bool = False) -> None:
    """Refuse a rule that cannot be decided by.

    :param where: which rule of which state it is, for the error's text.
    :param nested: whether it stands in an And, Or or Not, where it has no Next.
    :raises FlowDefinitionInvalid: with what is wrong with it.
    """
    if not isinstance(rule, dict):
        raise FlowDefinitionInvalid(f"{where} is no object; expected a choice rule.")
    if nested and "Next" in rule:
        raise FlowDefinitionInvalid(
            f"{where} has a Next inside And, Or or Not; only the outermost rule has one."
        )
    keys = set(rule) - {"Next"}
    if len(keys) == 1 and keys <= {"And", "Or"}:
        _check_several(rule, keys.pop(), where)
    elif keys == {"Not"}:
        check(rule["Not"], f"{where}.Not", nested=True)
    else:
        _check_variable(rule, keys, where)


def matches(rule: dict[str, Any], scope: Scope, where: str) -> bool:
    """Return whether a rule holds in a run's state; a value of another type never matches.

    :raises braid_db.errors.FlowStateError: ``States.Runtime``, if a path in it leads nowhere and
        the rule is no IsPresent.
    """
    if "And" in rule:
        return all(matches(each, scope, where) for each in rule["And"])
    if "Or" in rule:
        return any(matches(each, scope, where) for each in rule["Or"])
    if "Not" in rule:
        return not matches(rule["Not"], scope, where)
    name = next(key for key in rule if key in _OPERATORS)
    if name == "IsPresent":
        return scope.has(rule["Variable"]) is rule[name]
    return _holds(name, scope.read(rule["Variable"], where), rule[name], scope, where)


def _holds(name: str, value: Any, operand: Any, scope: Scope, where: str) -> bool:
    if name in _TESTS:
        return _TESTS[name](value) is operand
    if name == "StringMatches":
        return isinstance(value, str) and _pattern(operand).fullmatch(value) is not None
    if name.endswith("Path"):
        name, operand = name.removesuffix("Path"), scope.read(operand, where)
    read, compare = _COMPARISONS[name]
    left, right = read(value), read(operand)
    return left is not _WRONG_TYPE and right is not _WRONG_TYPE and compare(left, right)


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    r"""Return a StringMatches pattern: ``*`` is any text, ``\*`` a star, ``\\`` a backslash."""
    parts = re.findall(r"\\[*\\]|\*|.", text, re.DOTALL)
    return re.compile(
        "".join(".*" if part == "*" else re.escape(part[-1]) for part in parts), re.DOTALL
    )


def _check_several(rule: dict[str, Any], key: str, where: str) -> None:
    if not (isinstance(rule[key], list) and rule[key]):
        raise FlowDefinitionInvalid(f"{where}.{key} is no list of one or more rules.")
    for index, each in enumerate(rule[key]):
        check(each, f"{where}.{key}[{index}]", nested=True)


def _check_variable(rule: dict[str, Any], keys: set[str], where: str) -> None:
    operators = keys - {"Variable"}
    if "Variable" not in keys or len(operators) != 1 or not operators <= _OPERATORS:
        raise FlowDefinitionInvalid(
            f"{where} has the fields {', '.join(sorted(keys)) or 'none'}; expected And, Or or Not, "
            f"or Variable with exactly one comparison, such as StringEquals or IsPresent."
        )
    name = operators.pop()
    _check_path(rule["Variable"], f"{where}.Variable")
    if name.endswith("Path"):
        _check_path(rule[name], f"{where}.{name}")
    else:
        _check_operand(name, rule[name], where)


def _check_path(path: Any, where: str) -> None:
    if not isinstance(path, str):
        raise FlowDefinitionInvalid(f"{where} is no text; expected a path such as '$.status'.")
    try:
        jsonpath.parse(path)
    except FlowPathInvalid as error:
        raise error.within(f"In {where}") from None


def _check_operand(name: str, operand: Any, where: str) -> None:
    if name in _TESTS or name == "IsPresent":
        read: Reader = _boolean
    elif name == "StringMatches":
        read = _text
    else:
        read = _COMPARISONS[name][0]
    if read(operand) is _WRONG_TYPE:
        kinds: dict[Reader, str] = {_boolean: "true or false", _text: "a text", _number: "a number"}
        expected = kinds.get(read, "a time such as '2026-01-31T12:00:00Z'")
        raise FlowDefinitionInvalid(f"{where}.{name} is {operand!r}; expected {expected}.")
