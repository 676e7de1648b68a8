"""What the published schema of definitions does not allow, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from braid_db.errors import shown
from braid_db.flows.checking.fields import MARK, STATES, Definition
from braid_db.flows.checking.finding import Finding, error, listed

Place = tuple[str | int, ...]

_EXPECTED = {
    "string_type": "a string",
    "bool_type": "a boolean",
    "int_type": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
}

_NULL_COMMENT = (
    "Take it out, or write a string; Gladier makes it of a function's docstring, and null of none."
)


def schema_findings(definition: dict[str, Any]) -> Iterator[Finding]:
    """Yield what in a definition the published schema does not allow."""
    yield from _compared(definition, Definition, None)
    states = definition.get("States")
    for name, state in states.items() if isinstance(states, dict) else ():
        yield from _of_state(name, state)


def _of_state(name: str, state: Any) -> Iterator[Finding]:
    """Compare a state with what its own type may have."""
    if not isinstance(state, dict):
        yield error("schema", name, "", f"It is {shown(state)}.", "Write an object with a Type.")
        return
    kind = state.get("Type")
    if isinstance(kind, str) and kind in STATES:
        yield from _compared(state, STATES[kind], name)
        return
    found = f"The Type is {shown(kind)}." if "Type" in state else "It has no Type."
    yield error("schema", name, "Type", found, f"Write one of {listed(STATES)}.")


def _compared(
    value: dict[str, Any], model: type[BaseModel], state: str | None
) -> Iterator[Finding]:
    try:
        model.model_validate(value)
    except ValidationError as refused:
        for problem in refused.errors(include_url=False):
            place = tuple(step for step in problem["loc"] if not str(step).startswith(MARK))
            sentence, mend = _in_words(problem, place, model)
            yield error("schema", state, written(place), sentence, mend)


def _in_words(problem: ErrorDetails, place: Place, model: type[BaseModel]) -> tuple[str, str]:
    """Return what was found at a place, and what to do."""
    value, kind = problem["input"], problem["type"]
    found = "It is null." if value is None else f"It is {shown(value)}."
    if kind == "missing":
        return f"There is no {place[-1]}.", "It is required here."
    if kind == "extra_forbidden":
        return f"There is no field '{place[-1]}' here.", _instead(place, model)
    if kind == "too_short":
        return "The list is empty.", "Give it one item or more."
    if kind == "too_few":
        return f"It has only {listed(problem['input'])}.", f"Give it {problem['ctx']['wanted']}."
    if value is None and place == ("Comment",):
        return found, _NULL_COMMENT
    context = problem.get("ctx", {})
    return found, f"Write {_EXPECTED.get(kind) or context['expected']}."


def _instead(place: Place, model: type[BaseModel]) -> str:
    known = sorted(model.model_fields)
    near = get_close_matches(str(place[-1]), known, 1)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"Take it out; there are {listed(known, 50)}." if len(place) == 1 else "Take it out."


def written(place: Place) -> str:
    """Return a place in JSON as one text, such as ``Catch[0].Next``."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in place]
    return "".join(parts).removeprefix(".")
