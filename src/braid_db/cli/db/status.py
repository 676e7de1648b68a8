"""``braid-db db status``: which database this is, and how much it holds."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, open_store


@click.command(context_settings=CONTEXT)
@answering
def status(form: str) -> None:
    """Show which database this is, and how much it holds."""
    from braid_db.records.database import get_status

    found = get_status(open_store())
    if form == "json":
        as_json.say_json(as_json.status_json(found))
        return
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in found.records.items())
    text.say(
        text.aligned(
            [
                ("database", found.url),
                ("uid", found.uid),
                ("schema", found.schema),
                ("size", f"{found.size_bytes:,} bytes"),
                ("records", f"{sum(found.records.values()):,}{f' ({kinds})' if kinds else ''}"),
                ("versions", f"{found.versions:,}"),
                ("derivations", f"{found.derivations:,}"),
                ("runs", f"{found.runs:,}"),
                ("recalls", f"{found.standing_recalls:,} standing"),
            ]
        )
    )
