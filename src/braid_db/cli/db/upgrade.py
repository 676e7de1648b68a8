"""``braid-db db upgrade``: bring a database to the schema of this version."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, open_store


@click.command(context_settings=CONTEXT)
@answering
def upgrade(form: str) -> None:
    """Bring the database to the schema that this version of Braid-DB works with.

    Make a backup first.
    """
    from braid_db.records.database import upgrade_database

    before, after = upgrade_database(open_store())
    if form == "json":
        as_json.say_json({"before": before, "after": after})
    elif before == after:
        text.say([f"Nothing to do: the database has schema {after}, the newest."])
    else:
        text.say([f"Upgraded the database from schema {before} to {after}."])
