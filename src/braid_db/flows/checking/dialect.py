"""What the service's dialect asks of a definition and its published schema cannot say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from braid_db.errors import BraidError
from braid_db.flows import expressions
from braid_db.flows.checking.finding import Finding, error, listed
from braid_db.flows.checking.reads import computed_in, reads_in
from braid_db.flows.definition import check_state
from braid_db.flows.errors import FlowDefinitionInvalid
from braid_db.flows.instrumenting.reads import EXPRESSION

_FIELD = re.compile(
    r"\b(?:(?:Catch|Choices)\[\d+\][\w.\[\]]*|\w+Path|(?:Next|End|Default|Choices|Parameters|Handler"
    r"|ActionUrl|ActionScope|WaitTime|RunAs|Seconds|Timestamp|Error|Cause|Result)\b)"
)


def old_dialect_findings(states: dict[str, Any]) -> Iterator[Finding]:
    """Yield the one finding of a definition in the service's dialect of 2020."""
    old = [name for name, state in states.items() if isinstance(state, dict) and _is_old(state)]
    if old:
        first = states[old[0]]
        yield error(
            "dialect-of-2020",
            old[0],
            "Resource" if "Resource" in first else "Type",
            f"The definition is in the dialect of 2020, which the service accepts no more: "
            f"in {listed(old)}.",
            "Name the provider by ActionUrl instead of Resource, and take out the ActionWait "
            "states: an Action now waits for its own end, up to its WaitTime.",
        )


def _is_old(state: dict[str, Any]) -> bool:
    is_action = state.get("Type") == "Action" and not state.keys() & {"ActionUrl", "Handler"}
    return state.get("Type") == "ActionWait" or (is_action and "Resource" in state)


def dialect_findings(states: dict[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with states that the published schema accepts."""
    for name, state in states.items():
        found = list(_of_parameters(name, state))
        yield from found
        if not found:
            yield from _of_state(name, state)


def _of_parameters(name: str, state: dict[str, Any]) -> Iterator[Finding]:
    """Yield what of the Parameters cannot be read."""
    for computed in computed_in(state.get("Parameters")):
        is_expression = computed.key.endswith(EXPRESSION)
        code = "expression-unreadable" if is_expression else "path-unreadable"
        if not isinstance(computed.value, str):
            expected = "an expression" if is_expression else "a path"
            yield error(code, name, computed.field, "It is no text.", f"Write {expected}.")
            continue
        try:
            if is_expression:
                expressions.check(computed.value, "this field")
                unknown = expressions.unknown_functions(computed.value)
                if unknown:
                    yield error(
                        "expression-unreadable",
                        name,
                        computed.field,
                        f"Expressions have no function {listed(unknown)}.",
                        f"Those that there are: {', '.join(sorted(expressions.FUNCTIONS))}.",
                    )
                    continue
            list(reads_in(computed))
        except FlowDefinitionInvalid as refused:
            mend = "Write an expression of Python over names of the state, as in 'name + str(a.b)'."
            yield error(code, name, computed.field, *_in_two(refused, mend))


def _of_state(name: str, state: dict[str, Any]) -> Iterator[Finding]:
    """Yield the first thing that the runner would refuse of a state."""
    try:
        check_state(name, state)
    except FlowDefinitionInvalid as refused:
        sentence, mend = _in_two(refused)
        sentence = sentence.replace(f"State '{name}'", "The state")
        named = _FIELD.search(sentence)
        code = "dialect" if type(refused) is FlowDefinitionInvalid else "path-unreadable"
        yield error(code, name, named[0] if named else "", sentence, mend)


def _in_two(
    refused: BraidError, otherwise: str = "Write it as the service's dialect has it."
) -> tuple[str, str]:
    """Return what was found, and what to do: errors say the one and then the other."""
    found, _, mend = refused.message.partition("; ")
    if not mend:
        return found, otherwise
    return f"{found}.", f"{mend[0].upper()}{mend[1:]}"
