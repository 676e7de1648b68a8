"""The fields that an instrumented flow asks for beside its own."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from braid_db.errors import shown
from braid_db.flows.errors import FlowInputInvalid
from braid_db.flows.instrumenting.calling import (
    ENDPOINT_ID,
    FUNCTIONS,
    NOT_REGISTERED,
    Registered,
)

_ENDPOINT = {
    "type": "string",
    "format": "uuid",
    "description": "The Globus Compute endpoint that owns the provenance database.",
}
_FUNCTIONS = "Ids of the registered functions; in a local run, their names."


def grow_schema(
    schema: Any, functions: Iterable[str], registered: Registered = NOT_REGISTERED
) -> dict[str, Any]:
    """Return the schema of a flow's input with what its instrumented definition needs.

    What is known becomes a default; what is not has to be given.

    :param functions: the remote functions that it calls.
    :raises FlowInputInvalid: if the schema is of no object, or asks for something else there.
    """
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        raise FlowInputInvalid("A flow's input schema is a JSON object that describes an object.")
    grown = copy.deepcopy(schema)
    grown.setdefault("type", "object")
    _add(grown, ENDPOINT_ID, _ENDPOINT, registered.endpoint_id)
    inner = grown["properties"].get(FUNCTIONS, {"type": "object", "description": _FUNCTIONS})
    if not isinstance(inner, dict) or inner.get("type", "object") != "object":
        raise FlowInputInvalid(
            f"The input schema has a property '{FUNCTIONS}' of type {shown(inner.get('type'))}; "
            f"the ids of the provenance functions are looked for in an object of that name."
        )
    for name in functions:
        _add(inner, name, {"type": "string"}, registered.functions.get(name))
    _put(grown, FUNCTIONS, inner, is_required=bool(inner.get("required")))
    return grown


def _add(schema: dict[str, Any], name: str, described: dict[str, Any], known: str | None) -> None:
    """Ask for a property, unless the schema does."""
    there = schema.get("properties", {}).get(name)
    new = described if known is None else {**described, "default": known}
    _put(schema, name, new if there is None else there, is_required=known is None)


def _put(schema: dict[str, Any], name: str, described: Any, *, is_required: bool) -> None:
    schema["properties"] = {**schema.get("properties", {}), name: described}
    required = schema.get("required", [])
    if is_required and name not in required:
        schema["required"] = [*required, name]
