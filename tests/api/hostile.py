"""Values that no argument should have to fear, and which of them an argument takes all the same.

``ACCEPTED`` is the table of the whole Python API: a value that stands there has to be answered,
and any other has to be refused. A method or parameter that is new fails until it stands here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from braid_db import (
    BraidData,
    BraidDB,
    BraidModel,
    BraidRecord,
    BraidTagType,
    BraidTagValue,
    Session,
    digits,
)

HOSTILE: dict[str, Any] = {
    "None": None,
    "True": True,
    "empty": "",
    "letters": "x",
    "digits": "1",
    "NUL": "a\0b",
    "no UTF-8": "a\udcff",
    "long": "x" * 20_000,
    "zero": 0,
    "negative": -1,
    "beyond 64 bits": 2**70,
    "far below": -(2**70),
    "fraction": 1.5,
    "nan": float("nan"),
    "bytes": b"a\xff",
    "list": [1],
    "mapping": {"a": object()},
    "object": object(),
}

NUMBERS = {"zero", "negative", "beyond 64 bits", "far below"}
TEXT = {"letters", "digits"}
TEXT_OR_NOTHING = {*TEXT, "empty", "None"}
ID_OF_AN_ACTION = {*TEXT, "empty", "NUL", "no UTF-8", "long"}
"""Any text is one, be there such an action or not."""
TAG = {*TEXT_OR_NOTHING, *NUMBERS, "True", "long", "fraction", "nan", "list"}

EVERYWHERE: dict[str, set[str]] = {
    "session": {"None"},
    "db": set(),
    "record": set(),
    "other": set(),
    "name": {*TEXT, "None"},
    "tags": {"None"},
    "uris": {*TEXT, "None"},
    "remove_tags": {*TEXT, "None"},
    "sha256": {"empty", "None"},
    "size_bytes": {"zero", "None"},
    "states": {"None"},
    "correction": {"True"},
    "reason": TEXT_OR_NOTHING,
    "author": TEXT_OR_NOTHING,
    "by": TEXT_OR_NOTHING,
    "cause": TEXT_OR_NOTHING,
    "expected_version": {"None"},
    "version": set(),
    "from_": set(),
    "to": set(),
    "key": {*TEXT, "empty"},
    "value": TAG,
    "type_": set(),
    "uri": TEXT,
    "kinds": {"None"},
    "depth": {"None"},
    "limit": {"None"},
    "as_of": {"None"},
    "only_valid": {"True"},
    "by_data": {"True"},
    "cascade": {"True"},
    "follow_order": {"True"},
    "perform_invalidation_action": {"True"},
    "perform_invalidation_action_on_cascade": {"True"},
    "root_invalidation": {"None"},
    "recall_id": set(),
    "record_id": NUMBERS,
    "invalidation_action_id": ID_OF_AN_ACTION,
    "action_type": set(),
    "cmd": TEXT,
    "params": {"None"},
    "only_standing": {"True"},
}
"""What a parameter of this name takes in all methods."""

ACCEPTED: dict[tuple[str, str], set[str]] = {
    ("__init__", "db"): {"None"},
    ("__init__", "name"): TEXT_OR_NOTHING,
    ("__init__", "timestamp"): {"None"},
    ("__init__", "debug"): set(HOSTILE),
    ("__init__", "kind"): {"None"},
    ("__init__", "uris"): TEXT_OR_NOTHING,
    ("invalidate", "cause"): TEXT,
    ("add_invalidation_action", "name"): TEXT,
    ("paths_to", "limit"): set(),
    ("update", "records"): set(),
    ("recall_plan", "recalls"): set(),
    ("search", "where"): {"None"},
    ("search", "uri"): {*TEXT, "None"},
    ("search", "run_id"): {*TEXT, "None"},
    ("search", "valid"): {"True", "None"},
    ("search", "since"): {"None"},
    ("search", "until"): {"None"},
    ("search", "sort"): {"letters", "None"},
    ("search", "reverse"): {"True"},
    ("digits", "count"): set(),
    ("BraidTagValue", "value"): set(HOSTILE),
}
"""What else a parameter takes in one method, instead of that."""

WITHIN: dict[type, set[str]] = {
    BraidDB: {"read"},
    BraidModel: {"of_view", "stand"},
    Session: {"add", "afterwards", "read", "stood", "touch", "write"},
}
"""What the modules of the API call of each other, with what they have read already."""


class Call(NamedTuple):
    """One callable of the API with arguments that it takes.

    :param given: the arguments by their names; those of ``*name`` as a list.
    """

    name: str
    function: Callable[..., Any]
    given: Mapping[str, Any]

    def parameters(self) -> Iterator[inspect.Parameter]:
        """Yield the parameters that a caller may set; what only swallows keywords is none."""
        yield from parameters_of(self.function)

    def accepted(self, parameter: str) -> set[str]:
        """Return which hostile values a parameter takes.

        :raises KeyError: if it stands in no table.
        """
        own = ACCEPTED.get((self.name, parameter))
        return EVERYWHERE[parameter] if own is None else own

    def run(self, parameter: str, value: Any) -> Any:
        """Call it with one argument changed; what is yielded is read to the end."""
        given, places = {**self.given, parameter: value}, []
        for one in self.parameters():
            if one.kind is inspect.Parameter.VAR_POSITIONAL:
                places = [given.pop(one.name)] if one.name in given else []
        answer = self.function(*places, **given)
        return list(answer) if isinstance(answer, Iterator) else answer


class Story(NamedTuple):
    """Some records, one of which has two versions, and what they are asked and told."""

    db: BraidDB
    model: BraidModel
    scan: BraidData

    def calls(self) -> Iterator[Call]:
        """Yield every public callable of the API, with arguments that it takes."""
        for thing in (self.db, self.model):
            for name in sorted(public_methods(type(thing))):
                yield Call(name, getattr(thing, name), self._given(thing, name))
        yield Call("__init__", BraidRecord, {"db": self.db, "name": "made"})
        yield Call("digits", digits, {})
        yield Call("BraidTagValue", BraidTagValue, {"value": 1, "type_": BraidTagType.INTEGER})

    def _given(self, thing: object, name: str) -> dict[str, Any]:
        tag, number = {"key": "k", "value": "v"}, {"record_id": self.model.record_id}
        told: dict[str, dict[str, Any]] = {
            "add_derivation": {"record": self.scan},
            "add_invalidation_action": {"action_type": "shell", "name": "tell", "cmd": "true"},
            "add_tag": tag,
            "add_uri": {"uri": "file:///data/one"},
            "at_version": {"version": 1},
            "by_record_id": {"db": self.db, **number},
            "common_ancestors": {"other": self.scan},
            "diff": {"from_": 1, "to": 2},
            "for_tag_value": {"db": self.db, **tag},
            "get_derivations": number,
            "get_predecessors": number,
            "get_tags": number,
            "get_uris": number if thing is self.db else {},
            "invalidate": {"cause": "wrong"},
            "invalidate_by_tag_value": {"db": self.db, **tag},
            "paths_to": {"other": self.scan},
            "restore": {"version": 1},
            "set_invalidation_action": {"invalidation_action_id": "none"},
        }
        return told.get(name, {})


def public_methods(kind: type) -> set[str]:
    """Return the methods of a class that its users may call."""
    named = {name for name, _ in inspect.getmembers(kind, callable) if not name.startswith("_")}
    return named - WITHIN[kind]


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters that a caller may set; what only swallows keywords is none."""
    found = inspect.signature(function).parameters.values()
    return [one for one in found if one.kind is not inspect.Parameter.VAR_KEYWORD]
