"""What stands where in a run's state comes from which actions, and how a state moves it.

The same rules serve twice: before a run, over all the ways that it may take, and after it, along
the way that its log says it took.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from braid_db.flows import jsonpath
from braid_db.flows.instrumenting.reading import ROOT, Path, State, members, result_path
from braid_db.flows.instrumenting.reads import (
    EXPRESSION,
    REFERENCE,
    in_field,
    reads_of,
    taken_by,
)
from braid_db.flows.scope import CONTEXT

DEEPEST_PLACE = 8
MOST_PLACES = 1000
"""How deep places are told apart, and how many: a loop that nests its state has no end of them.

What stands deeper counts for all that stands where they end, so that too much may be named then.
"""

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class Origins(Generic[T]):
    """Which executions of actions what stands in a run's state may come from.

    :param places: those of what stands at a path, and at no longer one that is listed.
    :param deepest: how long these paths are at most; it never grows on the way through a flow.
    """

    places: Mapping[Path, frozenset[T]]
    deepest: int = DEEPEST_PLACE

    def of(self, path: Path) -> frozenset[T]:
        """Return what is read at a path comes from: all of it, and all that stands below."""
        if path[:1] == (CONTEXT,):
            return frozenset()  # no state can write there
        below = [names for place, names in self.places.items() if place[: len(path)] == path]
        return self.at(path).union(*below)

    def at(self, path: Path) -> frozenset[T]:
        """Return what was written at a path, as a whole, comes from."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return frozenset()

    @property
    def all(self) -> frozenset[T]:
        """What anything in the state comes from."""
        return self.of(ROOT)

    def read_by(self, state: State) -> frozenset[T]:
        """Return what a state is given comes from."""
        return frozenset[T]().union(*(self.of(path) for path in taken_by(state)))

    def written(self, new: Mapping[Path, frozenset[T]], *, is_part: bool = False) -> Origins[T]:
        """Return what is so after something was written; the shortest path holds the rest.

        :param is_part: whether it takes the place of one item of the list that stands there.
        """
        if not new:
            return self
        over = min(new, key=len)
        places = {at: of for at, of in self.places.items() if at[: len(over)] != over}
        if is_part:
            places[over] = self.of(over)
        for place, names in new.items():
            places[place] = names | places.get(place, frozenset())
        return _bounded(places, self.deepest)

    def left_by(self, fields: State, names: frozenset[T]) -> Origins[T]:
        """Return what is so after an action, or a Catch, has written where it says."""
        return self.written({result_path(fields): names}, is_part=writes_item(fields))

    def after(self, state: State) -> Origins[T]:
        """Return what is so after a state that is no action of its own."""
        return self.written(moved_by(state, self), is_part=writes_item(state))

    def joined(self, other: Origins[T]) -> Origins[T]:
        """Return what may be so where two ways meet."""
        both = {*self.places, *other.places}
        places = {place: self.at(place) | other.at(place) for place in both}
        return _bounded(places, min(self.deepest, other.deepest))


def _bounded(places: Mapping[Path, frozenset[T]], deepest: int) -> Origins[T]:
    """Return origins with no more places than are told apart, and none of them deeper."""
    found = _cut(places, deepest)
    while len(found) > MOST_PLACES and deepest > 1:
        deepest -= 1
        found = _cut(found, deepest)
    return Origins(found, deepest)


def _cut(places: Mapping[Path, frozenset[T]], deepest: int) -> Mapping[Path, frozenset[T]]:
    """Return places of which those that are deeper count where they end."""
    deeper = [place for place in places if len(place) > deepest]
    if not deeper:
        return places
    whole = Origins(places)
    found = {place: names for place, names in places.items() if len(place) <= deepest}
    for place in deeper:
        end = place[:deepest]
        found[end] = found.get(end, whole.at(end)) | places[place]
    return found


def moved_by(state: State, origins: Origins[T]) -> Mapping[Path, frozenset[T]]:
    """Return what a state writes that is no action of its own, and what that comes from."""
    if state["Type"] in ("Choice", "Wait", "Fail") or is_identity(state):
        return {}
    path = result_path(state)
    if state["Type"] in ("Pass", "ExpressionEval") and "Parameters" in state:
        return {path: frozenset(), **dict(_fields(path, state["Parameters"], origins))}
    if state["Type"] == "Pass" and "Result" not in state:
        return dict(_copied(state.get("InputPath", "$"), path, origins))
    return {path: read_by_any(state, origins)}


def read_by_any(state: State, origins: Origins[T]) -> frozenset[T]:
    """Return what a state of any type may have made its result of."""
    return frozenset[T]().union(*(origins.of(path) for path in reads_of(state)))


def writes_item(fields: State) -> bool:
    """Return whether a state or catcher writes one item of a list, and leaves the others."""
    steps = jsonpath.parse(fields.get("ResultPath", "$")).steps
    return len(steps) > len(result_path(fields))


def is_identity(state: State) -> bool:
    """Return whether a Pass leaves the whole state as it is."""
    takes_all = not state.keys() & {"Parameters", "Result"} and state.get("InputPath", "$") == "$"
    return state["Type"] == "Pass" and takes_all and result_path(state) == ROOT


def _fields(
    path: Path, parameters: Mapping[str, Any], origins: Origins[T]
) -> Iterator[tuple[Path, frozenset[T]]]:
    """Yield what each field of Parameters comes from, down to those that are no objects."""
    for key, value in parameters.items():
        place = (*path, key.removesuffix(REFERENCE).removesuffix(EXPRESSION))
        if isinstance(value, dict):
            yield place, frozenset()
            yield from _fields(place, value, origins)
        elif key.endswith(REFERENCE) and key != REFERENCE:
            yield from _copied(value, place, origins)
        else:
            read = (origins.of(one) for one in in_field(key, value))
            yield place, frozenset[T]().union(*read)


def _copied(source: str, place: Path, origins: Origins[T]) -> Iterator[tuple[Path, frozenset[T]]]:
    """Yield what a copy comes from, member by member where the path goes through no list."""
    taken = members(source)
    if taken[:1] == (CONTEXT,):
        yield place, frozenset()
        return
    if len(jsonpath.parse(source).steps) > len(taken):
        yield place, origins.of(taken)
        return
    yield place, origins.at(taken)
    for at, names in origins.places.items():
        if at[: len(taken)] == taken and len(at) > len(taken):
            yield (*place, *at[len(taken) :]), names
