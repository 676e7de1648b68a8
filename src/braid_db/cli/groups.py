"""Groups that find their commands when they are called; the root explains refusals."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import click

from braid_db.cli.errors import explained_exit
from braid_db.errors import InvalidArgument, shown


def explained_context(
    make: Callable[..., click.Context], name: str | None, args: list[str], **more: Any
) -> click.Context:
    """Read the arguments of a command; one that is refused is one line and an exit code.

    A shell passes on any bytes, and nothing that we keep, show or ask for is other than text.
    """
    with explained_exit():
        for argument in args:
            if not _is_text(argument):
                found = f"{shown(os.fsencode(argument))}, which is not in UTF-8"
                raise InvalidArgument("argument", found, "a text in UTF-8")
        return make(name, args, **more)


def _is_text(argument: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in argument)


class LazyGroup(click.Group):
    """A group whose commands are imported only when they are needed.

    :param commands_at: the name of each command -> ``module:attribute``.
    """

    def __init__(self, *args: Any, commands_at: Mapping[str, str], **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of the alphabet."""
        return sorted(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing it; None where there is none of this name."""
        place = self._commands_at.get(cmd_name)
        if place is None:
            return None
        module, attribute = place.split(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


class RootGroup(LazyGroup):
    """The root of all commands."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the arguments; one that is refused is one line and an exit code."""
        return explained_context(super().make_context, info_name, args, parent=parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what Braid-DB refuses is one line and an exit code."""
        with explained_exit():
            return super().invoke(ctx)


class ExplainingCommand(click.Command):
    """A command that is started by itself, and explains refusals as the root group does."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the arguments; one that is refused is one line and an exit code."""
        return explained_context(super().make_context, info_name, args, parent=parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what Braid-DB refuses is one line and an exit code."""
        with explained_exit():
            return super().invoke(ctx)
