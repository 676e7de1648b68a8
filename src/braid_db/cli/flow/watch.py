"""``braid-db flow watch``: follows a run of the service to its end."""

from __future__ import annotations

import uuid

import click

from braid_db.cli.flow.following import follow
from braid_db.cli.options import CONTEXT, format_option


@click.command(context_settings=CONTEXT)
@click.argument("run_id", type=click.UUID)
@format_option
def watch(run_id: uuid.UUID, form: str) -> None:
    """Follow the run RUN_ID of Globus Flows to its end.

    On a terminal its states are shown as they go on, elsewhere as lines; those that are over come
    first. The exit code is 0 where the run succeeded, and 1 where it failed, was cancelled or waits
    for a consent. Ctrl-C ends watching and not the run.
    """
    from braid_db.flows.service import FlowsService

    follow(FlowsService(), str(run_id), form)
