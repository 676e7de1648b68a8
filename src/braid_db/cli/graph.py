"""``braid-db graph``: lineage as text for programs that draw graphs."""

from __future__ import annotations

import click

from braid_db.cli.options import (
    CONTEXT,
    database_option,
    depth_option,
    kinds_option,
    open_store,
    record_argument,
    version_option,
)
from braid_db.model import Kind
from braid_db.views import Direction


@click.command(context_settings=CONTEXT)
@record_argument
@click.option("--up", "direction", flag_value="up", help="Ancestors only.")
@click.option("--down", "direction", flag_value="down", help="Descendants only.")
@click.option("--both", "direction", flag_value="both", help="The default.")
@version_option
@depth_option
@kinds_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot"]),
    default="mermaid",
    show_default=True,
    help="The language of the graph: Mermaid's, or Graphviz's DOT.",
)
@database_option
def graph(
    named: str,
    direction: str | None,
    version: int | None,
    depth: int | None,
    kinds: tuple[Kind, ...],
    form: str,
) -> None:
    """Write the lineage of RECORD as a graph."""
    from braid_db.cli.record.finding import find_record
    from braid_db.cli.text import note
    from braid_db.exchange.dot import dot
    from braid_db.exchange.mermaid import mermaid
    from braid_db.records.lineage import get_lineage

    way = Direction(direction or Direction.BOTH)
    lineage = open_store().read(
        lambda tx: get_lineage(
            tx, find_record(tx, named), version=version, direction=way, depth=depth, kinds=kinds
        )
    )
    click.echo(mermaid(lineage) if form == "mermaid" else dot(lineage), nl=False)
    if lineage.is_cut:
        note(f"More lies beyond depth {depth}.")
