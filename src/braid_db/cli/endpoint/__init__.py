"""``braid-db endpoint``: endpoints of Globus Compute that own a provenance database."""

from __future__ import annotations

import click

from braid_db.cli.groups import LazyGroup
from braid_db.cli.options import CONTEXT

COMMANDS = {
    "configure": "braid_db.cli.endpoint.configure:configure",
    "doctor": "braid_db.cli.endpoint.doctor:doctor",
    "status": "braid_db.cli.endpoint.status:status",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings=CONTEXT)
def endpoint() -> None:
    """Configure and examine an endpoint that owns a provenance database.

    NAME is the endpoint's name on this machine, braid_db by default.
    """
