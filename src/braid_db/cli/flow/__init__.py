"""``braid-db flow``: flows, as files and as they run; a file for each command."""

from __future__ import annotations

import click

from braid_db.cli.groups import LazyGroup
from braid_db.cli.options import CONTEXT

COMMANDS = {
    "check": "braid_db.cli.flow.check:check",
    "instrument": "braid_db.cli.flow.instrument:instrument",
    "publish": "braid_db.cli.flow.publish:publish",
    "reconcile": "braid_db.cli.flow.reconcile:reconcile_command",
    "run": "braid_db.cli.flow.run:run",
    "start": "braid_db.cli.flow.start:start",
    "strip": "braid_db.cli.flow.strip:strip",
    "watch": "braid_db.cli.flow.watch:watch",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings=CONTEXT)
def flow() -> None:
    """Check flows, run them, here or in Globus Flows, and have them record provenance."""
