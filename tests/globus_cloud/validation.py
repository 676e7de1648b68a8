"""What Globus Flows finds wrong: with a definition, an input schema, an input.

Each finding is ``{"loc", "msg", "type"}``, as the service tells it. Definitions are held to what
the schema says that the service publishes, and to what that cannot say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker, SchemaError
from jsonschema.validators import validator_for

Finding = dict[str, Any]

_SCHEMA = json.loads(Path(__file__).with_name("flow_definition_schema.json").read_text())
_FLOW = Draft202012Validator(_SCHEMA, format_checker=FormatChecker())
_LAST = ("Choice", "Fail")
"""The types of state that have no Next and no End."""


def in_definition(definition: Any) -> list[Finding]:
    """Return what is wrong with a definition."""
    found = list(by_schema(definition, ["definition"]))
    if found:
        return found
    states = definition["States"]
    for name, state in states.items():
        found += _in_state(state, ["definition", "States", name])
    return found or list(_targets(definition["StartAt"], states))


def in_input_schema(schema: Any) -> list[Finding]:
    """Return what is wrong with an input schema."""
    if not isinstance(schema, dict):
        return [_finding(["input_schema"], "value is not a valid dict")]
    try:
        validator_for(schema, default=Draft7Validator).check_schema(schema)
    except SchemaError as error:
        return [_finding(["input_schema", *error.absolute_path], error.message)]
    return []


def in_input(body: Any, schema: dict[str, Any]) -> list[Finding]:
    """Return where an input is not as its schema wants it."""
    validator = validator_for(schema, default=Draft7Validator)(schema)
    return [
        _finding([error.json_path], error.message, "InvalidActionInput")
        for error in validator.iter_errors(body)
    ]


def _in_state(state: dict[str, Any], where: list[Any]) -> Iterator[Finding]:
    kind = state["Type"]
    if kind not in _LAST and ("Next" in state) == ("End" in state):
        yield _finding(
            where,
            f"A state of type '{kind}' must be defined as either terminal (\"End\": true) or "
            f'transitional ("Next": "NextStateId")',
        )


def _targets(start: str, states: dict[str, Any]) -> Iterator[Finding]:
    """Yield where a state is named that is not there."""
    named = [(["definition", "StartAt"], start)]
    for name, state in states.items():
        where = ["definition", "States", name]
        for field in ("Next", "Default"):
            named += [([*where, field], state[field])] if field in state else []
        for field in ("Choices", "Catch"):
            for number, each in enumerate(state.get(field, ())):
                named.append(([*where, field, number, "Next"], each["Next"]))
    for where, target in named:
        if target not in states:
            yield _finding(where, f"There is no state named {target!r}")


def by_schema(value: Any, where: list[Any]) -> Iterable[Finding]:
    """Yield where a definition is not of the form that the schema asks for."""
    for error in _FLOW.iter_errors(value):
        yield _finding([*where, *error.absolute_path], error.message)


def _finding(where: list[Any], message: str, kind: str = "value_error") -> Finding:
    return {"loc": where, "msg": message, "type": kind}
