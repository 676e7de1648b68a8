"""``braid-db flow publish``: makes a definition a flow of the service."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from braid_db.cli.as_json import say_json
from braid_db.cli.files import READ_FILE
from braid_db.cli.options import CONTEXT, format_option
from braid_db.cli.text import note, visible

if TYPE_CHECKING:
    from braid_db.flows.publishing import Publication

BESIDE = "input_schema.json"
"""The input schema of a definition in the same folder, where no other is named."""
_ROLES = {
    "viewer": "flow_viewers",
    "starter": "flow_starters",
    "administrator": "flow_administrators",
    "run-manager": "run_managers",
    "run-monitor": "run_monitors",
}
_IDENTITY = "urn:globus:auth:identity:"


@click.command(context_settings=CONTEXT)
@click.argument("definition", type=READ_FILE)
@click.option(
    "--input-schema",
    type=READ_FILE,
    help=f"The flow's input schema; {BESIDE} beside DEFINITION by default.",
)
@click.option("--title", help="What the flow is called; as its folder, if it is new.")
@click.option("--subtitle", help="What it is for, in a line.")
@click.option("--description", help="What it does.")
@click.option(
    "--role",
    "roles",
    metavar="ROLE=WHO",
    multiple=True,
    help=f"Give a role ({', '.join(_ROLES)}) to an identity's UUID, a URN, 'public' (viewer) or "
    f"'all_authenticated_users' (starter). Those who had a role that is given lose it.",
)
@click.option("--flow-id", type=click.UUID, help="The flow that it is, if that is not known here.")
@click.option("--overwrite", is_flag=True, help="Undo what was changed elsewhere meanwhile.")
@click.option("--unchecked", is_flag=True, help="Publish it although 'flow check' finds errors.")
@click.option("--dry-run", is_flag=True, help="Validate, and only say what would be done.")
@format_option
def publish(
    definition: Path,
    input_schema: Path | None,
    title: str | None,
    subtitle: str | None,
    description: str | None,
    roles: tuple[str, ...],
    flow_id: uuid.UUID | None,
    overwrite: bool,
    unchecked: bool,
    dry_run: bool,
    form: str,
) -> None:
    """Make DEFINITION a flow of Globus Flows, or change the flow that it is.

    It is checked here and validated by the service first. Only what is another one than the
    service has is sent. Which flow a file is, is kept in ~/.braid_db/flows.json, for each Globus
    account.
    """
    from braid_db.flows.published import PublishedFlows
    from braid_db.flows.publishing import Publisher
    from braid_db.flows.service import FlowsService

    texts = {"title": title, "subtitle": subtitle, "description": description}
    told = {name: text for name, text in texts.items() if text is not None}
    fields = {**_files(definition, input_schema), **told, **_lists(roles)}
    publisher = Publisher(FlowsService(), PublishedFlows(), definition, fields)
    named = None if flow_id is None else str(flow_id)
    done = publisher.publish(named, overwrite=overwrite, unchecked=unchecked, dry_run=dry_run)
    _show(done, dry_run, form)


def _files(definition: Path, input_schema: Path | None) -> dict[str, Any]:
    from braid_db.flows.run_input import read_definition, read_schema

    schema = input_schema or definition.with_name(BESIDE)
    given = input_schema is not None or schema.exists()
    if not given:
        note(f"There is no {BESIDE} beside {definition}: any input will be taken.")
    return {
        "definition": read_definition(definition),
        "input_schema": read_schema(schema) if given else {},
    }


def _lists(roles: tuple[str, ...]) -> dict[str, list[str]]:
    """Return who has which role, by the service's names."""
    lists: dict[str, list[str]] = {}
    for each in roles:
        role, _, who = each.partition("=")
        if role not in _ROLES or not who:
            expected = f"one of {', '.join(_ROLES)}, an equals sign, and who has it"
            raise click.BadParameter(f"'{each}' gives no role; expected {expected}.")
        lists.setdefault(_ROLES[role], []).append(_principal(who))
    return lists


def _principal(who: str) -> str:
    try:
        return f"{_IDENTITY}{uuid.UUID(who)}"
    except ValueError:
        return who


def _show(done: Publication, dry_run: bool, form: str) -> None:
    for warning in done.warnings:
        note(visible(warning))
    if done.unvalidated:
        note(visible(f"{done.unvalidated} It was not validated beforehand."))
    if done.was_gone:
        note(f"The flow {done.was_gone}, which was published from here, is not there any more.")
    if form == "json":
        say_json({**asdict(done), "dry_run": dry_run})
        return
    would = "would be " if dry_run else ""
    changed = f" ({', '.join(done.fields)})" if done.change == "updated" else ""
    click.echo(
        f"Flow {done.flow_id or '(new)'} '{visible(done.title)}' {would}{done.change}{changed}"
    )
