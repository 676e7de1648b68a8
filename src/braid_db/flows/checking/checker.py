"""Checking one definition: its form first, and what it does where the form is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from braid_db.errors import shown
from braid_db.flows.checking.dialect import dialect_findings, old_dialect_findings
from braid_db.flows.checking.finding import Finding, error
from braid_db.flows.checking.graph import target_findings, way_findings
from braid_db.flows.checking.inputs import input_findings, shape_of_input
from braid_db.flows.checking.privacy import privacy_findings
from braid_db.flows.checking.published import schema_findings
from braid_db.flows.checking.unwritten import unwritten_findings
from braid_db.flows.checking.urls import url_findings
from braid_db.flows.checking.ways import shapes_of
from braid_db.flows.checking.wiping import wiping_findings
from braid_db.flows.definition import check_shape
from braid_db.flows.errors import FlowDefinitionInvalid


def check(definition: Any, *, input_schema: Any = None, run_input: Any = None) -> list[Finding]:
    """Return what is wrong with a flow's definition, or may go wrong when it runs.

    Without a schema or an input, a run's input may hold anything: only what the flow itself wrote
    or lost is known then.

    :param input_schema: the JSON Schema of the flow's input.
    :param run_input: a sample of it.
    :returns: state by state within each kind; where the form is wrong, nothing else is looked at.
    :raises FlowInputInvalid: if the schema is no JSON Schema.
    """
    about_input = list(input_findings(input_schema, run_input))
    found = list(_of_form(definition))
    if not any(each.is_error for each in found):
        found += _of_runs(definition, input_schema, run_input)
    return found + about_input


def _of_form(definition: Any) -> Iterator[Finding]:
    """Yield what the service would refuse."""
    try:
        check_shape(definition)
    except FlowDefinitionInvalid as refused:
        yield error("schema", None, "", refused.message, "Write one, or name another file.")
        return
    states = definition.get("States")
    old = list(old_dialect_findings(states)) if isinstance(states, dict) else []
    if old:
        yield from old
        return
    if states == {}:
        yield error("schema", None, "States", f"It is {shown(states)}.", "Write one state or more.")
    wrong = list(schema_findings(definition))
    yield from wrong
    yield from target_findings(definition)
    broken = {each.state for each in wrong}
    if isinstance(states, dict):
        yield from dialect_findings(
            {name: state for name, state in states.items() if name not in broken}
        )


def _of_runs(definition: dict[str, Any], input_schema: Any, run_input: Any) -> Iterator[Finding]:
    """Yield what may go wrong in a run of a definition that the service accepts."""
    states = definition["States"]
    yield from way_findings(definition)
    yield from url_findings(states)
    yield from wiping_findings(states)
    begin = shape_of_input(input_schema, run_input)
    yield from unwritten_findings(states, shapes_of(definition["StartAt"], states, begin))
    yield from privacy_findings(states)
