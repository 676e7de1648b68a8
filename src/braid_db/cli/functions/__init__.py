"""``braid-db functions``: the remote functions, as Globus Compute knows them."""

from __future__ import annotations

import click

from braid_db.cli.groups import LazyGroup
from braid_db.cli.options import CONTEXT

COMMANDS = {
    "list": "braid_db.cli.functions.list:list_command",
    "register": "braid_db.cli.functions.register:register",
    "show": "braid_db.cli.functions.show:show",
    "verify": "braid_db.cli.functions.verify:verify",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings=CONTEXT)
def functions() -> None:
    """Register the remote functions with Globus Compute, and see what is registered.

    A function is registered by its text. What is registered is written down in
    ~/.braid_db/functions.json, for each Globus identity.
    """
