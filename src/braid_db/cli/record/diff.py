"""``braid-db record diff``: what one version of a record says otherwise than another."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, open_store, record_argument
from braid_db.cli.record.finding import find_record
from braid_db.steps import values

_COLOURS = {"-": "red", "+": "green"}


@click.command(context_settings=CONTEXT)
@record_argument
@click.option(
    "--from",
    "from_",
    type=click.IntRange(1, values.LARGEST_COUNT),
    metavar="N",
    help="The one before by default.",
)
@click.option(
    "--to",
    type=click.IntRange(1, values.LARGEST_COUNT),
    metavar="N",
    help="The current one by default.",
)
@answering
def diff(named: str, from_: int | None, to: int | None, form: str) -> None:
    """Show what one version of RECORD says otherwise than another."""
    from braid_db.records.versions import diff_versions

    found = open_store().read(lambda tx: diff_versions(tx, find_record(tx, named), from_, to))
    if form == "json":
        as_json.say_json(as_json.difference_json(found))
    else:
        text.say(map(_coloured, found.lines()))


def _coloured(line: str) -> str:
    return click.style(line, fg=_COLOURS[line[0]]) if line[0] in _COLOURS else line
