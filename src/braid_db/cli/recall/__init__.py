"""``braid-db recall``: what is not to be trusted, and what follows; a file for each command."""

from __future__ import annotations

import click

from braid_db.cli.groups import LazyGroup
from braid_db.cli.options import CONTEXT

COMMANDS = {
    "list": "braid_db.cli.recall.list:list_command",
    "make": "braid_db.cli.recall.make:make",
    "plan": "braid_db.cli.recall.plan:plan",
    "reinstate": "braid_db.cli.recall.reinstate:reinstate_command",
    "retry": "braid_db.cli.recall.retry:retry_command",
    "run": "braid_db.cli.recall.run:run",
    "show": "braid_db.cli.recall.show:show",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings=CONTEXT)
def recall() -> None:
    """Recall what proves wrong, with all that came of it, and see to what follows.

    First 'make --dry-run', which writes nothing; then 'make', 'run' for the actions that follow,
    and 'plan' for what has to be run again. 'reinstate' takes a recall back.
    """
