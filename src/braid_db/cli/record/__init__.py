"""``braid-db record``: records, one or many, and where they came from; a file for each command."""

from __future__ import annotations

import click

from braid_db.cli.groups import LazyGroup
from braid_db.cli.options import CONTEXT

COMMANDS = {
    "common": "braid_db.cli.record.common:common",
    "diff": "braid_db.cli.record.diff:diff",
    "edit": "braid_db.cli.record.edit:edit",
    "history": "braid_db.cli.record.history:history",
    "lineage": "braid_db.cli.record.lineage:lineage",
    "list": "braid_db.cli.record.list:list_command",
    "paths": "braid_db.cli.record.paths:paths",
    "restore": "braid_db.cli.record.restore:restore",
    "show": "braid_db.cli.record.show:show",
    "update": "braid_db.cli.record.update:update",
    "why": "braid_db.cli.record.why:why",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings=CONTEXT)
def record() -> None:
    """Show records and their lineage, and give them new versions.

    RECORD is a record's id; or the URI that identifies it; or the path of a file on this host.
    """
