"""Folders on this machine that stand in for Globus collections."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from braid_db.errors import shown
from braid_db.flows.actions import unable_to_run
from braid_db.flows.errors import RunOptionInvalid

_HOME = ("/~", "~")


class Collections:
    """The folders that a run has for collections, by the collection's UUID.

    The folder is what the collection shows as ``/``, and as ``/~/``, its user's home.

    :raises RunOptionInvalid: if one is no folder.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = {name.lower(): Path(os.path.realpath(at)) for name, at in folders.items()}
        for name, folder in self._folders.items():
            if not folder.is_dir():
                raise RunOptionInvalid(
                    f"The folder {folder} that is to stand for the collection {name} is not there."
                )

    def __bool__(self) -> bool:
        return bool(self._folders)

    def folder(self, endpoint_id: Any) -> Path:
        """Return the folder that stands for a collection.

        :raises FlowStateError: ``ActionUnableToRun``, if none does.
        """
        folder = self._folders.get(endpoint_id.lower()) if isinstance(endpoint_id, str) else None
        if folder is None:
            raise unable_to_run(
                f"No folder stands for the collection {shown(endpoint_id)}; name one, by "
                f"--collection UUID=FOLDER. There are folders for {_list(self._folders)}."
            )
        return folder

    def path(self, endpoint_id: Any, path: Any) -> Path:
        """Return the file or folder that a path of a collection means; it need not be there.

        :raises FlowStateError: ``ActionUnableToRun``, if it is no path, or leads out of the folder.
        """
        folder = self.folder(endpoint_id)
        if not (isinstance(path, str) and path and "\0" not in path):
            raise unable_to_run(f"{shown(path)} is no path of the collection {endpoint_id}.")
        found = folder.joinpath(*_names(path))
        if ".." in found.parts or not is_inside(folder, found):
            raise unable_to_run(
                f"The path {shown(path)} leads out of the folder that stands for the collection "
                f"{endpoint_id}."
            )
        return found


def is_inside(folder: Path, path: Path) -> bool:
    """Return whether a path, its symbolic links followed, stays in a folder."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _names(path: str) -> list[str]:
    """Return the names on the way to a path; those of a relative path begin at the home."""
    for home in _HOME:
        if path == home or path.startswith(f"{home}/"):
            path = path.removeprefix(home)
    normal = posixpath.normpath(path.lstrip("/") or ".")
    return [] if normal == "." else normal.split("/")


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
