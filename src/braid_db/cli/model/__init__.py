"""``braid-db model``: what is asked of models alone; a file for each command."""

from __future__ import annotations

import click

from braid_db.cli.groups import LazyGroup
from braid_db.cli.options import CONTEXT

COMMANDS = {
    "data": "braid_db.cli.model.data:data",
    "states": "braid_db.cli.model.states:states",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings=CONTEXT)
def model() -> None:
    """Show what is known of models.

    MODEL is a record of that kind, named as every record is.
    """
