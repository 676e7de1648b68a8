"""``braid-db record edit``: describe a record otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from braid_db.cli.options import CONTEXT, answering, identity_rules, record_argument
from braid_db.cli.record.changing import describing, saying_why, write_version

if TYPE_CHECKING:
    from braid_db.records.versions import Change


@click.command(context_settings=CONTEXT)
@record_argument
@describing
@saying_why
@answering
def edit(
    named: str,
    change: Change,
    reason: str | None,
    author: str | None,
    expected_version: int | None,
    form: str,
) -> None:
    """Describe RECORD otherwise, in a new version of the same content.

    Its lineage stays as it is, and so do its older versions.
    """
    from braid_db.records.versions import edit_record

    said = {"author": author, "reason": reason}
    write_version(
        named,
        form,
        lambda tx, record_id: edit_record(
            tx, identity_rules(), record_id, change, expected_version=expected_version, **said
        ),
    )
