"""What a flow's input schema and a sample of its input say of the run's state at its start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from braid_db.errors import shown
from braid_db.flows.checking.finding import Finding, error, listed, warning
from braid_db.flows.checking.published import written
from braid_db.flows.checking.shape import (
    ABSENT,
    GIVEN,
    OPEN,
    UNASKED,
    UNKNOWN,
    Member,
    Shape,
    of_value,
)
from braid_db.flows.errors import FlowInputInvalid
from braid_db.flows.scope import CONTEXT, is_too_deep

_ANY_INPUT = Shape({}, frozenset({OPEN}))
_DEEPEST = 12
_SEVERAL = ("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "patternProperties")
"""Words by which a schema says more of an object's members than its properties."""


def shape_of_input(schema: Any, run_input: Any) -> Shape:
    """Return how the state of a run may look at its start.

    A run may have any input that the schema allows; the sample counts where there is no schema.
    """
    if schema is not None:
        return _of_schema(schema, _DEEPEST)
    return _ANY_INPUT if run_input is None else of_value(run_input, GIVEN)


def input_findings(schema: Any, run_input: Any) -> Iterator[Finding]:
    """Yield what in a sample of the input its schema does not allow or ask for.

    :raises FlowInputInvalid: if the schema is none.
    """
    if schema is not None:
        _check_schema(schema)
    if run_input is None:
        return
    if not isinstance(run_input, dict) or is_too_deep(run_input):
        yield error("input-invalid", None, "input", "It is no object.", "Write a JSON object.")
        return
    if CONTEXT in run_input:
        yield error(
            "input-invalid",
            None,
            f"input.{CONTEXT}",
            "It would hide the run's context.",
            "Name it otherwise.",
        )
    if schema is not None:
        yield from _violations(schema, run_input)
        yield from _not_asked_for(schema, run_input)


def _of_schema(schema: Any, depth: int) -> Shape:
    if not isinstance(schema, dict) or depth == 0 or schema.keys() & set(_SEVERAL):
        return _ANY_INPUT
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        is_value = schema.get("type", "object") not in ("object", ["object"])
        return Shape() if is_value and isinstance(schema["type"], str) else _ANY_INPUT
    required = dict.fromkeys(schema.get("required", []))
    members = {
        name: Member(
            frozenset({GIVEN} if name in required else {GIVEN, ABSENT}),
            _of_schema(inner, depth - 1),
        )
        for name, inner in {**required, **properties}.items()
    }
    others = schema.get("additionalProperties", True)
    closed = others is False or schema.get("unevaluatedProperties") is False
    rest = ABSENT if closed else UNASKED if others is True or others == {} else UNKNOWN
    return Shape(members, frozenset({rest}))


def _check_schema(schema: Any) -> None:
    from jsonschema import SchemaError
    from jsonschema.validators import validator_for

    if not isinstance(schema, dict) or is_too_deep(schema):
        raise FlowInputInvalid("A flow's input schema is a JSON object that describes an object.")
    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as wrong:
        place = written(tuple(wrong.absolute_path)) or "its top"
        raise FlowInputInvalid(
            f"The input schema is no JSON Schema: at {place} it has {shown(wrong.instance)}; "
            f"compare it with the schema's language."
        ) from None


def _violations(schema: dict[str, Any], run_input: dict[str, Any]) -> Iterator[Finding]:
    from jsonschema.exceptions import relevance
    from jsonschema.validators import validator_for
    from jsonschema_specifications import REGISTRY
    from referencing.exceptions import Unresolvable

    # The library's own registry would fetch what a schema refers to from wherever it says.
    validator = validator_for(schema)(schema, registry=REGISTRY)
    try:
        violations = sorted(validator.iter_errors(run_input), key=relevance)
    except (Unresolvable, RecursionError):
        raise FlowInputInvalid(
            "The input schema refers to what is not in it, or to itself without end; "
            "write out what it refers to under '$defs'."
        ) from None
    for wrong in violations:
        field = written(("input", *wrong.absolute_path))
        sentence, mend = _in_words(wrong)
        yield error("input-invalid", None, field, sentence, mend)


def _in_words(wrong: Any) -> tuple[str, str]:
    """Return a violation of the input schema as a sentence, and how to mend it."""
    told, is_object = wrong.validator_value, isinstance(wrong.instance, dict)
    if wrong.validator == "required" and is_object:
        missing = [name for name in told if name not in wrong.instance]
        return f"It lacks {listed(missing)}, which the schema requires.", "Add it."
    if wrong.validator == "additionalProperties" and is_object:
        known = wrong.schema.get("properties", {})
        more = [name for name in wrong.instance if name not in known]
        return f"It has {listed(more)}, which the schema does not allow.", "Take it out."
    return (
        f"It is {shown(wrong.instance)}, which the schema does not allow.",
        f"Its {wrong.validator} is {shown(told)} there.",
    )


def _not_asked_for(schema: dict[str, Any], run_input: dict[str, Any]) -> Iterator[Finding]:
    shape = _of_schema(schema, 1)
    for name in run_input:
        if shape.member(name).how == {UNASKED}:
            yield warning(
                "input-not-asked-for",
                None,
                f"input.{name}",
                "The input has it, and its schema does not ask for it.",
                "Add it to the schema's properties, or take it out.",
            )
