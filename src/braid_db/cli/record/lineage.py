"""``braid-db record lineage``: all that a record came from, or all that came from it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.lineage_json import lineage_json
from braid_db.cli.options import (
    CONTEXT,
    answering,
    as_of_option,
    depth_option,
    kinds_option,
    nearest_option,
    open_store,
    record_argument,
    version_option,
)
from braid_db.cli.record.finding import find_record
from braid_db.model import Kind
from braid_db.views import Direction, Lineage

if TYPE_CHECKING:
    from braid_db.recall.views import InvalidInput
    from braid_db.store import Transaction


@click.command(context_settings=CONTEXT)
@record_argument
@click.option("--up", "direction", flag_value="up", help="Ancestors; the default.")
@click.option("--down", "direction", flag_value="down", help="Descendants.")
@version_option
@depth_option
@kinds_option
@click.option("--valid", "only_valid", is_flag=True, help="Only what no recall reaches.")
@as_of_option
@click.option(
    "--by-data",
    is_flag=True,
    help="Only where data went, as far as a recall goes: not what a flow just did earlier.",
)
@nearest_option
@answering
def lineage(
    named: str,
    direction: str | None,
    version: int | None,
    depth: int | None,
    kinds: tuple[Kind, ...],
    only_valid: bool,
    as_of: datetime | None,
    by_data: bool,
    limit: int | None,
    form: str,
) -> None:
    """Show all that RECORD came from, or all that came from it.

    The answer is a tree; with --kind or --valid a list, as what lies between is left out. Each
    record is shown as it is described now, in the version that was used or made; with --as-of
    as it was then: what did we believe at that time?
    """
    from braid_db.recall.causes import causes_of_views
    from braid_db.records.lineage import get_lineage

    def read(tx: Transaction) -> tuple[Lineage, list[InvalidInput]]:
        found = get_lineage(
            tx,
            find_record(tx, named),
            version=version,
            direction=Direction(direction or Direction.UP),
            depth=depth,
            kinds=kinds,
            only_valid=only_valid,
            as_of=as_of,
            by_data=by_data,
            limit=limit,
        )
        shown = [found.start, *(node.record for node in found.nodes)]
        return found, [] if as_of else causes_of_views(tx, shown)

    answer, causes = open_store().read(read)
    if form == "json":
        as_json.say_json(lineage_json(answer) | {"invalid": causes})
    else:
        _say_lineage(answer, is_list=bool(kinds or only_valid))
        text.say(text.reasons(causes))
    if answer.is_cut:
        text.note(f"More lies beyond depth {depth}.")
    if answer.total > len(answer.nodes):
        text.note(f"{len(answer.nodes):,} of {answer.total:,} shown; --limit 0 shows all.")


def _say_lineage(answer: Lineage, *, is_list: bool) -> None:
    from braid_db.cli.tree import tree_lines

    if is_list:
        rows = [(str(node.distance), *text.summary(node.record)) for node in answer.nodes]
        text.say_table(("distance", *text.SUMMARY), rows)
    else:
        text.say(tree_lines(answer))
