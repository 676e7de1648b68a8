"""What may be where in a run's state: whose results, and which record was the last.

Both are asked of every way through the flow, loops and Catches included, so that an answer holds
whichever way a run takes: what it names *may* be so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from braid_db.flows.instrumenting.reading import ROOT, Path, State, States, members, result_path
from braid_db.flows.instrumenting.reads import EXPRESSION, REFERENCE, in_field, reads_of

NOTHING = ""
"""No action was recorded yet."""
LOST = "$"
"""Something was, and then the state was replaced and the pointer to it with it."""

Names = frozenset[str]
NO_NAMES: Names = frozenset()


@dataclass(frozen=True)
class Facts:
    """What may be so when a state is entered.

    :param origins: the recorded actions that what stands at a path, and at no longer one that is
        listed, may come from.
    :param last: the actions that may have been recorded last, ``NOTHING`` or ``LOST``.
    """

    origins: Mapping[Path, Names]
    last: Names

    def of(self, path: Path) -> Names:
        """Return the actions that what a state reads at a path may come from."""
        below = [names for place, names in self.origins.items() if place[: len(path)] == path]
        return self.at(path).union(*below)

    def at(self, path: Path) -> Names:
        """Return the actions that what was written at a path, as a whole, may come from."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]]
        return NO_NAMES

    def written(self, new: Mapping[Path, Names]) -> Facts:
        """Return what may be so after something was written; the shortest path holds the rest."""
        if not new:
            return self
        over = min(new, key=len)
        kept = {at: of for at, of in self.origins.items() if at[: len(over)] != over}
        last = self.last
        if over == ROOT and last != {NOTHING}:
            last = frozenset({LOST, *last} & {LOST, NOTHING})
        return Facts({**kept, **new}, last)

    def joined(self, other: Facts) -> Facts:
        """Return what may be so where two ways meet."""
        places = {*self.origins, *other.origins}
        origins = {place: self.at(place) | other.at(place) for place in places}
        return Facts(origins, self.last | other.last)


BEGIN = Facts({ROOT: NO_NAMES}, frozenset({NOTHING}))


def facts_of(start: str, states: States, recorded: Names) -> dict[str, Facts]:
    """Return what may be so at each state that can be reached.

    :param recorded: the actions that get a record.
    """
    known = {start: BEGIN}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        for target, after in _after(name, states[name], known[name], recorded):
            before = known.get(target)
            joined = after if before is None else before.joined(after)
            if joined != before:
                known[target] = joined
                waiting.append(target)
    return known


def _after(name: str, state: State, facts: Facts, recorded: Names) -> Iterator[tuple[str, Facts]]:
    """Yield where a run may go on, and what may be so there."""
    mine = frozenset({name}) if name in recorded else NO_NAMES
    done = facts.written(written_by(name, state, facts, recorded))
    for field in ("Next", "Default"):
        if field in state:
            yield state[field], _recorded(done, mine)
    for rule in state.get("Choices", []):
        yield rule["Next"], facts
    came_from = mine or _origins(state, facts)
    for catcher in state.get("Catch", []):
        yield catcher["Next"], _recorded(facts.written({result_path(catcher): came_from}), mine)


def _recorded(facts: Facts, mine: Names) -> Facts:
    return Facts(facts.origins, mine) if mine else facts


def written_by(name: str, state: State, facts: Facts, recorded: Names) -> Mapping[Path, Names]:
    """Return what a state writes, and which actions it may come from."""
    if state["Type"] in ("Choice", "Wait", "Fail") or is_identity(state):
        return {}
    path = result_path(state)
    if name in recorded:
        return {path: frozenset({name})}
    if state["Type"] in ("Pass", "ExpressionEval") and "Parameters" in state:
        return {path: NO_NAMES, **dict(_fields(path, state["Parameters"], facts))}
    if state["Type"] == "Pass" and "Result" not in state:
        taken = members(state.get("InputPath", "$"))
        inside = {
            (*path, *place[len(taken) :]): names
            for place, names in facts.origins.items()
            if place[: len(taken)] == taken
        }
        return {path: facts.at(taken), **inside}
    return {path: _origins(state, facts)}


def is_identity(state: State) -> bool:
    """Return whether a Pass leaves the whole state as it is."""
    takes_all = not state.keys() & {"Parameters", "Result"} and state.get("InputPath", "$") == "$"
    return state["Type"] == "Pass" and takes_all and result_path(state) == ROOT


def _origins(state: State, facts: Facts) -> Names:
    return NO_NAMES.union(*(facts.of(path) for path in reads_of(state)))


def _fields(path: Path, parameters: Any, facts: Facts) -> Iterator[tuple[Path, Names]]:
    """Yield what each field of Parameters comes from, down to those that are no objects."""
    for key, value in parameters.items():
        place = (*path, key.removesuffix(REFERENCE).removesuffix(EXPRESSION))
        if isinstance(value, dict):
            yield place, NO_NAMES
            yield from _fields(place, value, facts)
        else:
            yield place, NO_NAMES.union(*(facts.of(read) for read in in_field(key, value)))
