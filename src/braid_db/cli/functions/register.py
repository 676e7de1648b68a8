"""``braid-db functions register``: sends Globus Compute the texts that it does not have yet."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.functions.choosing import choosing_functions, chosen_functions
from braid_db.cli.options import CONTEXT, format_option

if TYPE_CHECKING:
    from braid_db.compute.registering import Registered


@click.command(context_settings=CONTEXT)
@choosing_functions
@click.option("--group", metavar="UUID", help="The members of this Globus group may run them, too.")
@click.option("--public", is_flag=True, help="Everybody may run them.")
@click.option("--dry-run", is_flag=True, help="Only say what would be registered.")
@click.option(
    "--write",
    "inputs",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="Write the ids into this flow's input, a JSON file.",
)
@format_option
def register(
    names: tuple[str, ...],
    modules: tuple[Path, ...],
    group: str | None,
    public: bool,
    dry_run: bool,
    inputs: tuple[Path, ...],
    form: str,
) -> None:
    """Register the functions NAME, by default all, whose texts are not registered yet.

    Who may run a function is not who may call an endpoint: that is decided by the endpoint.
    """
    from braid_db.compute.registering import register_functions
    from braid_db.compute.registrations import Registrations
    from braid_db.compute.service import ComputeService, Sharing

    if public and group:
        raise click.UsageError("--public and --group exclude each other.")
    done = []
    functions = chosen_functions(names, modules)
    for one in register_functions(
        ComputeService(), Registrations(), functions, Sharing(public, group), dry_run=dry_run
    ):
        done.append(one)
        if one.is_new:
            text.note(f"{'Would register' if dry_run else 'Registered'} {one.name}")
    for path in inputs:
        _write(path, done)
    _show(done, form)


def _write(path: Path, done: list[Registered]) -> None:
    from braid_db.compute.flow_input import write_ids

    ids = {one.name: one.registration.function_id for one in done if one.registration}
    changed = write_ids(path, ids)
    text.note(f"{path}: {', '.join(changed) or 'nothing'} changed")


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
