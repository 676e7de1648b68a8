"""``braid-db flow start``: starts a flow of the service."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from braid_db.cli.as_json import say_json
from braid_db.cli.files import READ_FILE
from braid_db.cli.flow.following import follow, run_json
from braid_db.cli.options import CONTEXT, format_option
from braid_db.cli.text import note

if TYPE_CHECKING:
    from braid_db.flows.service import FlowsService
_LONGEST_LABEL = 64


@click.command(context_settings=CONTEXT)
@click.argument("flow", metavar="FLOW")
@click.option("--input", "-i", "input_file", type=READ_FILE, help="The run's input: a JSON object.")
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="Replace a value of the input. KEY may be dotted; VALUE is JSON, or a text.",
)
@click.option("--label", help="What the run is called; the flow's title by default.")
@click.option("--tag", "tags", metavar="TEXT", multiple=True, help="A tag of the run.")
@click.option("--dry-run", is_flag=True, help="Only let the service check the input.")
@click.option("--watch", "-w", "is_watched", is_flag=True, help="Follow it, as 'flow watch' does.")
@format_option
def start(
    flow: str,
    input_file: Path | None,
    settings: tuple[str, ...],
    label: str | None,
    tags: tuple[str, ...],
    dry_run: bool,
    is_watched: bool,
    form: str,
) -> None:
    """Start FLOW: a definition that 'flow publish' published, or the UUID of a flow.

    The service holds the input to the flow's input schema; one that does not fit starts nothing.
    """
    from braid_db.flows.run_input import read_input
    from braid_db.flows.service import FlowsService

    body, service = read_input(input_file, settings), FlowsService()
    flow_id, title = _named(service, flow)
    if dry_run:
        service.check_input(flow_id, body)
        _say({"flow_id": flow_id, "valid": True}, f"Flow {flow_id} takes this input", form)
        return
    called = label or title[:_LONGEST_LABEL]
    told = service.start(flow_id, body, label=called, tags=list(tags))
    if is_watched:
        note(f"Run {told['run_id']} started")
        follow(service, str(told["run_id"]), form)
    _say_started(told, form)


def _named(service: FlowsService, flow: str) -> tuple[str, str]:
    """Return the id of the flow that is meant, and what to call its run."""
    from braid_db.flows.errors import FlowNotPublished
    from braid_db.flows.published import PublishedFlows
    from braid_db.flows.publishing import sha256_of
    from braid_db.flows.run_input import read_definition

    try:
        return str(uuid.UUID(flow)), "Braid-DB"
    except ValueError:
        path = Path(flow)
    known = PublishedFlows().find(service.owner, path)
    if known is None:
        raise FlowNotPublished(flow)
    if sha256_of(read_definition(path)) != known.sent.get("definition"):
        note(f"{path} was changed since it was published; the run is one of the published flow.")
    return known.flow_id, known.title


def _say_started(told: dict[str, Any], form: str) -> None:
    from braid_db.flows.watching import run_of

    run = run_of(told)
    _say(run_json(run), f"Run {run.run_id} started", form)
    if form != "json":
        note(f"See to it by 'braid-db flow watch {run.run_id}'.")


def _say(answer: dict[str, Any], line: str, form: str) -> None:
    if form == "json":
        say_json(answer)
    else:
        click.echo(line)
