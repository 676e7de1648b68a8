"""``braid-db model data``: what data was used to train a model."""

from __future__ import annotations

from datetime import datetime

import click

from braid_db.cli import as_json, text
from braid_db.cli.lineage_json import lineage_json
from braid_db.cli.options import (
    CONTEXT,
    answering,
    as_of_option,
    limit_option,
    open_store,
    version_option,
)
from braid_db.cli.record.finding import find_record


@click.command(context_settings=CONTEXT)
@click.argument("named", metavar="MODEL")
@version_option
@as_of_option
@limit_option
@answering
def data(
    named: str, version: int | None, as_of: datetime | None, limit: int | None, form: str
) -> None:
    """List the data and facts that MODEL was made from, the nearest first.

    Each version of a model has an answer of its own.
    """
    from braid_db.records.reasons import data_of_model

    found = open_store().read(
        lambda tx: data_of_model(tx, find_record(tx, named), version, as_of=as_of, limit=limit)
    )
    if form == "json":
        as_json.say_json(lineage_json(found))
        return
    rows = [(str(node.distance), *text.summary(node.record)) for node in found.nodes]
    text.say_table(("distance", *text.SUMMARY), rows)
    if found.total > len(found.nodes):
        text.note(f"{len(found.nodes):,} of {found.total:,} shown; --limit 0 shows all.")
    if not found.nodes:
        text.note("Nothing is recorded that it was made from.")
