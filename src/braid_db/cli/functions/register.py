"""``braid-db functions register``: sends Globus Compute the texts that it does not have yet."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.endpoint.options import filled_text_of
from braid_db.cli.files import KEPT_FILE
from braid_db.cli.functions.choosing import choosing_functions, chosen_functions
from braid_db.cli.options import CONTEXT, format_option

if TYPE_CHECKING:
    from braid_db.compute.endpoint.folder import EndpointFolder
    from braid_db.compute.registering import Registered


@click.command(context_settings=CONTEXT)
@choosing_functions
@click.option(
    "--group",
    type=click.UUID,
    metavar="UUID",
    help="The members of this Globus group may run them, too.",
)
@click.option("--public", is_flag=True, help="Everybody may run them.")
@click.option("--dry-run", is_flag=True, help="Only say what would be registered.")
@click.option(
    "--write",
    "inputs",
    type=KEPT_FILE,
    multiple=True,
    help="Write the ids into this flow's input, a JSON file: those of the functions that it names, "
    "of all where it names none.",
)
@click.option(
    "--allow-on",
    metavar="NAME",
    callback=filled_text_of,
    help="Let this machine's endpoint NAME run them, besides what it lets run already.",
)
@format_option
def register(
    names: tuple[str, ...],
    modules: tuple[Path, ...],
    group: uuid.UUID | None,
    public: bool,
    dry_run: bool,
    inputs: tuple[Path, ...],
    allow_on: str | None,
    form: str,
) -> None:
    """Register the functions NAME, by default all, whose texts are not registered yet.

    Who may run a function is not who may call an endpoint: that is decided by the endpoint.
    """
    from braid_db.compute.endpoint.folder import EndpointFolder
    from braid_db.compute.flow_input import check_input
    from braid_db.compute.registering import register_functions
    from braid_db.compute.registrations import Registrations
    from braid_db.compute.service import ComputeService, Sharing

    if public and group:
        raise click.UsageError("--public and --group exclude each other.")
    endpoint = EndpointFolder.configured(allow_on) if allow_on else None
    for path in inputs:
        check_input(path)
    done = []
    functions = chosen_functions(names, modules)
    sharing = Sharing(public, str(group) if group else None)
    for one in register_functions(
        ComputeService(), Registrations(), functions, sharing, dry_run=dry_run
    ):
        done.append(one)
        if one.is_new:
            text.note(f"{'Would register' if dry_run else 'Registered'} {one.name}")
    for path in inputs:
        _write(path, done, dry_run=dry_run)
    if endpoint is not None:
        _allow(endpoint, done, dry_run=dry_run)
    _show(done, form)


def _write(path: Path, done: list[Registered], *, dry_run: bool) -> None:
    from braid_db.compute.flow_input import write_ids

    # What would be registered has no id yet; it will be another one than any that stands there.
    written = write_ids(path, {one.name: one.function_id or "" for one in done}, dry_run=dry_run)
    verb = "would change" if dry_run else "changed"
    text.note(f"{path}: {', '.join(written.changed) or 'nothing'} {verb}")
    if written.left_out:
        text.note(f"{path}: does not name, and gets no id of, {', '.join(written.left_out)}")


def _allow(endpoint: EndpointFolder, done: list[Registered], *, dry_run: bool) -> None:
    from braid_db.cli.agent import how_to_start
    from braid_db.compute.endpoint.configuring import Choices, plan_changes, write_changes

    ids = [one.function_id for one in done if one.function_id]
    changes = plan_changes(endpoint, Choices(allowed=ids))
    if not changes and len(ids) == len(done):
        text.note(f"The endpoint {endpoint.name} lets them run already.")
    elif dry_run:
        text.note(f"The endpoint {endpoint.name} would let them run; it does not yet.")
    else:
        write_changes(endpoint, changes)
        text.note(f"The endpoint {endpoint.name} lets them run once its agent is started.")
        text.note(how_to_start(endpoint))


def _show(done: list[Registered], form: str) -> None:
    if form == "json":
        as_json.say_json([{"name": one.name, "is_new": one.is_new, **_known(one)} for one in done])
        return
    rows = [(one.name, one.function_id or "", _word(one)) for one in done]
    text.say_table(("function", "id", ""), rows)


def _known(one: Registered) -> dict[str, object]:
    return asdict(one.registration) if one.registration else {"function_id": None}


def _word(one: Registered) -> str:
    return "new" if one.is_new else "as it was"
