"""Weaving provenance into a flow's definition."""

from __future__ import annotations

import copy
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from braid_db.errors import shown
from braid_db.flows.errors import FlowDefinitionInvalid
from braid_db.flows.instrumenting.calling import NOT_REGISTERED, Caller, Registered
from braid_db.flows.instrumenting.dataflow import facts_of
from braid_db.flows.instrumenting.each import Each
from braid_db.flows.instrumenting.latency import Latency, latency_of
from braid_db.flows.instrumenting.naming import Naming, added
from braid_db.flows.instrumenting.once import Once
from braid_db.flows.instrumenting.reading import State, States, is_provenance, read_states
from braid_db.flows.instrumenting.warnings import Warned, warnings_of


class Mode(StrEnum):
    """When provenance is recorded: after each action, or once at the end of a run."""

    EACH = "each"
    ONCE = "once"


@dataclass(frozen=True)
class Instrumented:
    """A definition with provenance recorded.

    :param recorded: the actions that are recorded.
    :param added: the states that were added.
    :param functions: the remote functions that they call.
    :param latency: how long a run waits for it.
    :param warnings: what a person should know of it.
    """

    definition: dict[str, Any]
    mode: Mode
    recorded: list[str]
    added: list[str]
    functions: list[str]
    latency: Latency
    warnings: list[Warned]

    @property
    def calls(self) -> int:
        """How many of the added states wait for a remote function."""
        states = self.definition["States"]
        return sum(states[name]["Type"] == "Action" for name in self.added)


def instrument(
    definition: Any,
    *,
    mode: Mode | str = Mode.EACH,
    only: Collection[str] = (),
    skip: Collection[str] = (),
    strict: bool = False,
    registered: Registered = NOT_REGISTERED,
) -> Instrumented:
    """Return a flow's definition with provenance recorded; the one that is given stays as it is.

    A Comment of null, as Gladier writes it, is left out: the published schema asks for a string.

    :param only: the actions to record; all of them when empty.
    :param skip: actions that are not recorded.
    :param strict: whether a run is to fail where its provenance cannot be recorded.
    :param registered: ids to fall back to, where the run's input is gone.
    :raises FlowDefinitionInvalid: if it is no definition that the service accepts, is instrumented
        already, or has no such actions.
    """
    states = read_states(definition)
    if added(states):
        raise FlowDefinitionInvalid(
            "The definition is instrumented already; take that out with 'braid-db flow strip'."
        )
    mode = Mode(mode)
    recorded = _chosen(states, only, skip, registered)
    result = _without_null_comments(definition)
    naming, caller = Naming(definition), Caller(registered, strict)
    facts = facts_of(definition["StartAt"], states, frozenset(recorded))
    recorded = [name for name in recorded if name in facts]
    weaving = (Each if mode is Mode.EACH else Once)(result["States"], facts, naming, caller)
    weaving.weave(result, recorded)
    result["States"] = _in_order(result["States"], weaving.added)
    names = added(result["States"])
    functions = sorted({_function(result["States"][name]) for name in names} - {""})
    warnings = warnings_of(states, recorded, facts, registered, is_once=mode is Mode.ONCE)
    latency = latency_of(result)
    return Instrumented(result, mode, recorded, names, functions, latency, warnings)


def _without_null_comments(definition: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a definition."""
    result = copy.deepcopy(definition)
    for holder in (result, *result["States"].values()):
        if holder.get("Comment", "") is None:
            del holder["Comment"]
    return result


def _chosen(
    states: States, only: Collection[str], skip: Collection[str], registered: Registered
) -> list[str]:
    """Return the actions to record, in the definition's order."""
    actions = [name for name, state in states.items() if state["Type"] == "Action"]
    wrong = [name for name in (*only, *skip) if name not in actions]
    if wrong:
        raise FlowDefinitionInvalid(
            f"There is no Action {shown(wrong[0])} to record or to skip; "
            f"there are {', '.join(sorted(actions)) or 'none'}."
        )
    known = frozenset(registered.functions.values())
    return [
        name
        for name in actions
        if name not in skip and (name in only or not (only or is_provenance(states[name], known)))
    ]


def _in_order(states: States, new: list[tuple[str, str, State]]) -> States:
    """Return all states, each new one behind the one that it belongs to."""
    result: States = {}
    for name, state in states.items():
        result[name] = state
        result.update({each: its for of, each, its in new if of == name})
    result.update({each: its for of, each, its in new if of not in states})
    return result


def _function(state: State) -> str:
    """Return the remote function that an added state calls; empty where it calls none."""
    if state["Type"] != "Action":
        return ""
    named: str = state["Parameters"]["tasks"][0]["function_id.="]
    return named.partition("functions.")[2].partition("'")[0]
