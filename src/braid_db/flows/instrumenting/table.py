"""Whose records the next ones are linked to as data: a table in the run's state, by action.

It has the actions whose results still stand in the state and are read later. What overwrites the
last of an action's results takes the action out of it, so that where two ways meet only those of
the way that was taken are named. Of what a loop gathers it has the records of all rounds.
"""

from __future__ import annotations

from collections.abc import Iterable

from braid_db.flows.instrumenting.dataflow import Facts, Source
from braid_db.flows.instrumenting.naming import MARK, Naming, get, get_first
from braid_db.flows.instrumenting.origins import Origins
from braid_db.flows.instrumenting.reading import State, States

PREVIOUS, STEPS, RECORD, ROUNDS = "previous", "steps", "record", "rounds"

MOST_ROUNDS = 1000
"""How many rounds of an action are kept apart, as a run's state may have 200 KB: some 10 KB.

After so many the next round's record is linked to all of them and stands for them from then on.
A recall then reaches that one round too much, and still all that was gathered.
"""


class Table:
    """The records that are kept, and the expressions by which they are read.

    :param facts: what may be so at each state that can be reached.
    """

    def __init__(self, naming: Naming, states: States, facts: dict[str, Facts]) -> None:
        self._naming = naming
        self._facts = facts
        self._reads = {
            name: frozenset(known.origins.read_by(states[name]))
            for name, known in facts.items()
            if states[name]["Type"] == "Action"
        }
        wanted = [
            sources for name, sources in self._reads.items() if not is_last(sources, facts[name])
        ]
        self._wanted: frozenset[Source] = frozenset[Source]().union(*wanted)
        self.actions = frozenset(source.action for source in self._wanted)

    def read_by(self, name: str) -> str | None:
        """Return the expression of the records that an action depends on; None where on none."""
        sources = self._reads[name]
        parts = [] if is_last(sources, self._facts[name]) else self._parts(sources)
        if sources and not parts:
            parts = [self._naming.get(PREVIOUS)]
        if Source(name, is_earlier=True) in self._wanted:
            rounds = self._rounds(name)
            parts += [f"{rounds} if len({rounds}) >= {MOST_ROUNDS} else None"]
        return f"[{', '.join(parts)}]" if parts else None

    def _parts(self, sources: Iterable[Source]) -> list[str]:
        parts = []
        for name in sorted({source.action for source in sources}):
            latest, earlier = Source(name), Source(name, is_earlier=True)
            if earlier not in sources:
                parts += [self._naming.get(STEPS, self._naming.slot(name), RECORD)]
            else:
                parts += [self._rounds(name) + ("" if latest in sources else "[:-1]")]
        return parts

    def _rounds(self, name: str) -> str:
        return get(".".join((self._naming.member, STEPS, self._naming.slot(name), ROUNDS)), [])

    def keep(self, name: str, pointer: str, path: str, after: Origins[Source]) -> State:
        """Return the state that keeps the record of an action for later ones that read its result.

        :param pointer: the path of what recording it left.
        :param path: where the table stands when it is written.
        :param after: what stands where once the action has ended.
        """
        comment = f"Keeps the record of {name} for the states that read its result."
        return self._written(comment, path, after, own=(name, pointer))

    def forget(self, name: str, path: str, after: Origins[Source]) -> State:
        """Return the state that leaves only the records of what still stands in the run's state."""
        comment = f"Forgets the records of what {name} has overwritten, or keeps the others."
        return self._written(comment, path, after)

    def carry(self, name: str, path: str, after: Origins[Source]) -> State:
        """Return the state that puts the table, and the pointer, into what replaces the state."""
        comment = f"Carries on what is known of the records, where {name} replaces the whole state."
        state = self._written(comment, path, after)
        told = state["Parameters"]
        state["Parameters"] = {
            f"{PREVIOUS}.=": self._naming.get(PREVIOUS),
            **({STEPS: told} if told else {}),
        }
        return state

    def _written(
        self,
        comment: str,
        path: str,
        after: Origins[Source],
        own: tuple[str, str] | None = None,
    ) -> State:
        left = {source.action for source in after.all} & self.actions
        others = sorted(left - ({own[0]} if own else set()))
        slots = {one: self._naming.slot(one) for one in others}
        told = {f"{slot}.=": self._naming.get(STEPS, slot) for slot in slots.values()}
        return {
            "Comment": f"{MARK}{comment}",
            "Type": "ExpressionEval",
            "Parameters": {**told, **(self._own(*own) if own else {})},
            "ResultPath": path,
        }

    def _own(self, name: str, pointer: str) -> dict[str, dict[str, str]]:
        """Return the entry of an action that was just recorded.

        Where that record could not be made it has the error's name, which leads nowhere, instead
        of the record of an earlier round.
        """
        result, error = f"{pointer}.details.result", f"{pointer}.Error"
        told = {}
        if Source(name) in self._wanted:
            told[f"{RECORD}.="] = get_first(result, error)
        if Source(name, is_earlier=True) in self._wanted:
            rounds = self._rounds(name)
            one = get_first(f"{result}[0].flow_state_record_id", error)
            has_room, failed = f"len({rounds}) < {MOST_ROUNDS}", get(error)
            told[f"{ROUNDS}.="] = (
                f"({rounds} if {has_room} or {failed} else []) + "
                f"([{one}] if {has_room} or not {failed} else [])"
            )
        return {self._naming.slot(name): told}

    def is_stale(self, after: Origins[Source], before: Origins[Source], target: str) -> bool:
        """Return whether records are kept of what is overwritten here and read on another way."""
        gone = {source.action for source in before.all} - {source.action for source in after.all}
        meant = {source.action for source in self._facts[target].origins.all}
        return bool(gone & meant & self.actions)


def is_last(sources: Iterable[Source], facts: Facts) -> bool:
    """Return whether the one execution that is meant is the last one that was recorded."""
    return len(facts.last) == 1 and {Source(name) for name in facts.last} == set(sources)
