"""What a person should know of an instrumented flow, state by state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from braid_db.flows.instrumenting.calling import FUNCTIONS, Registered
from braid_db.flows.instrumenting.dataflow import LOST, NOTHING, Facts, Source, carries
from braid_db.flows.instrumenting.given import given_to
from braid_db.flows.instrumenting.kept import Given, comes_again, writers
from braid_db.flows.instrumenting.origins import is_identity
from braid_db.flows.instrumenting.reading import (
    ROOT,
    State,
    States,
    is_private,
    is_transfer,
    overlap,
    provider,
    result_path,
)
from braid_db.flows.instrumenting.reads import reads_of
from braid_db.flows.instrumenting.table import MOST_ROUNDS

_WHOLE_STATE = ("Action", "CreateWebInput", "AwaitWebInput")


class Warned(NamedTuple):
    """One sentence on one state."""

    state: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.state}: {self.sentence}"


def warnings_of(
    states: States,
    recorded: list[str],
    facts: dict[str, Facts],
    registered: Registered,
    *,
    is_once: bool,
) -> list[Warned]:
    """Return what may surprise, in the order of the states."""
    return [
        Warned(name, sentence)
        for name in states
        if name in facts
        for sentence in (
            *(_of_recorded(states[name], is_once=is_once) if name in recorded else ()),
            *(_of_once(states, name) if is_once and name in recorded else ()),
            *(_of_size(states[name]) if name in recorded else ()),
            *(_of_rounds(name, states, facts) if not is_once and name in recorded else ()),
            *_of_ids(states[name], registered),
            *(_of_end(states[name]) if is_once else _of_any(states[name], facts[name])),
        )
    ]


def _of_recorded(state: State, *, is_once: bool) -> Iterator[str]:
    writes, reads = result_path(state), reads_of(state)
    if not is_once and writes != ROOT and any(overlap(writes, read) for read in reads):
        yield (
            "its result overwrites what its Parameters read; that is kept in the run's state "
            "beforehand, twice the size for a while."
        )
    if not given_to(state):
        yield "it is given the whole state, or what is private, so that this is not recorded."
    elif ROOT in reads:
        yield "it takes the whole state: that is not recorded, and it depends on all that is in it."
    if is_private(writes):
        yield "its result is private: only its status and times are recorded."


def _of_size(state: State) -> Iterator[str]:
    """Say where the definition itself shows that there is no bound to what is told of an action.

    What a function returns is as large as whoever wrote it wants: of that, nothing is said.
    """
    told = state.get("Parameters", {})
    if is_transfer(state):
        if not any(isinstance(told.get(key), list) for key in _ITEMS):
            yield (
                "it takes its list of files from the state, and the result of its record holds two "
                "ids a file: some thousands of files come near the 200 KB that a run's state may "
                "have."
            )
    elif provider(state).rstrip("/").rpartition("/")[2] in _LISTING:
        yield f"what it lists may be long, {_WHOLE}; limit what it lists, or '--skip' it."
    elif {"tasks.$", "tasks.="} & told.keys():
        yield f"how many functions it calls is known only in a run, {_WHOLE}, one for each."


def _of_once(states: States, name: str) -> Iterator[str]:
    """Say what the run's end cannot know of an action."""
    state, later = states[name], "; 'flow reconcile' adds steps that have no record."
    if comes_again(states, name):
        yield f"it may run more than once, and only the last round is recorded{later}"
    over = writers(states, name, result_path(state))
    if over:
        yield f"what it left may be overwritten by {', '.join(over)}, and is lost then{later}"
    if Given(states, name, "True").lost:
        yield "what it was given may be overwritten by the end and is recorded only in part."
    for catcher in state.get("Catch", []):
        path = result_path(catcher)
        lost = [] if path == ROOT else writers(states, name, path)
        if path == ROOT or lost:
            yield f"its error may be lost by the end of the run, once it was caught{later}"
            return


_ITEMS = ("DATA", "transfer_items")
_LISTING = ("ls", "query")
"""The operations of Globus Transfer and of Globus Search whose answers are lists."""
_WHOLE = "and its record is given the whole result, of which a run's state may hold 200 KB"


def _of_ids(state: State, registered: Registered) -> Iterator[str]:
    """Say where the ids of the functions are lost, which are not known beforehand."""
    if registered.endpoint_id and registered.functions:
        return
    lost = (
        f"replaces the whole state, with the ids in '{FUNCTIONS}'; what runs after it is recorded "
        f"only if the ids are given at instrumentation, by '--endpoint' and '--function', or are "
        f"known from 'functions register'."
    )
    if _replaces(state) and not state.get("End"):
        yield f"it {lost}"
    if any(result_path(catcher) == ROOT for catcher in state.get("Catch", [])):
        yield f"its Catch without a ResultPath {lost}"


def _of_end(state: State) -> Iterator[str]:
    """Say where a run may end without a record of it, as nothing can be put there."""
    if state["Type"] == "Choice" and "Default" not in state:
        yield "a run that ends here, as no rule matches, is not recorded; give it a Default."


def _replaces(state: State) -> bool:
    is_writer = state["Type"] not in ("Choice", "Wait", "Fail")
    return is_writer and result_path(state) == ROOT and not is_identity(state)


def _of_any(state: State, facts: Facts) -> Iterator[str]:
    if facts.last == {NOTHING} and state["Type"] != "Action":
        return
    takes_all = ROOT in reads_of(state) and not is_identity(state)
    if takes_all and state["Type"] in (*_WHOLE_STATE, "Pass"):
        yield "it takes the whole state, which now also holds the member of the provenance."
    if not _replaces(state) or state.get("End"):
        return
    if state["Type"] != "Action" and LOST not in facts.last and not carries(state):
        yield (
            "it replaces the whole state; the step after it is linked to the run's latest one, but "
            "what it reads of earlier results is recorded only as order, until 'flow reconcile' "
            "adds it."
        )


def _of_rounds(name: str, states: States, facts: dict[str, Facts]) -> Iterator[str]:
    """Say what is kept where earlier rounds of a loop are read."""
    read = (
        known.origins.read_by(states[one])
        for one, known in facts.items()
        if states[one]["Type"] == "Action"
    )
    if any(Source(name, is_earlier=True) in sources for sources in read):
        yield (
            f"what is made of earlier rounds of it is linked to each of them: their ids stand in "
            f"the run's state, at most {MOST_ROUNDS:,}, some 10 KB; after so many the next round's "
            f"record is linked to those before it and stands for them."
        )
