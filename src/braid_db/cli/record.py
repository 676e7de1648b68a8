"""``braid-db record``: records, one or many, and where they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import (
    CONTEXT,
    answering,
    depth_option,
    kinds_option,
    limit_option,
    open_store,
    record_argument,
    settings,
    version_option,
)
from braid_db.model import Kind
from braid_db.views import Direction, Lineage

if TYPE_CHECKING:
    from braid_db.store import Transaction


@click.group(context_settings=CONTEXT)
def record() -> None:
    """Show records and their lineage.

    RECORD is a record's id; or the URI that identifies it; or the path of a file on this host.
    """


@record.command("list")
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


@record.command()
@record_argument
@version_option
@answering
def show(named: str, version: int | None, form: str) -> None:
    """Show one version of RECORD as it was described then."""
    from braid_db.records.views import get_record

    shown = open_store().read(lambda tx: get_record(tx, find_record(tx, named), version))
    if form == "json":
        as_json.say_json(as_json.record_json(shown))
    else:
        text.say(text.describe(shown))


@record.command()
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


def find_record(tx: Transaction, named: str) -> int:
    """Return the id of the record that was named on the command line."""
    from braid_db.identity import IdentityRules
    from braid_db.records.views import find_record_id

    chosen = settings()
    return find_record_id(tx, named, IdentityRules(chosen.host, chosen.collections))
