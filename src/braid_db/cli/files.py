"""Files that commands are given, and what may stand for one."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import click


class FilePath(click.Path):
    """A file, be it there or not.

    :param others: what may stand for it: ``pipe``, as a shell makes one of a command; ``device``;
        ``directory``, to make a file in.
    """

    def __init__(self, *others: str) -> None:
        super().__init__(path_type=Path, dir_okay="directory" in others)
        self._others = others

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Return its path.

        :raises click.BadParameter: if it is something that cannot stand for a file here.
        """
        if value == "":
            self.fail("An empty text names no file.", param, ctx)
        path = super().convert(value, param, ctx)
        found = _kind_of(Path(os.fsdecode(path)))
        if found not in ("file", *self._others):
            wanted = " or a ".join(("file", *self._others))
            self.fail(f"{os.fsdecode(path)!r} is a {found}; expected a {wanted}.", param, ctx)
        return path


def _kind_of(path: Path) -> str:
    """Return what a path leads to; what is not there may become a file."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return "file"
    if stat.S_ISFIFO(mode):
        return "pipe"
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return "device"
    return "socket" if stat.S_ISSOCK(mode) else "file"


READ_FILE = FilePath("pipe")
"""What is read to its end, which a device may not have."""
WRITTEN_FILE = FilePath("pipe", "device")
MADE_FILE = FilePath("directory")
"""What is made under this name, or under one of its own in a directory."""
KEPT_FILE = FilePath()
"""What is read, and replaced by what is kept from then on."""
