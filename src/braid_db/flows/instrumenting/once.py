"""Mode *once*: no step in between; one step on every way out records all that ran.

Each state that is added costs a run the time in which the service looks for its end. What the
run's state no longer holds at the end cannot be recorded so; its log knows it.
"""

from __future__ import annotations

from typing import Any

from braid_db.flows.definition import CATCHING
from braid_db.flows.instrumenting.calling import (
    ALL,
    RUN,
    Caller,
    Document,
    end_state,
    failing,
    moved,
    noted,
)
from braid_db.flows.instrumenting.dataflow import NOTHING, Facts
from braid_db.flows.instrumenting.each import add_catcher
from braid_db.flows.instrumenting.kept import Given
from braid_db.flows.instrumenting.naming import Naming, get
from braid_db.flows.instrumenting.reading import (
    ROOT,
    State,
    States,
    edges,
    is_private,
    is_transfer,
    result_path,
)

FUNCTION = "record_flow_run"
RESULT, CAUGHT, FAILED, RECORD = "result", "caught", "failed", "record"


class Once:
    """Adds one record of all that ran to each way out of a definition, which it changes.

    :param facts: what may be so at each state that can be reached.
    :ivar added: the new states, each with the state of the flow that it belongs to.
    """

    def __init__(
        self, states: States, facts: dict[str, Facts], naming: Naming, caller: Caller
    ) -> None:
        self._states = states
        self._facts = facts
        self._naming = naming
        self._caller = caller
        self._recorded: list[str] = []
        self._steps: list[dict[str, Any]] = []
        self._end: str | None = None
        self._failure: str | None = None
        self._entries: dict[str, str] = {}
        self.added: list[tuple[str, str, State]] = []

    def weave(self, definition: dict[str, Any], recorded: list[str]) -> None:
        """Have actions recorded, and lead every way out through the step that does it."""
        if not recorded:
            return
        self._recorded = recorded
        self._steps = [self._step(name) for name in recorded]
        for name in self._facts:
            self._record_before_or_after(name, self._states[name])
        self._enter(definition)

    def _record_before_or_after(self, name: str, state: State) -> None:
        if state["Type"] != "Action" and ("End" in state or state["Type"] == "Fail"):
            self._record_before(name)
            return
        if "End" in state:
            self._record_after(name, state)
        if state["Type"] in CATCHING:
            self._record_failure(name, state)

    def _record_before(self, name: str) -> None:
        """Record before a last state that nothing is recorded of, which may replace the state."""
        if self._facts[name].last != {NOTHING}:
            record = self._naming.state("RecordRun", name)
            self._entries[name] = record
            self._add(name, record, self._record(f"before {name}", self._steps), name)

    def _record_after(self, name: str, state: State) -> None:
        """Record after a last action; what replaces the state is put there afterwards."""
        del state["End"]
        record = self._naming.state("RecordRun", name)
        state["Next"], steps, follow = record, self._steps, None
        if result_path(state) == ROOT:
            path = self._naming.path(RESULT)
            put = self._naming.state("PutResult", name)
            comment = f"Puts what {name} left in place of the whole state, as it would itself."
            self._add(name, put, moved(comment, path, state), None)
            state["ResultPath"], follow = path, put
            steps = [
                {**step, "outcomes": [*_found(Document(name, path)), *step["outcomes"]]}
                if step["step_name"] == name
                else step
                for step in steps
            ]
        self._add(name, record, self._record(f"after {name}", steps), follow)

    def _record_failure(self, name: str, state: State) -> None:
        """Record before a run fails by an error that nothing catches."""
        may_have_run = name in self._recorded or self._facts[name].last != {NOTHING}
        if not may_have_run or any(ALL in each["ErrorEquals"] for each in state.get("Catch", [])):
            return
        note, caught = self._naming.state("NoteFailure", name), self._naming.path(CAUGHT)
        self._add(name, note, noted(name, caught, self._naming.path(FAILED)), self._failed_run())
        add_catcher(state, caught, note)

    def _failed_run(self) -> str:
        """Return the state that records a run which then fails, as it would have."""
        if self._failure is None:
            self._failure = self._naming.state("RecordFailure", "Run")
            fail = self._naming.state("Fail", "Run")
            self._add("", self._failure, self._record("as it fails", self._steps), fail)
            places = self._naming.path(CAUGHT), self._naming.path(FAILED)
            self.added.append(("", fail, failing("the state that failed", *places)))
        return self._failure

    def _record(self, when: str, steps: list[dict[str, Any]]) -> State:
        # Only a run that went on here after it had failed has an earlier record of itself.
        earlier = {"previous_step_output.=": self._naming.get(RECORD)}
        arguments = {"steps": steps, **RUN, **earlier}
        comment = f"Records what ran in the run, {when}."
        return self._caller.call(comment, FUNCTION, arguments, self._naming.path(RECORD))

    def _add(self, of: str, name: str, state: State, follow: str | None) -> None:
        if state["Type"] == "Action" and not self._caller.strict:
            add_catcher(state, state["ResultPath"], follow or self._end_name())
        if follow is None:
            state["End"] = True
        else:
            state["Next"] = follow
        self.added.append((of, name, state))

    def _end_name(self) -> str:
        if self._end is None:
            self._end = self._naming.state("End", "Run")
            self.added.append(("", self._end, end_state()))
        return self._end

    def _step(self, name: str) -> dict[str, Any]:
        """Return what the record is told of one state."""
        state = self._states[name]
        hidden = is_private(result_path(state))
        own = Document(name, state.get("ResultPath", "$"), is_private=hidden)
        outcomes = _found(own) + self._caught(name, state, hidden=hidden)
        given = Given(self._states, name, self._ran(name, state)).fields
        sources = self._facts[name].origins.read_by(state)
        after = sorted({one.action for one in sources if not one.is_earlier})
        rounds = sorted({one.action for one in sources if one.is_earlier})
        return {
            "step_name": name,
            **({"is_transfer": True} if is_transfer(state) else {}),
            "outcomes": outcomes,
            **(given if not is_transfer(state) or _has_items(given) else {}),
            **({"after": after} if after else {}),
            **({"after_rounds": rounds} if rounds else {}),
        }

    def _caught(self, name: str, state: State, *, hidden: bool) -> list[dict[str, Any]]:
        """Return where an error of a state may stand."""
        places = {each.get("ResultPath", "$") for each in state.get("Catch", [])}
        found: list[dict[str, Any]] = []
        if "$" in places and not hidden:
            whole = {"Error.=": get("$.Error"), "Cause.=": get("$.Cause")}
            found.append({"error": whole, "is_shared": True})
        for place in sorted(places - {"$"}):
            is_shared = len(self._catching_at(place)) > 1
            error = _error(Document(name, place, is_error=True, is_private=hidden))
            found.append({**error, **({"is_shared": True} if is_shared else {})})
        mine = f"{self._naming.get(FAILED, 'state_name')} == {name!r}"
        caught = _error(Document(name, self._naming.path(CAUGHT), is_error=True, is_private=hidden))
        if "error.=" in caught:
            caught["error.="] += f" if {mine} else None"
        caught["ended_run"] = True
        return [*found, caught]

    def _catching_at(self, place: str) -> list[str]:
        return [
            name
            for name, state in self._states.items()
            if any(catcher.get("ResultPath") == place for catcher in state.get("Catch", []))
        ]

    def _ran(self, name: str, state: State) -> str:
        """Return the expression of whether a state was executed, as far as the end can tell.

        Where it is wrongly taken to be, what it was given may not be there, which ends the run. So
        what another state may have left at the same place counts only if it names this one.
        """
        own = state.get("ResultPath", "$")
        if result_path(state) == ROOT and "End" in state:
            own = self._naming.path(RESULT)
        named = [self._naming.path(FAILED), own]
        places = {each["ResultPath"] for each in state.get("Catch", []) if "ResultPath" in each}
        alone = {place for place in places if len(self._catching_at(place)) == 1}
        named += [f"{place}.Cause" for place in sorted(places - alone)]
        ran = [f"{get(f'{path}.state_name')} == {name!r}" for path in named]
        ran += [f"{get(f'{place}.Error')} is not None" for place in sorted(alone)]
        return " or ".join(ran)

    def _enter(self, definition: dict[str, Any]) -> None:
        """Lead every way to a last state through its record."""
        added = {name for _, name, _ in self.added}
        for name, state in [*self._states.items(), *((each, its) for _, each, its in self.added)]:
            for holder, field in edges(state):
                entry = self._entries.get(holder[field])
                if entry is not None and not (name in added and name == entry):
                    holder[field] = entry
        start = definition["StartAt"]
        definition["StartAt"] = self._entries.get(start, start)


def _found(document: Document) -> list[dict[str, Any]]:
    """Return the outcome of an action that came to its end, if it did."""
    if document.path == "$" or document.is_private:
        parts = ("state_name", "action_id", "status", "start_time", "completion_time", "creator_id")
        told: dict[str, Any] = {f"{part}.=": document.part(part) for part in parts}
        details = {} if document.is_private else {"details.=": document.part("details")}
        return [{"document": {**told, **(details or {"details": {}})}}]
    return [{"document.=": get(document.path)}]


def _error(document: Document) -> dict[str, Any]:
    """Return the outcome of an action that failed, if it did."""
    if not document.is_private:
        return {"error.=": get(document.path)}
    cause = {f"{part}.=": document.part(part) for part in ("state_name", "action_id", "start_time")}
    return {"error": {"Error.=": get(f"{document.path}.Error"), "Cause": cause}}


def _has_items(given: dict[str, Any]) -> bool:
    told = given.get("given")
    return not isinstance(told, dict) or any(
        key.startswith(("DATA", "transfer_items")) for key in told
    )
