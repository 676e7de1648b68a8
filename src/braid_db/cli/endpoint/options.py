"""What the commands about endpoints share."""

from __future__ import annotations

import click

DEFAULT_NAME = "braid_db"

name_argument = click.argument("name", default=DEFAULT_NAME, metavar="[NAME]")
