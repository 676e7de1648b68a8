"""What a refused command says, and the code it exits with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper

import click

from braid_db.cli.text import visible
from braid_db.errors import (
    BraidError,
    DatabaseError,
    InvalidArgument,
    SchemaOutOfDate,
    SchemaTooNew,
    SettingsError,
)

REFUSED = 1
WRONG_USAGE = 2
UNREACHABLE = 3
OUT_OF_DATE = 4
INTERRUPTED = 130

LONGEST_SHOWN = 200

EXIT_CODES: tuple[tuple[type[BraidError], int], ...] = (
    (SchemaOutOfDate, OUT_OF_DATE),
    (SchemaTooNew, OUT_OF_DATE),
    (DatabaseError, UNREACHABLE),
    (SettingsError, WRONG_USAGE),
    (InvalidArgument, WRONG_USAGE),
    (BraidError, REFUSED),
)
"""The exit code of each error; the first that fits counts."""


def exit_code(error: BraidError) -> int:
    """Return the code that a command exits with because of an error."""
    return next(code for kind, code in EXIT_CODES if isinstance(error, kind))


@contextmanager
def explained_exit() -> Iterator[None]:
    """Let a command that is refused say so in one line on stderr, and exit with its code.

    :raises click.exceptions.Exit: with the code.
    """
    _keep_going_with_odd_letters()
    try:
        yield
    except BraidError as error:
        click.echo(f"Error: {visible(str(error))}", err=True)
        raise click.exceptions.Exit(exit_code(error)) from None
    except UnicodeEncodeError as error:
        found = visible(error.object[:LONGEST_SHOWN])
        click.echo(f"Error: {found} is no text; write it in UTF-8.", err=True)
        raise click.exceptions.Exit(WRONG_USAGE) from None


def _keep_going_with_odd_letters() -> None:
    """Show letters that the terminal's encoding does not have by their codes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
