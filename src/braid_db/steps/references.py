"""References to earlier steps, in every form in which a flow's state may hold one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from braid_db.errors import InvalidArgument, InvalidReference, shown
from braid_db.model import NO_REFERENCES, Reference, References
from braid_db.steps.documents import failure_of, is_document, results_of
from braid_db.steps.tags import DEEPEST
from braid_db.steps.values import LARGEST_INTEGER, kind_of

STEP_ID = "flow_state_record_id"
INPUT_IDS = "input_record_ids"
OUTPUT_IDS = "output_record_ids"

_VERSIONS = {INPUT_IDS: "input_versions", OUTPUT_IDS: "output_versions"}
_MOST_DIGITS = len(str(LARGEST_INTEGER))


def read_references(
    argument: str, value: object, key: str = STEP_ID, *, also: str | None = None
) -> References:
    """Return the records that a reference names.

    It may be an integer, a string of digits, a status document with results of provenance
    functions, such a result itself, or a list of any of these. Empty or absent means none.

    :param key: which ids of a result are meant.
    :param also: which others are meant besides, where it has them.
    """
    if value is None:
        return NO_REFERENCES
    found: list[Reference] = []
    missing: list[str] = []
    for item in _flat(argument, value):
        try:
            found.extend(_read(item, key, also))
        except _NoReference as reason:
            missing.append(f"'{argument}' holds {reason}")
    return References(tuple(found), tuple(missing))


class _NoReference(Exception):
    """What was given names no record; the text says what it is."""


def _flat(argument: str, value: object) -> Iterator[Any]:
    """Yield what lists hold, at some depth and in order, without what is empty."""
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if depth > DEEPEST:
            raise InvalidArgument(argument, f"nested deeper than {DEEPEST} levels", "less")
        if isinstance(item, (list, tuple)):
            waiting += [(inner, depth + 1) for inner in reversed(item)]
        elif item is not None and item not in ("", {}):
            yield item


def _read(item: Any, key: str, also: str | None) -> list[Reference]:
    if not isinstance(item, dict):
        return [Reference(record_id(item))]
    found: list[Reference] = []
    for result in _results(item) if is_document(item) else [item]:
        found += _named(result, key)
        found += _named(result, also) if also and also in result else []
    return found


def record_id(item: object) -> int:
    """Return the record id that an integer or a string of digits is.

    :raises _NoReference: if it is neither.
    """
    if isinstance(item, str) and item.isascii() and item.isdigit() and len(item) <= _MOST_DIGITS:
        item = int(item)
    if isinstance(item, bool) or not isinstance(item, int):
        what = shown(item) if isinstance(item, str) else kind_of(item)
        raise _NoReference(f"{what}, which is no record id and no result of a provenance step")
    if not 0 < item <= LARGEST_INTEGER:
        raise _NoReference(f"the number {shown(item, 30)}, and record ids are from 1 to 2^63-1")
    return item


def _results(document: dict[str, Any]) -> list[Any]:
    """Return the results in a document of an action that was done."""
    if (reason := failure_of(document)) is not None:
        raise _NoReference(f"a status document that cannot be used, because {reason}")
    results = results_of(document)
    if not results:
        raise _NoReference("a status document without results of a provenance step")
    return results


def _named(result: Any, key: str) -> list[Reference]:
    """Return the records that a result of a provenance function names.

    The current versions of them where the result names no versions at all.
    """
    if not isinstance(result, dict) or key not in result:
        raise _NoReference(f"a result without '{key}', which is of another action")
    ids = result[key] if key != STEP_ID else [result[key]]
    if not isinstance(ids, list):
        raise _NoReference(f"a result whose '{key}' is {kind_of(ids)} and no list")
    versions = result.get(_VERSIONS[key]) if key in _VERSIONS else None
    database = result.get("database")
    origin = database if isinstance(database, str) else None
    if versions is None:
        return [Reference(record_id(item), None, origin) for item in ids]
    seen: Counter[int] = Counter()
    references = []
    for number in map(record_id, ids):
        references.append(Reference(number, _version(versions, number, seen[number]), origin))
        seen[number] += 1
    return references


def _version(versions: Any, number: int, earlier: int) -> int | None:
    """Return the version of a record that a result means: the first where it names no other.

    :param earlier: how often the result has named the record before.
    """
    if not isinstance(versions, dict):
        raise _NoReference(f"a result whose versions are {kind_of(versions)} and no object")
    version = versions.get(str(number), 1)
    if isinstance(version, list):
        version = version[earlier] if earlier < len(version) else None
    if isinstance(version, bool) or not isinstance(version, int) or not 0 < version < 2**31:
        raise _NoReference(f"a result that names version {shown(version, 30)} of a record")
    return version


def one_reference(argument: str, value: object) -> Reference:
    """Return the one record that a required reference names.

    :raises InvalidReference: if it names none, or more than one.
    """
    references = read_references(argument, value)
    if references.missing:
        raise InvalidReference(references.missing[0])
    if len(references.found) != 1:
        count = len(references.found) or "no"
        raise InvalidReference(f"'{argument}' names {count} records, and exactly one is needed")
    return references.found[0]
