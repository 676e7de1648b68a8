"""Which programs an action may run: those that the owner of the database allowed, by their path.

Paths are compared as they are written. Links are not followed, because a link to a program that
is many (such as busybox) would allow all of them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from braid_db.errors import shown


class NotAllowed(Exception):
    """A program may not be run here; its text says why, and what the owner can do."""


class AllowedCommands:
    """The programs that may be run, each looked up once.

    :param allowed: absolute paths, or names that are looked up; as the settings give them.
    :param search: the folders to look a name up in, separated as in ``PATH``.
    """

    def __init__(self, allowed: Sequence[str], search: str) -> None:
        # What is found in the current folder would be another program in each.
        self._folders = [folder for folder in search.split(os.pathsep) if folder.startswith("/")]
        self._found: dict[str, str | None] = {}
        self._paths = {path for name in allowed if (path := self._look_up(name)) is not None}

    def path_of(self, command: str) -> str:
        """Return the absolute path of a program that may be run.

        :param command: its absolute path, or its name, as the action has it.
        :raises NotAllowed: if it may not, or is not there.
        """
        if "/" in command and not command.startswith("/"):
            raise NotAllowed(
                f"the command {shown(command)} is a relative path, which no setting can allow; "
                f"make an action that names it by its absolute path"
            )
        path = self._look_up(command)
        if path is None:
            raise NotAllowed(
                f"the command {shown(command)} is not found on this machine; install it, or run "
                f"its actions where it is"
            )
        if path not in self._paths:
            place = "" if path == command else f", here {path},"
            raise NotAllowed(
                f"the command {shown(command)}{place} is not allowed; the owner of the database "
                f"can add it to the setting allowed_commands"
            )
        if not _is_program(path):
            raise NotAllowed(
                f"the command {shown(command)} is allowed, but there is no program of this path "
                f"on this machine"
            )
        return path

    def _look_up(self, command: str) -> str | None:
        """Return the path that a command stands for here; an absolute path is its own."""
        if command.startswith("/"):
            return command
        if command not in self._found:
            places = (str(Path(folder, command)) for folder in self._folders)
            self._found[command] = next(filter(_is_program, places), None)
        return self._found[command]


def _is_program(path: str) -> bool:
    try:
        return Path(path).is_file() and os.access(path, os.X_OK)
    except (OSError, ValueError):
        return False
