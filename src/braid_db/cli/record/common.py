"""``braid-db record common``: what two records both came from."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.lineage_json import common_json
from braid_db.cli.options import (
    CONTEXT,
    answering,
    as_of_option,
    kinds_option,
    limit_option,
    open_store,
    record_argument,
)
from braid_db.cli.record.finding import find_reference
from braid_db.model import Kind

if TYPE_CHECKING:
    from braid_db.store import Transaction
    from braid_db.views import CommonAncestor, Page


@click.command(context_settings=CONTEXT)
@record_argument
@click.argument("other", metavar="OTHER")
@kinds_option
@as_of_option
@limit_option
@answering
def common(
    named: str,
    other: str,
    kinds: tuple[Kind, ...],
    as_of: datetime | None,
    limit: int | None,
    form: str,
) -> None:
    """Show what RECORD and OTHER both came from, the nearest to both first.

    Behind an id a version may follow, as in 12@3.
    """
    from braid_db.records.paths import common_ancestors

    def work(tx: Transaction) -> Page[CommonAncestor]:
        one, another = find_reference(tx, named), find_reference(tx, other)
        return common_ancestors(
            tx,
            one.record_id,
            another.record_id,
            version=one.version,
            other_version=another.version,
            kinds=kinds,
            as_of=as_of,
            limit=limit,
        )

    found = open_store().read(work)
    if form == "json":
        as_json.say_json(common_json(found))
        return
    rows = [
        (str(one.distance), str(one.other_distance), *text.summary(one.record))
        for one in found.items
    ]
    text.say_table(("distance", "other's", *text.SUMMARY), rows)
    text.note_hidden(found, "common ancestors")
