"""``braid-db statement``: what models and analyses assert; a file for each command."""

from __future__ import annotations

import click

from braid_db.cli.groups import LazyGroup
from braid_db.cli.options import CONTEXT

COMMANDS = {"list": "braid_db.cli.statement.list:list_command"}


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings=CONTEXT)
def statement() -> None:
    """Show what models and analyses assert: inferences, decisions, and the verdicts of tests."""
