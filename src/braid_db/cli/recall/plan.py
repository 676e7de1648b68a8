"""``braid-db recall plan``: what has to be done until all is valid again."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, limit_option, open_store
from braid_db.cli.recall import answers


@click.command(context_settings=CONTEXT)
@click.argument("recall_ids", metavar="RECALL...", type=int, nargs=-1, required=True)
@limit_option
@answering
def plan(recall_ids: tuple[int, ...], limit: int | None, form: str) -> None:
    """Show what to run again and what to give anew until all that RECALL reaches is valid again.

    Each comes after what it depends on, with its recorded inputs: those that can be kept, those of
    which a newer version is valid, and those that come anew by what stands above.
    """
    from braid_db.recall.plan import make_plan

    planned = open_store().read(lambda tx: make_plan(tx, recall_ids, limit=limit))
    if form == "json":
        as_json.say_json(answers.plan_json(planned))
        return
    text.say(planned.lines())
    if planned.work.total:
        text.note_hidden(planned.work, "things to do")
    else:
        text.note("Nothing is to be done.")
