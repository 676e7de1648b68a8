"""``braid-db record history``: all versions of a record."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, open_store, record_argument
from braid_db.cli.record.finding import find_record
from braid_db.views import VersionView

_HEADINGS = ("version", "content", "valid", "recorded (UTC)", "by", "name", "reason")


@click.command(context_settings=CONTEXT)
@record_argument
@answering
def history(named: str, form: str) -> None:
    """List all versions of RECORD, the first one first.

    A version shows the content that it brought in, or that of the version named beside it.
    """
    from braid_db.records.versions import list_versions

    versions = open_store().read(lambda tx: list_versions(tx, find_record(tx, named)))
    if form == "json":
        as_json.say_json(as_json.history_json(versions))
        return
    text.say_table(_HEADINGS, [_cells(one) for one in versions])


def _cells(one: VersionView) -> tuple[str, ...]:
    return (
        str(one.version),
        "new" if one.content == one.version else f"of {one.content}",
        text.valid(one.valid),
        text.minute(one.created_at),
        *(text.visible(said or "") for said in (one.author, one.name, one.reason)),
    )
