"""Checked values out of JSON: texts, numbers and flags that both databases keep exactly."""

from __future__ import annotations

import re
from datetime import datetime

from braid_db.errors import InvalidArgument, shown
from braid_db.times import read_time

LARGEST_INTEGER = 2**63 - 1
LARGEST_COUNT = 2_000_000_000
"""The most rows, levels or versions that can be asked for: both databases count to that."""

NAME_LENGTH = 4_000
URI_LENGTH = 8_000
KEY_LENGTH = 400
"""Characters of a tag's key: more do not fit into an index entry of PostgreSQL."""
CALL_KEY_LENGTH = 500
"""Characters of an idempotency key or run id, for the same reason."""
WORDS_LENGTH = 8_000
"""Characters of a cause or reason."""
VALUE_LENGTH = 1_000_000

_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,255}")


def kind_of(value: object) -> str:
    """Return what a value is, in JSON's words."""
    if value is None:
        return "null"
    names: dict[type, str] = {bool: "a boolean", str: "a text", dict: "an object", list: "a list"}
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"the number {shown(value, 30)}"
    return names.get(type(value)) or f"a Python {type(value).__name__}"


def text(argument: str, value: object, longest: int) -> str:
    """Return a text that both databases keep as it is.

    :param longest: in characters.
    :raises InvalidArgument: if it is none, too long, or holds what PostgreSQL cannot keep.
    """
    if not isinstance(value, str):
        raise InvalidArgument(argument, kind_of(value), "a text")
    if len(value) > longest:
        found = f"a text of {len(value):,} characters"
        raise InvalidArgument(
            argument, found, f"at most {longest:,}; put it in a file, name its URI"
        )
    if "\x00" in value:
        raise InvalidArgument(argument, "a text with a NUL byte", "a text without any")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidArgument(argument, "a text with half a surrogate pair", "valid Unicode")
    return value


def optional_text(argument: str, value: object, longest: int) -> str | None:
    """Return a text, or None where it is absent or empty."""
    return None if value is None or value == "" else text(argument, value, longest)


def written(argument: str, value: object) -> str:
    """Return a value as Python writes it out.

    :raises InvalidArgument: if Python does not write so deep a list or so long an integer.
    """
    try:
        return str(value)
    except (RecursionError, ValueError):
        found = "nested too deeply, or an integer of thousands of digits"
        raise InvalidArgument(argument, found, "a value that can be written out") from None


def flag(argument: str, value: object) -> bool:
    """Return a flag; absent means false."""
    if value is not None and not isinstance(value, bool):
        raise InvalidArgument(argument, f"{kind_of(value)}", "true or false")
    return bool(value)


def texts(argument: str, value: object, longest: int) -> tuple[str, ...]:
    """Return the texts of a text or of a list of texts, in order; empty ones are left out."""
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        value, places = [value], [argument]
    else:
        places = [f"{argument}[{number}]" for number in range(len(value))]
    return tuple(
        [
            text(place, item, longest)
            for place, item in zip(places, value, strict=True)
            if item is not None and item != ""
        ]
    )


def sha256(argument: str, value: object) -> str | None:
    """Return a SHA-256 checksum of 64 hexadecimal digits, in lower case."""
    given = optional_text(argument, value, NAME_LENGTH)
    if given is not None and not _SHA256.fullmatch(given):
        raise InvalidArgument(argument, shown(given), "a SHA-256 of 64 hexadecimal digits")
    return None if given is None else given.lower()


def version(argument: str, value: object) -> int | None:
    """Return the number of a version; a string of digits is one too."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        found = shown(value) if isinstance(value, str) else kind_of(value)
        raise InvalidArgument(argument, found, "the number of a version, from 1")
    return value


def time(argument: str, value: object) -> datetime | None:
    """Return a moment that is written in ISO 8601, in UTC where it names no zone."""
    given = optional_text(argument, value, NAME_LENGTH)
    try:
        return None if given is None else read_time(given)
    except ValueError:
        expected = "a time in ISO 8601, as 2026-03-01T12:00Z"
        raise InvalidArgument(argument, shown(given), expected) from None


def size_bytes(argument: str, value: object) -> int | None:
    """Return a size in bytes."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_INTEGER:
        raise InvalidArgument(argument, kind_of(value), "a whole number of bytes from 0 to 2^63-1")
    return value


def host(argument: str, value: object) -> str | None:
    """Return a host's name."""
    given = optional_text(argument, value, NAME_LENGTH)
    if given is not None and not _HOST.fullmatch(given):
        raise InvalidArgument(argument, shown(given), "a host's name")
    return given
