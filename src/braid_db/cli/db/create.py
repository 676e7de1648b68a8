"""``braid-db db create``: make a provenance database."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, open_store


@click.command(context_settings=CONTEXT)
@answering
def create(form: str) -> None:
    """Make the database, if it is not there yet."""
    from braid_db.records.database import create_database, place_of

    store = open_store(create=True)
    made = create_database(store)
    if form == "json":
        as_json.say_json({"url": place_of(store), "created": made})
    else:
        done = "Made the provenance database" if made else "Already there: the provenance database"
        text.say([f"{done} {text.visible(place_of(store))}"])
