"""The command line, ``braid-db``: parse, one call, show."""

from __future__ import annotations

import click

from braid_db.cli.groups import RootGroup
from braid_db.cli.options import CONTEXT, database_option, named_database

COMMANDS = {
    "completion": "braid_db.cli.completion:completion",
    "db": "braid_db.cli.db:db",
    "endpoint": "braid_db.cli.endpoint:endpoint",
    "flow": "braid_db.cli.flow:flow",
    "functions": "braid_db.cli.functions:functions",
    "graph": "braid_db.cli.graph:graph",
    "model": "braid_db.cli.model:model",
    "recall": "braid_db.cli.recall:recall",
    "record": "braid_db.cli.record:record",
    "run": "braid_db.cli.run:run",
    "statement": "braid_db.cli.statement:statement",
}
"""Where each command is found; its module is imported only when the command runs."""


@click.group(cls=RootGroup, commands_at=COMMANDS, context_settings=CONTEXT)
@click.version_option(package_name="braid-db", prog_name="braid-db")
@database_option
@click.pass_context
def main(context: click.Context) -> None:
    """Ask a provenance database where a result came from and what came from it.

    The database is the one named by --db, else by BRAID_DB_URL, else by BRAID_DB_FILE, else
    ~/.braid_db/braid.db.

    Exit codes: 0 done, 1 refused, 2 wrong usage, 3 database unreachable, 4 schema out of date.
    """
    if (database := named_database()) is not None:
        # What runs a flow has an option of its own, because it passes it on to other processes.
        context.default_map = {"flow": {"run": {"db": database}}}
