"""``braid-db db backup``: a copy of the database, taken while others write."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from braid_db.cli import as_json, text
from braid_db.cli.files import MADE_FILE
from braid_db.cli.options import CONTEXT, answering, open_store
from braid_db.cli.progress import progress


@click.command(context_settings=CONTEXT)
@click.argument("target", type=MADE_FILE, required=False)
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there.")
@answering
def backup(target: Path | None, overwrite: bool, form: str) -> None:
    """Write a copy of the database as it is at this moment, while others go on writing.

    TARGET is a file, or a folder to make one in. An SQLite file becomes another one, ready for
    use; a PostgreSQL database becomes a file for pg_restore.
    """
    from braid_db.records.backup import back_up

    with progress("Copying") as tell:
        made = back_up(open_store(), target, overwrite=overwrite, tell=tell)
    if form == "json":
        as_json.say_json(asdict(made))
    else:
        text.say([f"Wrote the backup {text.visible(made.path)} ({made.size_bytes:,} bytes)."])
