"""``braid-db flow run``: runs a flow on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from braid_db.cli.errors import INTERRUPTED
from braid_db.cli.options import CONTEXT, format_option
from braid_db.cli.text import note, visible

if TYPE_CHECKING:
    from braid_db.flows.events import Event, Listener
    from braid_db.flows.runner import FlowRun

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(context_settings=CONTEXT)
@click.argument("definition", type=_FILE)
@click.option("--input", "-i", "input_file", type=_FILE, help="The run's input: a JSON object.")
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="Replace a value of the input. KEY may be dotted; VALUE is JSON, or a text.",
)
@click.option("--run-id", help="The run's id; a new one by default.")
@click.option(
    "--functions",
    type=_FILE,
    multiple=True,
    help="A file of compute functions, beside the compute.py next to DEFINITION.",
)
@click.option(
    "--worker-python",
    default=sys.executable,
    show_default="this one",
    help="The Python interpreter that runs the functions.",
)
@click.option("--db", metavar="URL_OR_PATH", help="The provenance database: their BRAID_DB_URL.")
@click.option(
    "--compute",
    type=click.Choice(["local", "globus"]),
    default="local",
    show_default=True,
    help="Where compute functions run: here, or on the endpoints that the input names.",
)
@format_option
def run(
    definition: Path,
    input_file: Path | None,
    settings: tuple[str, ...],
    run_id: str | None,
    functions: tuple[Path, ...],
    worker_python: str,
    db: str | None,
    compute: str,
    form: str,
) -> None:
    """Run the flow DEFINITION here, its compute functions in local worker processes.

    A function id in the input is a function's name: one of Braid-DB's own, or a function of the
    compute.py beside DEFINITION.

    With --compute globus the functions run on endpoints of Globus Compute instead: the input
    names endpoints and functions by their UUIDs, as 'braid-db functions register --write' writes
    them; which database is recorded into, the endpoint decides.

    Not as in the service: the tasks of one action run one after the other; a task that exceeds
    its state's WaitTime is killed; functions run in the current folder; there is no login, so
    RunAs and scopes mean nothing; and only Globus Compute's action provider is run.
    """
    with _interruptible(), _progress() as (on_event, on_output):
        from braid_db.compute.local_run import LocalRunOptions, run_locally
        from braid_db.compute.remote_run import run_on_globus
        from braid_db.flows.run_input import read_input

        run_input = read_input(input_file, settings)
        if compute == "globus":
            result = run_on_globus(definition, run_input, run_id=run_id, on_event=on_event)
        else:
            options = LocalRunOptions(run_id, worker_python, functions, db, on_event, on_output)
            result = run_locally(definition, run_input, options)
    _show(result, form)
    sys.exit(0 if result.succeeded else 1)


def _show(result: FlowRun, form: str) -> None:
    if form == "json":
        click.echo(json.dumps(_as_json(result), indent=2))
    else:
        click.echo(f"Run {result.run_id} {result.status}")
        click.echo(json.dumps(result.visible_state, indent=2))
    if not result.succeeded:
        note(visible(_failure(result)))


def _as_json(result: FlowRun) -> dict[str, object]:
    return {
        "run_id": result.run_id,
        "flow_id": result.flow_id,
        "status": result.status,
        "state": result.visible_state,
        "failed_state": result.failed_state,
        "error": result.error,
        "cause": result.explanation,
    }


def _failure(result: FlowRun) -> str:
    cause = " ".join((result.explanation or "").split())
    return f"The run failed in state {result.failed_state}: {result.error}: {cause}"


@contextmanager
def _interruptible() -> Iterator[None]:
    """Turn Ctrl-C into one line and the exit code that shells expect of it."""
    try:
        yield
    except KeyboardInterrupt:
        note("Interrupted; the run's workers were ended.")
        sys.exit(INTERRUPTED)


@contextmanager
def _progress() -> Iterator[tuple[Listener, Callable[[str], None]]]:
    """Give a listener for the run's events and one for what its functions print.

    On a terminal the current state is shown while it goes on; elsewhere only what the functions
    print is passed on.
    """
    if not sys.stderr.isatty():
        yield _silent, note
        return
    from braid_db.cli.flow.display import FlowDisplay

    with FlowDisplay() as display:
        yield display.on_event, display.on_output


def _silent(event: Event) -> None:
    """Show nothing of the run's events."""
