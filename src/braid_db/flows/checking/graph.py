"""Ways through a flow: targets that are not there, states without a way to them, or to an end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from braid_db.errors import shown
from braid_db.flows.checking.finding import Finding, error, listed, warning
from braid_db.flows.instrumenting.reading import State, States, edges


def target_findings(definition: dict[str, Any]) -> Iterator[Finding]:
    """Yield which named states are not there; states that are no objects name none."""
    states = definition.get("States")
    if not isinstance(states, dict):
        return
    named = [(None, "StartAt", definition["StartAt"])] if "StartAt" in definition else []
    for name, state in states.items():
        if isinstance(state, dict):
            named += [(name, field, target) for field, target in _targets(state)]
    for where, field, target in named:
        if not (isinstance(target, str) and target in states):
            yield error(
                "target-missing",
                where,
                field,
                f"It names the state {shown(target)}, which is not there.",
                f"Name one of {listed(states)}.",
            )


def way_findings(definition: dict[str, Any]) -> Iterator[Finding]:
    """Yield which states no run can come to, which it cannot leave, and where it may be stuck.

    :param definition: one whose targets are all there.
    """
    states, start = definition["States"], definition["StartAt"]
    reached = closure([start], {name: list(_following(state)) for name, state in states.items()})
    for name in states:
        if name not in reached:
            yield warning(
                "state-unreachable",
                name,
                "",
                "No way through the flow leads to this state.",
                "Lead a Next to it, or take it out.",
            )
    yield from _endless(states, reached)
    for name in states:
        if name in reached and states[name]["Type"] == "Choice" and "Default" not in states[name]:
            yield warning(
                "no-default",
                name,
                "Default",
                "A run fails here if none of the rules matches.",
                "Name a Default, if that may happen.",
            )


def _endless(states: States, reached: set[str]) -> Iterator[Finding]:
    before: dict[str, list[str]] = {name: [] for name in states}
    for name, state in states.items():
        for target in _following(state):
            before[target].append(name)
    last = [name for name, state in states.items() if is_last(state) or _may_match_nothing(state)]
    stuck = [name for name in states if name in reached - closure(last, before)]
    if stuck:
        yield error(
            "no-way-out",
            stuck[0],
            "Next",
            f"A run that comes here never ends: it goes on among {listed(stuck)}.",
            'Lead one of them to a state with "End": true, or to a Fail.',
        )


def _may_match_nothing(state: State) -> bool:
    """Return whether a run may fail here as no rule matches, which ends it as well."""
    return state["Type"] == "Choice" and "Default" not in state


def is_last(state: State) -> bool:
    """Return whether a run can end with a state."""
    return bool(state.get("End")) or state["Type"] == "Fail"


def closure(begin: Iterable[str], following: dict[str, list[str]]) -> set[str]:
    """Return what can be come to, what is begun from included."""
    found: set[str] = set()
    waiting = list(begin)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += following[name]
    return found


def _following(state: State) -> Iterator[str]:
    for holder, field in edges(state):
        yield holder[field]


def _targets(state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the states that one names, even if it is not all as it should be."""
    for field in ("Next", "Default"):
        if field in state:
            yield field, state[field]
    for field in ("Choices", "Catch"):
        for index, each in enumerate(_list(state.get(field))):
            if isinstance(each, dict) and "Next" in each:
                yield f"{field}[{index}].Next", each["Next"]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
