"""``braid-db record list``: records as they are now."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, kinds_option, limit_option, open_store
from braid_db.model import Kind


@click.command("list", context_settings=CONTEXT)
@kinds_option
@click.option("--name", help="Only records with this in their name, in upper or lower case.")
@click.option("--run", "run_id", metavar="RUN", help="Only records that were made in this run.")
@limit_option
@answering
def list_command(
    kinds: tuple[Kind, ...], name: str | None, run_id: str | None, limit: int | None, form: str
) -> None:
    """List records as they are now, the newest first."""
    from braid_db.records.views import list_records

    page = open_store().read(
        lambda tx: list_records(tx, kinds=kinds, name=name, run_id=run_id, limit=limit)
    )
    if form == "json":
        as_json.say_json(as_json.records_json(page))
        return
    text.say_table(text.SUMMARY, [text.summary(one) for one in page.items])
    text.note_hidden(page, "records")
