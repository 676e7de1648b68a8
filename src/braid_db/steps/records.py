"""``add_records``: records with what was derived from them, read out of nested objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from braid_db.errors import InvalidArgument, shown
from braid_db.model import NO_REFERENCES, Tag, TagType
from braid_db.records.receipts import Result
from braid_db.records.trees import Added, Node, add_tree
from braid_db.steps.call import Arguments, UseCase, call
from braid_db.steps.definitions import read_definition
from braid_db.steps.home import Home
from braid_db.steps.references import read_references
from braid_db.steps.requests import Request
from braid_db.steps.tags import DEEPEST
from braid_db.steps.values import kind_of

MOST = 10_000
"""How many records one call may add."""

_NESTED = ("derivations", "derived_from_record_id", "invalidation_id")
_TYPES = {"STRING": str, "INT": int, "FLOAT": float}
_NAMES = {TagType.NONE: "NONE", TagType.INTEGER: "INT"}


class AddRecordsRequest(Request):
    """The arguments of ``add_records``.

    :ivar more: further objects, as upstream took them.
    """

    record_dicts: Any = None
    more: Any = ()


def add_records(arguments: Arguments) -> list[Result]:
    """Add records with what was derived from them.

    :returns: one object for each record that was given, in order, with nested ``derivations``.
    :raises BraidError: if one of them is refused; nothing is written then.
    """

    def read(request: AddRecordsRequest, where: Home) -> UseCase:
        nodes = read_nodes(request)
        context, mark = request.context(), bool(request.if_missing)
        return lambda tx: {
            "records": _shown(
                nodes, add_tree(tx, where.rules, context, nodes, mark_missing=mark), tx.database
            )
        }

    result: list[Result] = call("add_records", AddRecordsRequest, arguments, read)["records"]
    return result


def read_nodes(request: AddRecordsRequest) -> list[Node]:
    """Return the records of a call, each after what it was derived from.

    :raises InvalidArgument: if one has a form that is not accepted.
    """
    given = [*_listed(request.record_dicts), *request.more]
    waiting: list[tuple[str, Any, int | None, int]] = [
        (f"record_dicts[{n}]", item, None, 1) for n, item in reversed(list(enumerate(given)))
    ]
    nodes: list[Node] = []
    while waiting:
        place, item, parent, depth = waiting.pop()
        if depth > DEEPEST or len(nodes) == MOST:
            found = f"with more than {MOST:,} records, or nested deeper than {DEEPEST} levels"
            raise InvalidArgument("record_dicts", found, "less; call again for the rest")
        nodes.append(_node(place, item, parent))
        inner = list(enumerate(_listed(item.get("derivations"))))
        below = len(nodes) - 1
        waiting += [(f"{place}.derivations[{n}]", one, below, depth + 1) for n, one in inner[::-1]]
    return nodes


def _listed(value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else [value]


def _node(place: str, item: Any, parent: int | None) -> Node:
    if not isinstance(item, dict):
        raise InvalidArgument(place, kind_of(item), "an object with a name")
    told = {key: value for key, value in item.items() if key not in _NESTED}
    if isinstance(told.get("tags"), dict):
        told["tags"] = dict(_plain_tags(f"{place}.tags", told["tags"]))
    source = item.get("derived_from_record_id")
    where = f"{place}.derived_from_record_id"
    references = NO_REFERENCES if source is None else read_references(where, source)
    return Node(read_definition(place, told), parent, references)


def _plain_tags(place: str, tags: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield tags as plain values; ``{"value": 3, "type": "INT"}`` stands for a 3."""
    for key, told in tags.items():
        if isinstance(told, dict) and "value" in told and told.keys() <= {"value", "type"}:
            yield key, _value(f"{place}.{key}", told["value"], told.get("type"))
        else:
            yield key, told


def _value(place: str, value: Any, kind: Any) -> Any:
    """Return a value of the type that is named; NONE, or no name, leaves it what it is."""
    if kind in (None, "NONE"):
        return value
    if kind not in list(_TYPES):
        raise InvalidArgument(f"{place}.type", shown(kind), "NONE, STRING, INT or FLOAT")
    may_be = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    try:
        made = _TYPES[kind](value) if may_be else None
    except (ValueError, OverflowError):
        made = None
    if made is None or (kind == "INT" and isinstance(value, float) and made != value):
        raise InvalidArgument(f"{place}.value", shown(value), f"one of the type {kind}")
    return made


def _shown(nodes: Sequence[Node], added: Sequence[Added], database: str) -> list[Result]:
    """Return the added records as JSON, nested as they were given."""
    results = [_result(one, database) for one in added]
    for node, result in zip(nodes, results, strict=True):
        if node.parent is not None:
            results[node.parent]["derivations"].append(result)
    return [result for node, result in zip(nodes, results, strict=True) if node.parent is None]


def _result(added: Added, database: str) -> Result:
    view, tags = added.view, [Tag(key, TagType(kind), text) for key, kind, text in added.tags]
    cause = added.causes[0] if added.causes else None
    return {
        "record_id": view.record_id,
        "name": view.name,
        "uris": list(view.uris),
        "tags": {tag.key: {"value": _read(tag), "type": _type_of(tag)} for tag in tags},
        "time": view.created_at,
        "derivations": [],
        "invalidation_id": None if cause is None else cause["recall_id"],
        "invalidation": None if cause is None else dict(cause),
        "version": view.version,
        "flow_state_record_id": view.record_id,
        "database": database,
    }


def _read(tag: Tag) -> Any:
    """Return a value as JSON can hold it: NaN and infinities, which it cannot, as texts."""
    return tag.text if tag.type is TagType.STRING else json.loads(tag.text, parse_constant=str)


def _type_of(tag: Tag) -> str:
    return _NAMES.get(tag.type, tag.type.name)
