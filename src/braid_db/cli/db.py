"""``braid-db db``: the database as a whole."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, open_store


@click.group(context_settings=CONTEXT)
def db() -> None:
    """Make, upgrade and describe a provenance database."""


@db.command()
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


@db.command()
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


@db.command()
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
