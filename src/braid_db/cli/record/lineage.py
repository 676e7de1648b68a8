"""``braid-db record lineage``: all that a record came from, or all that came from it."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import (
    CONTEXT,
    answering,
    depth_option,
    kinds_option,
    open_store,
    record_argument,
    version_option,
)
from braid_db.cli.record.finding import find_record
from braid_db.model import Kind
from braid_db.views import Direction, Lineage


@click.command(context_settings=CONTEXT)
@record_argument
@click.option("--up", "direction", flag_value="up", help="Ancestors; the default.")
@click.option("--down", "direction", flag_value="down", help="Descendants.")
@version_option
@depth_option
@kinds_option
@answering
def lineage(
    named: str,
    direction: str | None,
    version: int | None,
    depth: int | None,
    kinds: tuple[Kind, ...],
    form: str,
) -> None:
    """Show all that RECORD came from, or all that came from it.

    The answer is a tree; with --kind a list, as what lies between is left out. Each record is
    shown as it is described now, in the version that was used or made.
    """
    from braid_db.records.lineage import get_lineage

    way = Direction(direction or Direction.UP)
    answer = open_store().read(
        lambda tx: get_lineage(
            tx, find_record(tx, named), version=version, direction=way, depth=depth, kinds=kinds
        )
    )
    if form == "json":
        as_json.say_json(as_json.lineage_json(answer))
    else:
        _say_lineage(answer, is_list=bool(kinds))
    if answer.is_cut:
        text.note(f"More lies beyond depth {depth}.")


def _say_lineage(answer: Lineage, *, is_list: bool) -> None:
    from braid_db.cli.tree import tree_lines

    if is_list:
        rows = [(str(node.distance), *text.summary(node.record)) for node in answer.nodes]
        text.say_table(("distance", *text.SUMMARY), rows)
    else:
        text.say(tree_lines(answer))
