"""``braid-db endpoint status``: what an endpoint is configured to."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.endpoint.options import name_argument
from braid_db.cli.options import CONTEXT, format_option


@click.command(context_settings=CONTEXT)
@name_argument
@format_option
def status(name: str, form: str) -> None:
    """Show what the endpoint NAME is configured to, without asking anybody."""
    from braid_db.compute.endpoint.folder import EndpointFolder
    from braid_db.compute.endpoint.seen import look_at

    seen = look_at(EndpointFolder.configured(name))
    if form == "json":
        as_json.say_json(seen)
        return
    text.say(text.aligned((label.replace("_", " "), _cell(value)) for label, value in seen.items()))


def _cell(value: object) -> str | None:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return None if value is None else str(value)
