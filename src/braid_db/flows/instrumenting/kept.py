"""What a run's state still holds at its end of what an action was given and left."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from braid_db.flows import jsonpath
from braid_db.flows.instrumenting.given import given_to
from braid_db.flows.instrumenting.naming import get
from braid_db.flows.instrumenting.origins import is_identity
from braid_db.flows.instrumenting.reading import (
    ROOT,
    Path,
    State,
    States,
    edges,
    overlap,
    result_path,
)
from braid_db.flows.instrumenting.reads import REFERENCE, in_field, is_computed

_LITERAL_OR_PATH = re.compile(r"""('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|`([^`]*)`""")


def ways_on(states: States, name: str) -> set[str]:
    """Return the states that a run may come to after one, before it comes to that one again."""
    found: set[str] = set()
    waiting = [holder[field] for holder, field in edges(states[name])]
    while waiting:
        target = waiting.pop()
        if target not in found and target != name:
            found.add(target)
            waiting += [holder[field] for holder, field in edges(states[target])]
    return found


def comes_again(states: States, name: str) -> bool:
    """Return whether a run may come to a state more than once."""
    ways = {name, *ways_on(states, name)}
    return any(holder[field] == name for way in ways for holder, field in edges(states[way]))


def writers(states: States, name: str, path: Path) -> list[str]:
    """Return the states after one that may overwrite what it left, or was given, at a path."""
    after = ways_on(states, name)
    return [
        each
        for each, state in states.items()
        if each in after and any(overlap(path, place) for place in places_of(state))
    ]


def places_of(state: State) -> list[Path]:
    """Return where a state may write: its result, or what a Catch of it caught."""
    kind = state["Type"]
    own = () if kind in ("Choice", "Wait", "Fail") or is_identity(state) else (state,)
    return [result_path(fields) for fields in (*own, *state.get("Catch", []))]


class Given:
    """What an action was given, as far as the run's end can tell.

    :param ran: the expression of whether it was executed at all.
    :ivar lost: whether something in it may have been overwritten.
    """

    def __init__(self, states: States, name: str, ran: str) -> None:
        self._states, self._name, self._ran = states, name, ran
        state = states[name]
        places = [result_path(fields) for fields in (state, *state.get("Catch", []))]
        # A last action's result replaces the state only once all is recorded.
        self._own = [place for place in places if place != ROOT or "End" not in state]
        self.lost = False
        self.fields = self._of(given_to(state))

    def _of(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._of(item) for item in value]
        if not isinstance(value, dict):
            return value
        found: dict[str, Any] = {}
        for key, inner in value.items():
            if not is_computed(key):
                found[key] = self._of(inner)
            elif self._is_there(in_field(key, inner)):
                found[f"{key[:-2]}.="] = self._guarded(key, inner)
            else:
                self.lost = True
        return found

    def _is_there(self, reads: Iterable[Path]) -> bool:
        return not any(
            any(overlap(read, place) for place in self._own)
            or writers(self._states, self._name, read)
            for read in reads
        )

    def _guarded(self, key: str, value: str) -> str:
        """Return the expression of a field that has a value only if the action was executed."""
        if key.endswith(REFERENCE):
            return get(value)
        return f"({without_backticks(value)}) if {self._ran} else None"


def without_backticks(expression: str) -> str:
    """Return an expression that reads its paths only when it comes to them."""

    def read(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1]
        jsonpath.parse(match[2])
        return get(match[2])

    return _LITERAL_OR_PATH.sub(read, expression)
