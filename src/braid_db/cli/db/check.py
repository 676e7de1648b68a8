"""``braid-db db check``: whether all that is kept fits together."""

from __future__ import annotations

from dataclasses import asdict

import click

from braid_db.cli import as_json, text
from braid_db.cli.errors import REFUSED
from braid_db.cli.options import CONTEXT, answering, open_store
from braid_db.cli.progress import progress


@click.command(context_settings=CONTEXT)
@answering
@click.pass_context
def check(context: click.Context, form: str) -> None:
    """Check that the database is sound and all that it keeps fits together.

    It only reads, and others may write meanwhile. Exit codes: 0 sound, 1 something is wrong.
    """
    from braid_db.records.checking import check_database

    with progress("Checking") as tell:
        report = check_database(open_store(), tell)
    if form == "json":
        as_json.say_json({"sound": report.is_sound, **asdict(report)})
    else:
        rows = [
            (
                one.name,
                "ok" if not one.faults else f"{one.faults:,} WRONG",
                one.holds,
                text.visible(", ".join(one.examples)),
            )
            for one in report.checks
        ]
        text.say_table(("check", "result", "what holds", "where not"), rows)
        for told in report.notes:
            text.note(f"Note: {text.visible(told)}")
    context.exit(0 if report.is_sound else REFUSED)
