"""Where values came from in one run, followed along the states that its log names.

What a definition says of any run is known here of one: which way it took, and which round of a
loop wrote what. Where the log leaves states out, all ways between those that it names are taken;
where it names what cannot follow, the definition's answer for any run stands in.
"""

from __future__ import annotations

from collections.abc import Iterator

from braid_db.flows.instrumenting.dataflow import Facts, Source
from braid_db.flows.instrumenting.origins import Origins, read_by_any
from braid_db.flows.instrumenting.reading import ROOT, State, States
from braid_db.flows.runner import catcher_of

Places = Origins[int]
"""Executions by their places among all that are told of a run."""

DOCUMENTED = ("ActionUnableToRun", "ActionFailedException", "ActionTimeout")


class Way:
    """The way of one run, as far as its log was read.

    :param start: the state that a run begins with.
    :param facts: what may be so of any run at each state.
    """

    def __init__(self, start: str | None, states: States, facts: dict[str, Facts]) -> None:
        self._states = states
        self._facts = facts
        self._here: Places = Origins({ROOT: frozenset()})
        self._at: str | None = None
        self._next: dict[str, Places] = {} if start is None else {start: self._here}
        self._by_action: dict[str, list[int]] = {}

    def enter(self, name: str) -> None:
        """Note that a state was entered; the same once more where a run went on with it."""
        if name not in self._states:
            return
        if name in self._next:
            self._here = self._next[name]
        else:
            self._here = self._after_a_gap(name)
        self._at = name
        state = self._states[name]
        # An action's end is told by itself; of other states only that a run went on.
        self._next = {} if state["Type"] == "Action" else dict(self._onward(state, self._here))

    def read(self, name: str) -> list[int]:
        """Return the executions that what an action is given came from."""
        state = self._states.get(name)
        return [] if state is None else sorted(self._here.read_by(state))

    def ended(self, name: str, place: int | None, error: str | None = None) -> None:
        """Note how an action ended.

        :param place: of its execution; None where it is not told, as it is recorded elsewhere.
        :param error: what it failed by; None where it did not.
        """
        if name not in self._states:
            return
        if name != self._at:
            self.enter(name)
        state, here = self._states[name], self._here
        if place is not None:
            self._by_action.setdefault(name, []).append(place)
        mine = read_by_any(state, here) if place is None else frozenset({place})
        caught = state.get("Catch", [])
        if error in DOCUMENTED:
            catcher = catcher_of(state, error)
            caught = [] if catcher is None else [catcher]
        self._next = {}
        for catcher in caught if error is not None else ():
            self._add(self._next, catcher["Next"], here.left_by(catcher, mine))
        if error not in DOCUMENTED and "Next" in state:
            self._add(self._next, state["Next"], here.left_by(state, mine))

    def _onward(self, state: State, here: Places) -> Iterator[tuple[str, Places]]:
        """Yield where a state that is no action may lead, and what is so there."""
        found: dict[str, Places] = {}
        done = here.after(state)
        targets = [state[field] for field in ("Next", "Default") if field in state]
        for target in (*targets, *(rule["Next"] for rule in state.get("Choices", []))):
            self._add(found, target, done)
        for catcher in state.get("Catch", []):
            left = here.left_by(catcher, read_by_any(state, here))
            self._add(found, catcher["Next"], left)
        yield from found.items()

    def _after_a_gap(self, name: str) -> Places:
        """Return what is so at a state that does not follow the one before in the log.

        The same state once more is a run that went on with it, or another round of which the log
        leaves out the rest.
        """
        found = self._between(name)
        if name == self._at:
            return self._here if found is None else self._here.joined(found)
        return self._of_any_run(name) if found is None else found

    def _between(self, name: str) -> Places | None:
        """Return what is so at a state that comes after others that the log leaves out."""
        known, waiting = dict(self._next), list(self._next)
        while waiting:
            target = waiting.pop()
            if self._states[target]["Type"] == "Action":
                continue
            for onward, origins in self._onward(self._states[target], known[target]):
                before = known.get(onward)
                self._add(known, onward, origins)
                if known[onward] != before:
                    waiting.append(onward)
        return known.get(name)

    def _of_any_run(self, name: str) -> Places:
        """Return what may be so at a state whichever way was taken to it."""
        facts = self._facts.get(name)
        if facts is None:
            return Origins({ROOT: frozenset()})
        places = facts.origins.places.items()
        found = {at: frozenset(place for one in of for place in self._of(one)) for at, of in places}
        return Origins(found, facts.origins.deepest)

    def _of(self, source: Source) -> list[int]:
        known = self._by_action.get(source.action, [])
        return known if source.is_earlier else known[-1:]

    @staticmethod
    def _add(found: dict[str, Places], target: str, origins: Places) -> None:
        before = found.get(target)
        found[target] = origins if before is None else before.joined(origins)
