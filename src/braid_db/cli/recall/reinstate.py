"""``braid-db recall reinstate``: taking a recall back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json
from braid_db.cli.options import (
    CONTEXT,
    answering,
    needed_text_of,
    open_store,
    person_option,
    text_of,
)
from braid_db.cli.recall import answers, tables
from braid_db.cli.record.finding import find_reference

if TYPE_CHECKING:
    from braid_db.recall.views import Reinstated
    from braid_db.store import Transaction


@click.command("reinstate", context_settings=CONTEXT)
@click.argument("recall_id", metavar="[RECALL]", type=int, required=False)
@click.option(
    "--record",
    "named",
    metavar="RECORD[@VERSION]",
    callback=needed_text_of,
    help="Take back all recalls of this record itself, by its current version or another.",
)
@click.option(
    "--reason", metavar="TEXT", required=True, callback=text_of, help="Why it can be trusted."
)
@person_option
@answering
def reinstate_command(
    recall_id: int | None, named: str | None, reason: str, by: str | None, form: str
) -> None:
    """Take RECALL back, or the recalls of a record: what only they reached is valid again.

    Actions that have not started never will; those that had begun are listed, as nothing takes
    back what they did.
    """
    from braid_db.recall.reinstate import reinstate, reinstate_record

    if (recall_id is None) is (named is None):
        raise click.UsageError("Name a RECALL, or a record by --record.")

    def work(tx: Transaction) -> list[Reinstated]:
        if named is None:
            return [reinstate(tx, recall_id or 0, by=by, reason=reason)]
        record = find_reference(tx, named)
        return reinstate_record(tx, record.record_id, version=record.version, by=by, reason=reason)

    done = open_store().write(work)
    if form == "json":
        as_json.say_json({"reinstated": [answers.reinstated_json(one) for one in done]})
        return
    for one in done:
        tables.say_reinstated(one)
