"""``braid-db record show``: one version of a record, whole."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, open_store, record_argument, version_option
from braid_db.cli.record.finding import find_record


@click.command(context_settings=CONTEXT)
@record_argument
@version_option
@answering
def show(named: str, version: int | None, form: str) -> None:
    """Show one version of RECORD as it was described then."""
    from braid_db.records.views import get_record

    shown = open_store().read(lambda tx: get_record(tx, find_record(tx, named), version))
    if form == "json":
        as_json.say_json(as_json.record_json(shown))
    else:
        text.say(text.describe(shown))
