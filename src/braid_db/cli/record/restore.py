"""``braid-db record restore``: make an old version current again."""

from __future__ import annotations

import click

from braid_db.cli.options import CONTEXT, answering, record_argument
from braid_db.cli.record.changing import saying_why, write_version
from braid_db.steps import values


@click.command(context_settings=CONTEXT)
@record_argument
@click.option(
    "--version",
    "number",
    type=click.IntRange(1, values.LARGEST_COUNT),
    required=True,
    help="Which one.",
)
@saying_why
@answering
def restore(
    named: str,
    number: int,
    reason: str | None,
    author: str | None,
    expected_version: int | None,
    form: str,
) -> None:
    """Make an old version of RECORD current again: a new one with its content and description."""
    from braid_db.records.versions import restore_version

    said = {"author": author, "reason": reason}
    write_version(
        named,
        form,
        lambda tx, record_id: restore_version(
            tx, record_id, number, expected_version=expected_version, **said
        ),
    )
