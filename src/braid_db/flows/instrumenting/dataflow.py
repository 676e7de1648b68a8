"""What may be where in a run's state: whose results, and which record was the last.

Both are asked of every way through the flow, loops and Catches included, so that an answer holds
whichever way a run takes: what it names *may* be so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from braid_db.flows.instrumenting.origins import Origins, moved_by, read_by_any
from braid_db.flows.instrumenting.reading import ROOT, State, States, result_path

NOTHING = ""
"""No action was recorded yet."""
LOST = "$"
"""Something was, and then the state was replaced and the pointer to it with it."""

Names = frozenset[str]
NO_NAMES: Names = frozenset()


class Source(NamedTuple):
    """An action of whose result something is made.

    :param is_earlier: whether of an execution that was followed by another one of the same action:
        what a loop gathers comes from its last round, and from earlier ones.
    """

    action: str
    is_earlier: bool = False


@dataclass(frozen=True)
class Facts:
    """What may be so when a state is entered.

    :param origins: what stands in the run's state may come from which recorded actions.
    :param last: the actions that may have been recorded last, ``NOTHING`` or ``LOST``.
    """

    origins: Origins[Source]
    last: Names

    def moved(self, origins: Origins[Source], *, is_root: bool) -> Facts:
        """Return what may be so after something was written.

        :param is_root: whether it took the place of the whole state.
        """
        last = self.last
        if is_root and last != {NOTHING}:
            last = frozenset({LOST, *last} & {LOST, NOTHING})
        return Facts(origins, last)

    def recorded(self, name: str, fields: State) -> Facts:
        """Return what may be so after an action has left something, or a Catch of it."""
        aged = {
            place: frozenset(_aged(one) if one.action == name else one for one in sources)
            for place, sources in self.origins.places.items()
        }
        before = Origins(aged, self.origins.deepest)
        done = before.left_by(fields, frozenset({Source(name)}))
        return Facts(done, frozenset({name}))

    def joined(self, other: Facts) -> Facts:
        """Return what may be so where two ways meet."""
        return Facts(self.origins.joined(other.origins), self.last | other.last)


BEGIN = Facts(Origins({ROOT: frozenset()}), frozenset({NOTHING}))


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
    origins = facts.origins
    if name in recorded:
        done = facts.recorded(name, state)
    else:
        new = moved_by(state, origins)
        is_root = ROOT in new and not carries(state)
        done = facts.moved(origins.after(state), is_root=is_root)
    for field in ("Next", "Default"):
        if field in state:
            yield state[field], done
    for rule in state.get("Choices", []):
        yield rule["Next"], facts
    for catcher in state.get("Catch", []):
        if name in recorded:
            caught = facts.recorded(name, catcher)
        else:
            left = origins.left_by(catcher, read_by_any(state, origins))
            caught = facts.moved(left, is_root=result_path(catcher) == ROOT)
        yield catcher["Next"], caught


def carries(state: State) -> bool:
    """Return whether a state makes an object that takes the place of the whole state.

    What is known of the records can be put into it. Of what an InputPath takes nobody knows
    beforehand whether it is one.
    """
    makes = state["Type"] in ("Pass", "ExpressionEval") and "Parameters" in state
    return makes and result_path(state) == ROOT


def _aged(source: Source) -> Source:
    return source._replace(is_earlier=True)
