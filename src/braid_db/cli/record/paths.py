"""``braid-db record paths``: how one record came from another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.lineage_json import paths_json
from braid_db.cli.options import (
    CONTEXT,
    answering,
    as_of_option,
    open_store,
    record_argument,
)
from braid_db.cli.record.finding import find_reference
from braid_db.steps import values

if TYPE_CHECKING:
    from braid_db.store import Transaction
    from braid_db.views import PathStep

_SHOWN = 10


@click.command(context_settings=CONTEXT)
@record_argument
@click.argument("other", metavar="OTHER")
@as_of_option
@click.option(
    "--limit",
    type=click.IntRange(1, values.LARGEST_COUNT),
    default=_SHOWN,
    show_default=True,
    help="How many ways to show at most.",
)
@answering
def paths(named: str, other: str, as_of: datetime | None, limit: int, form: str) -> None:
    """Show the ways that lead from RECORD to OTHER or from OTHER to RECORD, the shortest first.

    Behind an id a version may follow, as in 12@3.
    """
    from braid_db.records.paths import find_paths

    def work(tx: Transaction) -> Sequence[Sequence[PathStep]]:
        one, another = find_reference(tx, named), find_reference(tx, other)
        return find_paths(
            tx,
            one.record_id,
            another.record_id,
            version=one.version,
            other_version=another.version,
            as_of=as_of,
            limit=limit + 1,
        )

    found = open_store().read(work)
    shown = found[:limit]
    if form == "json":
        as_json.say_json(paths_json(shown) | {"is_cut": len(found) > limit})
        return
    for number, way in enumerate(shown, 1):
        text.say([*([""] if number > 1 else []), f"{number}. {len(way) - 1} derivations"])
        text.say(f"   {step.role or 'from'}: {step.record}" for step in way)
    if not found:
        text.note("Neither came from the other.")
    elif len(found) > limit:
        text.note(f"There are more than {limit} ways; --limit shows more.")
