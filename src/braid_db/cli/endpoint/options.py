"""What the commands about endpoints share."""

from __future__ import annotations

import click

from braid_db.cli.options import needed_text_of

DEFAULT_NAME = "braid_db"


def filled_text_of(context: click.Context, option: click.Parameter, told: str | None) -> str | None:
    """Return a text that is to be an endpoint's, which one of nothing but spaces is not.

    :raises InvalidArgument: if it is none.
    """
    is_blank = told is not None and not told.strip()
    return needed_text_of(context, option, "" if is_blank else told)


name_argument = click.argument(
    "name", default=DEFAULT_NAME, metavar="[NAME]", callback=filled_text_of
)
