"""``braid-db recall list``: the recalls that there are."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, limit_option, needed_text_of, open_store
from braid_db.cli.recall import answers, tables
from braid_db.cli.record.finding import find_record


@click.command("list", context_settings=CONTEXT)
@click.option("--standing", is_flag=True, help="Only recalls that were not taken back.")
@click.option(
    "--record",
    "named",
    metavar="RECORD",
    callback=needed_text_of,
    help="Only recalls that reach this record.",
)
@limit_option
@answering
def list_command(standing: bool, named: str | None, limit: int | None, form: str) -> None:
    """List recalls, the newest first."""
    from braid_db.recall.recalls import list_recalls

    page = open_store().read(
        lambda tx: list_recalls(
            tx,
            only_standing=standing,
            record_id=None if named is None else find_record(tx, named),
            limit=limit,
        )
    )
    if form == "json":
        recalls = [answers.recall_json(one) for one in page.items]
        as_json.say_json({"recalls": recalls, "total": page.total, "hidden": page.hidden})
        return
    tables.say_recalls(page.items)
    text.note_hidden(page, "recalls")
