"""``braid-db functions show``: one function, with all ids that it has had."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.files import READ_FILE
from braid_db.cli.functions.choosing import chosen_functions
from braid_db.cli.options import CONTEXT, format_option

if TYPE_CHECKING:
    from braid_db.compute.registrations import Registration


@click.command(context_settings=CONTEXT)
@click.argument("name")
@click.option(
    "--functions",
    "modules",
    type=READ_FILE,
    multiple=True,
    help="A file with more functions, such as the compute.py of a flow.",
)
@format_option
def show(name: str, modules: tuple[Path, ...], form: str) -> None:
    """Show the function NAME: all that is registered of it, and the text that would be."""
    from braid_db.compute.registrations import Registrations
    from braid_db.compute.service import ComputeService

    [source] = chosen_functions((name,), modules)
    known = [one for one in Registrations().of(ComputeService().owner) if one.name == name]
    if form == "json":
        registered = [asdict(one) for one in known]
        found = {"name": name, "sha256": source.sha256, "registered": registered}
        as_json.say_json({**found, "text": source.text})
        return
    rows = [_cells(one) for one in known]
    text.say_table(("id", "registered (UTC)", "sha256", "who may run it"), rows)
    text.say(["", f"# sha256 {source.sha256}", *source.text.splitlines()])


def _cells(one: Registration) -> tuple[str, ...]:
    who = "everybody" if one.public else f"group {one.group}" if one.group else "its owner"
    return one.function_id, text.minute(one.registered_at), one.sha256[:12], who
