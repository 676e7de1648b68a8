"""``braid-db record why``: how a record came about, as a story."""

from __future__ import annotations

from datetime import datetime

import click

from braid_db.cli import as_json, text
from braid_db.cli.lineage_json import explanation_json
from braid_db.cli.options import (
    CONTEXT,
    answering,
    as_of_option,
    nearest_option,
    open_store,
    record_argument,
    version_option,
)
from braid_db.cli.record.finding import find_record


@click.command(context_settings=CONTEXT)
@record_argument
@version_option
@as_of_option
@nearest_option
@answering
def why(
    named: str, version: int | None, as_of: datetime | None, limit: int | None, form: str
) -> None:
    """Tell how RECORD came about, such as how a decision was made.

    What was given, then each step after those that it builds on, with what it used and made of
    what led to RECORD.
    """
    from braid_db.records.reasons import explain

    told = open_store().read(
        lambda tx: explain(tx, find_record(tx, named), version=version, as_of=as_of, limit=limit)
    )
    if form == "json":
        as_json.say_json(explanation_json(told))
    else:
        text.say(told.lines())
        if told.hidden:
            text.note("--limit 0 tells of all.")
