"""Groups that find their commands when they are called; the root explains refusals."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from braid_db.cli.errors import explained_exit


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

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the arguments; one that Braid-DB refuses is one line and an exit code."""
        with explained_exit():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what Braid-DB refuses is one line and an exit code."""
        with explained_exit():
            return super().invoke(ctx)


class ExplainingCommand(click.Command):
    """A command that is started by itself, and explains refusals as the root group does."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the arguments; one that Braid-DB refuses is one line and an exit code."""
        with explained_exit():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what Braid-DB refuses is one line and an exit code."""
        with explained_exit():
            return super().invoke(ctx)
