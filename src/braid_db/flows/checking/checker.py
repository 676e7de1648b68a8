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
from braid_db.flows.checking.secrets import secret_findings
from braid_db.flows.checking.unrun import without_unrun
from braid_db.flows.checking.unwritten import unwritten_findings
from braid_db.flows.checking.urls import url_findings
from braid_db.flows.checking.ways import shapes_of
from braid_db.flows.checking.wiping import wiping_findings
from braid_db.flows.definition import check_shape
from braid_db.flows.errors import FlowDefinitionInvalid
from braid_db.flows.instrumenting.naming import added
from braid_db.flows.instrumenting.stripping import strip
from braid_db.flows.scope import is_too_deep


def check(definition: Any, *, input_schema: Any = None, run_input: Any = None) -> list[Finding]:
    """Return what is wrong with a flow's definition, or may go wrong when it runs.

    Without a schema or an input, a run's input may hold anything but the results of the flow: only
    what the flow itself wrote, is yet to write or lost is known then.

    :param input_schema: the JSON Schema of the flow's input.
    :param run_input: a sample of it.
    :returns: state by state within each kind; where the form is wrong, nothing else is looked at.
    :raises FlowInputInvalid: if the schema is no JSON Schema.
    """
    about_input = list(input_findings(input_schema, run_input))
    known, unrun = _without_unrun(definition)
    found = [*_of_form(known), *unrun]
    if not any(each.is_error for each in found):
        found += _of_runs(_as_written(known), input_schema, run_input)
    return found + about_input


def _without_unrun(definition: Any) -> tuple[Any, list[Finding]]:
    """Return a definition without the parts of paths that no flow is run with here."""
    states = definition.get("States") if isinstance(definition, dict) else None
    if not isinstance(states, dict) or is_too_deep(definition):
        return definition, []
    known, found = without_unrun(states)
    return {**definition, "States": known}, found


def _as_written(definition: dict[str, Any]) -> dict[str, Any]:
    """Return a definition as somebody wrote it, without the states that instrumentation added.

    What these read is guarded, and fails no run; whatever else were said of them, nobody could
    mend but by weaving again.
    """
    if not added(definition["States"]):
        return definition
    written = strip(definition)
    is_whole = written["StartAt"] in written["States"]
    return written if is_whole else definition


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
    yield from secret_findings(states)
