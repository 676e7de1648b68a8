"""``braid-db flow strip``: takes provenance out of a definition again."""

from __future__ import annotations

from pathlib import Path

import click

from braid_db.cli.files import READ_FILE, WRITTEN_FILE
from braid_db.cli.flow.writing import answer
from braid_db.cli.options import CONTEXT, format_option


@click.command(context_settings=CONTEXT)
@click.argument("definition", type=READ_FILE)
@click.option("--output", "-o", type=WRITTEN_FILE, help="Where to write it; shown by default.")
@format_option
def strip(definition: Path, output: Path | None, form: str) -> None:
    """Show DEFINITION as it was before 'flow instrument', to the last field.

    The states that were added are told by their Comment, which begins with '[braid-db]'. The
    answer is JSON in either format.
    """
    from braid_db.flows.instrumenting import strip as stripped
    from braid_db.flows.run_input import read_definition

    answer(output, stripped(read_definition(definition)))
