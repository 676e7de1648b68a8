"""What an action's parameters may leave open: ``{name}`` and others, filled in as literal text.

No attribute, index or format can be asked for, and what is filled in is never read again: it is a
record's name or tag, which anybody may have written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from braid_db.errors import shown
from braid_db.records.views import tag_value
from braid_db.store import Transaction, reading

NAMES = "{name}, {record_id}, {uri}, {tag.KEY} and {cause}"
_FIELDS = ("name", "record_id", "uri", "cause")
_TAG = "tag."
_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class CannotFill(Exception):
    """What an action leaves open cannot be filled in; its text says why."""


def values_for(
    tx: Transaction, content_ids: Sequence[int], cause: str
) -> dict[int, dict[str, str]]:
    """Return what each placeholder stands for, by its name, for each of some contents.

    :param content_ids: what a recall reaches; described as it is today.
    """
    versions = reading.describing_versions(tx, content_ids)
    shown = list(versions.values())
    values = {
        version_id: {"name": row.name, "record_id": str(row.record_id), "cause": cause}
        for version_id, row in reading.version_rows(tx, shown).items()
    }
    for version_id, uri in reading.uri_rows(tx, shown):
        values[version_id].setdefault("uri", uri)
    tags: dict[int, dict[str, list[tuple[int, str]]]] = {}
    for version_id, key, kind, text in reading.tag_rows(tx, shown):
        tags.setdefault(version_id, {}).setdefault(f"{_TAG}{key}", []).append((kind, text))
    for version_id, found in tags.items():
        values[version_id] |= _texts(found)
    return {content_id: values[version_id] for content_id, version_id in versions.items()}


def _texts(found: Mapping[str, Sequence[tuple[int, str]]]) -> dict[str, str]:
    """Return tags as texts: a string as it is, all else and a list of several as JSON."""
    return {
        name: told[0][1] if len(told) == 1 else json.dumps([tag_value(*one) for one in told])
        for name, told in found.items()
    }


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a text with every placeholder replaced; a doubled brace is one brace.

    :raises CannotFill: if it names something else, or something that the record does not have.
    """

    def value(match: re.Match[str]) -> str:
        part, name = match.group(0), match.group(1)
        if part in ("{{", "}}"):
            return part[0]
        if name is None:
            raise CannotFill(f"{shown(template)} holds a single {part}; write {part}{part} for one")
        if name not in values:
            raise CannotFill(_unknown(part, name))
        return values[name]

    return _PART.sub(value, template)


def fill_all(value: Any, values: Mapping[str, str]) -> Any:
    """Return a JSON value with every placeholder in its texts replaced; keys stay as they are.

    :raises CannotFill: if one names something that is not there.
    """
    if isinstance(value, str):
        return fill(value, values)
    if isinstance(value, list):
        return [fill_all(item, values) for item in value]
    if isinstance(value, dict):
        return {key: fill_all(item, values) for key, item in value.items()}
    return value


def fault_in(template: str) -> str | None:
    """Return why no record at all could fill a text in; None where one may."""
    for match in _PART.finditer(template):
        part, name = match.group(0), match.group(1)
        if part in ("{", "}"):
            return f"{shown(template)} holds a single {part}; write {part}{part} for one"
        if name is not None and name not in _FIELDS and not name.startswith(_TAG):
            return f"{shown(part)} is no placeholder, and {{{{ is a brace"
    return None


def _unknown(part: str, name: str) -> str:
    """Return why a placeholder cannot be filled in."""
    if name == "uri":
        return "{uri} stands for nothing, as the record has no URI"
    if name.startswith(_TAG):
        return f"{shown(part)} stands for nothing, as the record has no such tag"
    return f"{shown(part)} is no placeholder; known are {NAMES}, and {{{{ is a brace"
