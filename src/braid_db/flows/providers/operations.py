"""What Transfer does at once and without a task: listing, telling of one path, making a folder."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from braid_db.errors import shown
from braid_db.flows.actions import ActionCall, status_document, unable_to_run
from braid_db.flows.providers import files
from braid_db.flows.providers.collections import Collections
from braid_db.flows.providers.inputs import one_of, read_object

_MOST_ENTRIES = 100_000


class OperationProvider:
    """Does one operation of Transfer on a path of a collection's folder."""

    operation: str

    def __init__(self, collections: Collections) -> None:
        self._collections = collections

    def run(self, call: ActionCall) -> dict[str, Any]:
        """Run one operation and return its status document.

        :raises FlowStateError: ``ActionUnableToRun`` for an input that is refused.
        """
        started_at = datetime.now(UTC)
        body = read_object(call)
        endpoint = one_of(body, "endpoint_id", "endpoint")
        path = self._collections.path(endpoint, body.get("path") or "/~/")
        status = "FAILED"
        try:
            details = self.answer(path, endpoint, call)
            status = "SUCCEEDED"
        except _Refused as refused:
            status = refused.status
            details = _error(refused.code, str(refused), endpoint, self.operation)
        except OSError as error:
            code, sentence = f"ClientError.{files.code_of(error)}", files.sentence(error)
            details = _error(code, sentence, endpoint, self.operation)
        display_status = None if status == "SUCCEEDED" else details["message"]
        return status_document(
            call, status, details, started_at=started_at, display_status=display_status
        )

    def answer(self, path: Path, endpoint: str, call: ActionCall) -> dict[str, Any]:
        """Return the details of an operation that was done."""
        raise NotImplementedError


class ListProvider(OperationProvider):
    """``ls``: what a folder holds, by name."""

    operation = "ls"

    def answer(self, path: Path, endpoint: str, call: ActionCall) -> dict[str, Any]:
        """Return the entries of a folder, or that of a file."""
        if not path.exists():
            raise _Refused("ClientError.NotFound", f"{path.name} is not there")
        shows_hidden = call.body.get("show_hidden") is not False
        members = sorted(path.iterdir()) if path.is_dir() else [path]
        entries = [
            files.entry(member, member.name)
            for member in members
            if shows_hidden or not member.name.startswith(".")
        ]
        offset = _number(call.body, "offset", 0)
        limit = _number(call.body, "limit", _MOST_ENTRIES)
        shown_ones = entries[offset : offset + limit]
        return {
            "DATA_TYPE": "file_list",
            "DATA": shown_ones,
            "absolute_path": call.body.get("path") or "/~/",
            "endpoint": endpoint,
            "length": len(shown_ones),
            "limit": limit,
            "offset": offset,
            "path": call.body.get("path") or "/~/",
            "rename_supported": True,
            "symlink_supported": False,
            "total": len(entries),
        }


class StatProvider(OperationProvider):
    """``stat``: what is told of one path; one that is not there is no failure."""

    operation = "stat"

    def answer(self, path: Path, endpoint: str, call: ActionCall) -> dict[str, Any]:
        """Return the entry of a file or folder."""
        if not path.exists():
            raise _Refused("NotFound", f"{path.name} is not there", "SUCCEEDED")
        return files.entry(path, str(call.body.get("path") or "/~/").rstrip("/").split("/")[-1])


class MakeFolderProvider(OperationProvider):
    """``mkdir``: makes one folder in one that is there."""

    operation = "mkdir"

    def answer(self, path: Path, endpoint: str, call: ActionCall) -> dict[str, Any]:
        """Make a folder."""
        # An execution that was interrupted may have made it already.
        if path.exists() and not (call.again and path.is_dir()):
            raise _Refused("ExternalError.MkdirFailed.Exists", f"{path.name} exists already")
        path.mkdir(exist_ok=call.again)
        sentence = "The directory was created successfully"
        return {
            **_error("DirectoryCreated", sentence, endpoint, self.operation),
            "DATA_TYPE": "mkdir_result",
        }


class _Refused(Exception):
    def __init__(self, code: str, sentence: str, status: str = "FAILED") -> None:
        self.code, self.status = code, status
        super().__init__(sentence)


def _error(code: str, sentence: str, endpoint: str, operation: str) -> dict[str, Any]:
    """Return what Transfer's operations answer beside listings."""
    return {
        "code": code,
        "message": sentence,
        "request_id": uuid.uuid4().hex[:9],
        "resource": f"/operation/endpoint/{endpoint}/{operation}",
    }


def _number(body: dict[str, Any], name: str, default: int) -> int:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise unable_to_run(f"'{name}' is {shown(value)}; expected a number from 0.")
    return value
