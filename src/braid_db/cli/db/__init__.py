"""``braid-db db``: the database as a whole; a file for each command."""

from __future__ import annotations

import click

from braid_db.cli.groups import LazyGroup
from braid_db.cli.options import CONTEXT

COMMANDS = {
    "backup": "braid_db.cli.db.backup:backup",
    "check": "braid_db.cli.db.check:check",
    "create": "braid_db.cli.db.create:create",
    "status": "braid_db.cli.db.status:status",
    "upgrade": "braid_db.cli.db.upgrade:upgrade",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings=CONTEXT)
def db() -> None:
    """Make, keep and describe a provenance database."""
