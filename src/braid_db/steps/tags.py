"""Tags out of JSON: nested objects become dotted keys, and every value keeps its type."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from braid_db.errors import InvalidArgument, shown
from braid_db.model import Tag, TagType
from braid_db.steps.values import KEY_LENGTH, VALUE_LENGTH, kind_of, text

DEEPEST = 100
"""How deep objects and lists may be nested."""

MOST = 10_000
"""How many tags one call may set."""


def read_tags(argument: str, value: object) -> tuple[Tag, ...]:
    """Return the tags of a JSON object, in order.

    Nested objects become dotted keys at any depth up to 100; a list is one value.

    :raises InvalidArgument: if it is no object, or holds what is no JSON.
    """
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise InvalidArgument(argument, kind_of(value), "an object of keys and values")
    tags = tuple([read_tag(key, leaf) for key, leaf in _leaves(argument, value)])
    if len(tags) > MOST:
        raise InvalidArgument(argument, f"an object of {len(tags):,} values", f"at most {MOST:,}")
    return tags


def read_public_tags(argument: str, value: object) -> tuple[Tag, ...]:
    """Return the tags that a flow gives a step, without what it keeps out of its own logs.

    :raises InvalidArgument: as :func:`read_tags` does.
    """
    return read_tags(argument, _public(value, 0))


def _public(value: Any, depth: int) -> Any:
    """Return a value without members whose name begins ``_private``, as the service shows it."""
    if depth > DEEPEST:
        return value  # which is refused
    if isinstance(value, list):
        return [_public(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _public(inner, depth + 1)
        for key, inner in value.items()
        if not (isinstance(key, str) and key.startswith("_private"))
    }


def read_tag(key: str, value: Any) -> Tag:
    """Return one tag with the type of its value.

    :raises InvalidArgument: if the value is no JSON, or too long to be kept.
    """
    text("a tag's key", key, KEY_LENGTH)
    place = f"tag {key}" if key.isprintable() else f"tag {shown(key)}"
    if isinstance(value, str):
        return Tag(key, TagType.STRING, text(place, value, VALUE_LENGTH))
    if value is None or isinstance(value, bool):
        return Tag(key, TagType.NONE if value is None else TagType.BOOLEAN, json.dumps(value))
    if isinstance(value, int):
        return Tag(key, TagType.INTEGER, _digits(place, value), _double(value))
    if isinstance(value, float):
        return Tag(key, TagType.FLOAT, _json_of(value), _double(value))
    _check_nested(place, value)
    return Tag(key, TagType.JSON, text(place, json.dumps(value), VALUE_LENGTH))


def _leaves(
    argument: str, tags: dict[Any, Any], prefix: str = "", depth: int = 1
) -> Iterator[tuple[str, Any]]:
    """Yield dotted keys and the values that stand at them, in order."""
    if depth > DEEPEST:
        raise InvalidArgument(argument, *_TOO_DEEP)
    for key, value in tags.items():
        if not isinstance(key, str):
            found = f"an object with the key {shown(key, 30)}"
            raise InvalidArgument(argument, found, _TEXT_KEYS)
        if isinstance(value, dict) and value:
            yield from _leaves(argument, value, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", value


_TEXT_KEYS = "keys that are texts"
_TOO_DEEP = (f"nested deeper than {DEEPEST} levels", "less")


def _check_nested(place: str, value: Any) -> None:
    """Refuse what is no JSON, at any depth, without recursion."""
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if depth > DEEPEST and isinstance(item, (dict, list, tuple)):
            raise InvalidArgument(place, *_TOO_DEEP)
        if isinstance(item, dict):
            if not all(isinstance(key, str) for key in item):
                raise InvalidArgument(place, "an object with a key that is no text", _TEXT_KEYS)
            waiting += [(inner, depth + 1) for inner in item.values()]
        elif isinstance(item, (list, tuple)):
            waiting += [(inner, depth + 1) for inner in item]
        elif isinstance(item, int):
            _digits(place, item)
        elif item is not None and not isinstance(item, (str, float)):
            raise InvalidArgument(place, kind_of(item), "a JSON value")


def _json_of(value: float) -> str:
    """Return the JSON text of a float, as ``json.dumps`` writes it, at a tenth of the cost."""
    return float.__repr__(value) if math.isfinite(value) else json.dumps(value)


def _digits(place: str, value: int) -> str:
    """Return the digits of an integer of any size that Python writes out."""
    try:
        return str(int(value))
    except ValueError:
        raise InvalidArgument(place, "an integer of thousands of digits", "fewer") from None


def _double(value: float) -> float | None:
    """Return a number as a double, or None where it is no finite one."""
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
