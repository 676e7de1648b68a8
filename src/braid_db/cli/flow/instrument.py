"""``braid-db flow instrument``: weaves provenance into a definition."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from braid_db.cli.files import READ_FILE, WRITTEN_FILE
from braid_db.cli.flow.writing import answer, as_text, write_json
from braid_db.cli.options import CONTEXT, format_option
from braid_db.cli.text import note, visible

if TYPE_CHECKING:
    from braid_db.flows.instrumenting import Instrumented, Registered
MODES = ["each", "once"]


@click.command(context_settings=CONTEXT)
@click.argument("definition", type=READ_FILE)
@click.option("--output", "-o", type=WRITTEN_FILE, help="Where to write it; shown by default.")
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="each",
    show_default=True,
    help="Record each action after it ran, or all of them once, on every way out.",
)
@click.option("--only", metavar="STATE", multiple=True, help="Record this action, and no others.")
@click.option("--skip", metavar="STATE", multiple=True, help="Do not record this action.")
@click.option("--strict", is_flag=True, help="Let a run fail whose provenance cannot be recorded.")
@click.option("--endpoint", metavar="UUID", help="The endpoint to call where the input names none.")
@click.option(
    "--function",
    "functions",
    metavar="NAME=ID",
    multiple=True,
    help="A function's id, in place of the one that 'functions register' wrote down.",
)
@click.option("--input-schema", type=READ_FILE, help="The flow's input schema, to grow with it.")
@click.option("--schema-output", type=WRITTEN_FILE, help="Where to write the grown input schema.")
@format_option
def instrument(
    definition: Path,
    output: Path | None,
    mode: str,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    strict: bool,
    endpoint: str | None,
    functions: tuple[str, ...],
    input_schema: Path | None,
    schema_output: Path | None,
    form: str,
) -> None:
    """Show the flow DEFINITION with provenance recorded; 'flow strip' takes it out again.

    What a run is given and does stays the same: the records are kept under one member of its own
    in the run's state, and what cannot be recorded fails no run, unless --strict is given.

    The input then also names the endpoint that owns the database, in provenance_endpoint_id, and
    the functions, in functions.NAME; ids that are known here stand in where it does not.
    """
    from braid_db.flows import instrumenting
    from braid_db.flows.run_input import read_definition

    registered = _registered(endpoint, functions)
    done = instrumenting.instrument(
        read_definition(definition),
        mode=mode,
        only=only,
        skip=skip,
        strict=strict,
        registered=registered,
    )
    schema = {} if input_schema is None else read_definition(input_schema)
    grown = instrumenting.grow_schema(schema, done.functions, registered)
    _show(done, grown, output, form)
    if schema_output is not None:
        write_json(schema_output, grown)


def _show(done: Instrumented, schema: dict[str, Any], output: Path | None, form: str) -> None:
    if output is not None:
        write_json(output, done.definition)
    if form == "json":
        click.echo(as_text(_as_json(done, schema)))
    elif output is None:
        answer(None, done.definition)
    for line in (*_summary(done), *map(str, done.warnings)):
        note(visible(line))


def _as_json(done: Instrumented, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "mode": done.mode.value,
        "definition": done.definition,
        "input_schema": schema,
        "recorded": done.recorded,
        "added": done.added,
        "calls": done.calls,
        "latency": {**asdict(done.latency), "seconds": done.latency.seconds},
        "warnings": [warned._asdict() for warned in done.warnings],
    }


def _summary(done: Instrumented) -> list[str]:
    """Return what was added, and what that costs a run."""
    added = (
        f"{len(done.recorded)} actions are recorded. {len(done.added)} states were added, "
        f"{done.calls} of which call a function: {', '.join(done.added) or 'none'}."
    )
    return [added, str(done.latency)]


def _registered(endpoint: str | None, functions: tuple[str, ...]) -> Registered:
    """Return the ids that are known: those that are given before those that are written down."""
    from braid_db.compute.registrations import Registrations
    from braid_db.flows.instrumenting import Registered

    given = dict(each.partition("=")[::2] for each in functions)
    for name, function_id in given.items():
        if not (name and function_id):
            raise click.BadParameter(f"'{name}' names no id; expected NAME=ID.")
    return Registered(endpoint, Registrations().ids() | given)
