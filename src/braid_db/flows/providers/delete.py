"""Deleting files and folders of a collection, as a task of Transfer."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from braid_db.errors import shown
from braid_db.flows.actions import ActionCall, unable_to_run
from braid_db.flows.providers import files
from braid_db.flows.providers.collections import Collections
from braid_db.flows.providers.inputs import DeleteInput, read_delete
from braid_db.flows.providers.task import Task


class DeleteProvider:
    """Deletes files, and folders where it is asked to recursively; never a whole collection."""

    def __init__(self, collections: Collections) -> None:
        self._collections = collections

    def run(self, call: ActionCall) -> dict[str, Any]:
        """Run one delete task to its end.

        :raises FlowStateError: ``ActionUnableToRun`` for an input that is refused.
        """
        asked = read_delete(call)
        found = [self._path(asked.endpoint, path) for path in asked.paths]
        label = {"label": asked.label} if asked.label else {}
        task = Task("DELETE", call, asked.endpoint, options=label)
        for path in found:
            if task.fatal is None:
                _delete(path, asked, task)
        return task.finished()

    def _path(self, endpoint: str, path: str) -> Path:
        found = self._collections.path(endpoint, path)
        if found == self._collections.folder(endpoint):
            raise unable_to_run(
                f"{shown(path)} is the whole collection {endpoint}, which is not deleted here; "
                f"name the folders in it."
            )
        return found


def _delete(path: Path, asked: DeleteInput, task: Task) -> None:
    # An execution that was interrupted may have deleted it already.
    is_missing = not (path.exists() or path.is_symlink())
    if is_missing and (asked.ignore_missing or task.call.again):
        return
    try:
        if path.is_dir() and not path.is_symlink():
            if not asked.recursive:
                task.fail("IS_A_DIRECTORY", f"{path.name} is a folder, and not to be recursive")
                return
            shutil.rmtree(path)
            task.directories += 1
        else:
            path.unlink()
            task.files += 1
        task.done += 1
    except OSError as error:
        task.fail(files.code_of(error), files.sentence(error))
