"""Mode *each*: after every action a step that records it.

A rolling pointer in the run's state names the record before, so that branches, joins, loops and
Catches are right without knowing which way was taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
from braid_db.flows.instrumenting.dataflow import LOST, NOTHING, Facts, carries
from braid_db.flows.instrumenting.given import given_to, public, renamed
from braid_db.flows.instrumenting.naming import MARK, Naming, get_first
from braid_db.flows.instrumenting.reading import (
    ROOT,
    State,
    States,
    edges,
    is_private,
    is_transfer,
    overlap,
    result_path,
)
from braid_db.flows.instrumenting.reads import reads_of
from braid_db.flows.instrumenting.table import PREVIOUS, STEPS, Table

RESULT, CAUGHT, GIVEN, FAILED = "result", "caught", "given", "failed"


@dataclass(frozen=True)
class Link:
    """A state to be added to a chain: its name, and the state, which leads nowhere yet."""

    name: str
    state: State


class Each:
    """Adds the records of single actions to the states of a definition, which it changes.

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
        self._end: str | None = None
        self._table = Table(naming, states, facts)
        self._entries: dict[str, str] = {}
        self.added: list[tuple[str, str, State]] = []

    def _record(self, name: str) -> None:
        """Have one action recorded, whatever comes of it."""
        state = self._states[name]
        given = self._keep_given(name, state)
        wipes = result_path(state) == ROOT
        path = self._naming.path(RESULT) if wipes else state["ResultPath"]
        document = Document(name, path, is_private=is_private(result_path(state)))
        links = self._links("Record", name, document, given, state)
        if wipes:
            links += [self._put(name, path, state)]
            state["ResultPath"] = path
        _lead(state, self._chain(name, links, state.pop("Next", None)))
        state.pop("End", None)
        self._record_failures(name, state, given)

    def weave(self, definition: dict[str, Any], recorded: list[str]) -> None:
        """Have actions recorded, and lead every way through what was added."""
        for name in recorded:
            self._record(name)
        for name in self._facts:
            if self._states[name]["Type"] in ("Pass", "ExpressionEval"):
                self._keep_table(name, self._states[name])
        self._enter(definition)

    def _keep_table(self, name: str, state: State) -> None:
        """Keep what is known of records where a state that is no action writes over it."""
        facts, target = self._facts[name], state.get("Next")
        if facts.last == {NOTHING} or target is None:
            return
        after = facts.origins.after(state)
        links: list[Link] = []
        if carries(state):
            path = self._naming.path(RESULT)
            carry = self._table.carry(name, f"{path}.{self._naming.member}", after)
            links = [Link(self._naming.state("CarryOn", name), carry), self._put(name, path, state)]
            state["ResultPath"] = path
        elif self._table.is_stale(after, facts.origins, target):
            forget = self._table.forget(name, self._naming.path(STEPS), after)
            links = [Link(self._naming.state("Forget", name), forget)]
        if links:
            state["Next"] = self._chain(name, links, target)

    def _enter(self, definition: dict[str, Any]) -> None:
        """Lead every way to an action through what has to be done before it."""
        own = [(name, name, state) for name, state in self._states.items()]
        for _, name, state in [*own, *self.added]:
            for holder, field in edges(state):
                if name != self._entries.get(holder[field]):
                    holder[field] = self._entries.get(holder[field], holder[field])
        start = definition["StartAt"]
        definition["StartAt"] = self._entries.get(start, start)

    def _keep_given(self, name: str, state: State) -> dict[str, Any]:
        """Return what the action is given, kept beforehand where its own result overwrites it."""
        given = given_to(state)
        places = [result_path(each) for each in (state, *state.get("Catch", []))]
        written = [place for place in places if place != ROOT]
        if not given or not any(overlap(a, b) for a in written for b in reads_of(state)):
            return given
        keep: State = {
            "Comment": f"{MARK}Keeps what {name} is given, which its own result overwrites.",
            "Type": "Pass",
            "ResultPath": self._naming.path(GIVEN),
            "Next": name,
        }
        source = "Parameters" if "Parameters" in state else "InputPath"
        keep[source] = public(state[source])
        self._entries[name] = self._naming.state("KeepInput", name)
        self.added.append((name, self._entries[name], keep))
        return {"given.$": self._naming.path(GIVEN)}

    def _record_failures(self, name: str, state: State, given: dict[str, Any]) -> None:
        """Have every error recorded, and one that nothing catches as well."""
        for catcher in state.get("Catch", []):
            wipes = result_path(catcher) == ROOT
            path = self._naming.path(CAUGHT) if wipes else catcher["ResultPath"]
            hidden = is_private(result_path(catcher))
            document = Document(name, path, is_error=True, is_private=hidden)
            links = self._links("RecordFailure", name, document, given, catcher)
            if wipes:
                links += [self._put(name, path, catcher)]
                catcher["ResultPath"] = path
            catcher["Next"] = self._chain(name, links, catcher["Next"])
        if any(ALL in catcher["ErrorEquals"] for catcher in state.get("Catch", [])):
            return
        path, hidden = self._naming.path(CAUGHT), is_private(result_path(state))
        document = Document(name, path, is_error=True, is_private=hidden)
        links = self._links("RecordFailure", name, document, given)[:1]  # no state reads it later
        note = self._naming.path(FAILED)
        links += [
            Link(self._naming.state("NoteFailure", name), noted(name, path, note)),
            Link(self._naming.state("Fail", name), failing(name, path, note)),
        ]
        add_catcher(state, path, self._chain(name, links, None))

    def _put(self, name: str, path: str, fields: State) -> Link:
        comment = f"Puts what {name} left in place of the whole state, as it would itself."
        return Link(self._naming.state("PutResult", name), moved(comment, path, fields))

    def _links(
        self,
        what: str,
        name: str,
        document: Document,
        given: dict[str, Any],
        fields: State | None = None,
    ) -> list[Link]:
        """Return the states that record one outcome of an action.

        :param fields: the state or catcher that says where the outcome is written; it carries the
            pointer where it replaces the whole state. None where the run ends with it.
        """
        wipes = fields is not None and result_path(fields) == ROOT
        place = f"{document.path}.{self._naming.member}" if wipes else self._naming.path()
        pointer = f"{place}.{PREVIOUS}"
        is_of_transfer = is_transfer(self._states[name])
        function = "add_transfer_request" if is_of_transfer else "add_record_for_action_step"
        make = self._transfer_arguments if is_of_transfer else self._step_arguments
        arguments = make(name, document, given) | {
            **RUN,
            "idempotency_key.=": document.key(),
            **({"previous_in_run": True} if self._may_be_lost(name, wipes=wipes) else {}),
        }
        outcome = "that it failed" if document.is_error else "what it was given and left"
        comment = f"Records {name}: {outcome}."
        state = self._caller.call(comment, function, arguments, pointer)
        links = [Link(self._naming.state(what, name), state)]
        if fields is not None:
            links += self._kept(name, fields, pointer, f"{place}.{STEPS}")
        return links

    def _kept(self, name: str, fields: State, pointer: str, path: str) -> list[Link]:
        """Return the state that keeps the record for those that read the result, if any does."""
        before = self._facts[name]
        after = before.recorded(name, fields).origins
        if name in self._table.actions:
            keep = self._table.keep(name, pointer, path, after)
            return [Link(self._naming.state("KeepRecord", name), keep)]
        target = fields.get("Next")
        if target is None or not self._table.is_stale(after, before.origins, target):
            return []
        return [Link(self._naming.state("Forget", name), self._table.forget(name, path, after))]

    def _step_arguments(
        self, name: str, document: Document, given: dict[str, Any]
    ) -> dict[str, Any]:
        tags = {**renamed(given, "parameters"), **document.error()}
        return {
            "step_name": name,
            **({"tags": tags} if tags else {}),
            **document.arguments("step_result"),
            "previous_step_output.=": self._naming.get(PREVIOUS),
            **self._data(name),
        }

    def _transfer_arguments(
        self, name: str, document: Document, given: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "previous_step_record_id.=": self._naming.get(PREVIOUS),
            **transfer_input(given),
            **transfer_result(document),
            **self._data(name),
        }

    def _data(self, name: str) -> dict[str, Any]:
        """Return whose results an action's input is made of."""
        read = self._table.read_by(name)
        return {} if read is None else {"other_predecessor_record_ids.=": read}

    def _may_be_lost(self, name: str, *, wipes: bool) -> bool:
        last = self._facts[name].last
        return LOST in last or (wipes and last != {NOTHING})

    def _chain(self, name: str, links: list[Link], follow: str | None) -> str:
        """Lead from each state to the next one and then on, and return the first one's name.

        What cannot be recorded leads on as if it had been, unless the flow is to fail then.
        """
        following = [*(link.name for link in links[1:]), follow]
        for link, target in zip(links, following, strict=True):
            if link.state["Type"] == "Action" and not self._caller.strict:
                add_catcher(link.state, link.state["ResultPath"], target or self._end_name())
            if link.state["Type"] != "Fail":
                _lead(link.state, target)
            self.added.append((name, link.name, link.state))
        return links[0].name

    def _end_name(self) -> str:
        if self._end is None:
            self._end = self._naming.state("End", "Run")
            self.added.append(("", self._end, end_state()))
        return self._end


def transfer_input(given: dict[str, Any]) -> dict[str, Any]:
    """Return what a Transfer action was given; in part where it takes the whole state."""
    if not given:
        ends = ("source_endpoint", "destination_endpoint")
        parts = {f"{end}.=": get_first(end, f"{end}_id") for end in ends}
        parts |= {"DATA.=": get_first("DATA", "transfer_items"), "label.=": get_first("label")}
        return {"transfer_input": parts}
    told = given.get("given")
    if told is not None and not {"DATA", "transfer_items"} & {
        key.partition(".")[0] for key in told
    }:
        return {}  # its items are private
    return renamed(given, "transfer_input")


def transfer_result(document: Document) -> dict[str, Any]:
    """Return what came of a Transfer action."""
    if not document.is_error:
        return document.arguments("transfer_result")
    return {
        "transfer_result": {
            "status": "FAILED",
            "details.=": document.part("details"),
            "creator_id.=": document.part("creator_id"),
            **document.error(),
        }
    }


def add_catcher(state: State, path: str, target: str) -> None:
    """Catch whatever nothing else catches.

    That the state had an empty Catch before, and not none, is kept by saying it twice.
    """
    errors = [ALL, ALL] if state.get("Catch") == [] else [ALL]
    catcher = {"ErrorEquals": errors, "ResultPath": path, "Next": target}
    state["Catch"] = [*state.get("Catch", []), catcher]


def _lead(state: State, target: str | None) -> None:
    if target is None:
        state["End"] = True
    else:
        state["Next"] = target
