"""``braid-db flow``: flows, as files and as they run; a file for each command."""

from __future__ import annotations

import click

from braid_db.cli.groups import LazyGroup
from braid_db.cli.options import CONTEXT

COMMANDS = {
    "check": "braid_db.cli.flow.check:check",
    "instrument": "braid_db.cli.flow.instrument:instrument",
    "reconcile": "braid_db.cli.flow.reconcile:reconcile_command",
    "run": "braid_db.cli.flow.run:run",
    "strip": "braid_db.cli.flow.strip:strip",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings=CONTEXT)
def flow() -> None:
    """Check flows, run them on this machine, and have them record provenance."""
