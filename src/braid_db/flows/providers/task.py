"""The task document of Globus Transfer, as an action leaves it in the flow's state.

Source: the task documents of a real run log.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from braid_db.flows.actions import ActionCall, status_document

_DEADLINE = timedelta(days=1)


@dataclass
class Task:
    """What a task has done so far.

    :param fatal: the code and sentence of what ended it, if something did.
    """

    kind: str
    call: ActionCall
    source: str
    destination: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    requested_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    files: int = 0
    directories: int = 0
    symlinks: int = 0
    done: int = 0
    skipped: int = 0
    faults: int = 0
    copied_bytes: int = 0
    checksummed_bytes: int = 0
    fatal: tuple[str, str] | None = None
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The task's id: the same for the same execution of its action."""
        return str(uuid.uuid5(self.call.id, "transfer task"))

    def fault(self, code: str, sentence: str) -> None:
        """Note something that went wrong on the way."""
        self.faults += 1
        self._happened(code, sentence, {"error": {"body": sentence}}, is_error=True)

    def fail(self, code: str, sentence: str) -> None:
        """Note something that ends the task."""
        self.fault(code, sentence)
        self.fatal = (code, sentence)

    def finished(self) -> dict[str, Any]:
        """Return the status document of the task's action, now that it is over."""
        status = "FAILED" if self.fatal else "SUCCEEDED"
        if not self.fatal:
            self._happened("SUCCEEDED", "succeeded", {"files_succeeded": self.done})
        sentence = self.fatal[1] if self.fatal else None
        return self._document(status, datetime.now(UTC), sentence)

    def going_on(self) -> dict[str, Any]:
        """Return the status document of the task's action before its end."""
        return self._document("ACTIVE", None, None)

    def _document(
        self, status: str, completed_at: datetime | None, sentence: str | None
    ) -> dict[str, Any]:
        details = {**self._told(status), **self._times(completed_at), **self.options}
        # The service's own times of the action precede those of its task; so do ours.
        return status_document(
            self.call,
            status,
            details,
            started_at=self.requested_at,
            display_status=sentence,
        )

    def _times(self, completed_at: datetime | None) -> dict[str, Any]:
        return {
            "request_time": _seconds(self.requested_at),
            "deadline": _seconds(self.requested_at + _DEADLINE),
            "completion_time": _seconds(completed_at) if completed_at else None,
        }

    def _told(self, status: str) -> dict[str, Any]:
        fatal = {"code": self.fatal[0], "description": self.fatal[1]} if self.fatal else None
        subtasks = max(1, self.files + self.directories)
        return {
            **_SAME_IN_ALL,
            "task_id": self.id,
            "type": self.kind,
            "status": status,
            "label": f"For Action id {self.call.id}",
            "owner_id": self.call.creator_id.rsplit(":", 1)[-1],
            "source_endpoint": self.source,
            "source_endpoint_id": self.source,
            "source_endpoint_display_name": self.source,
            "destination_endpoint": self.destination,
            "destination_endpoint_id": self.destination,
            "destination_endpoint_display_name": self.destination,
            "files": self.files,
            "directories": self.directories,
            "symlinks": self.symlinks,
            "files_skipped": self.skipped,
            "files_transferred": self.done if self.kind == "TRANSFER" else None,
            "bytes_transferred": self.copied_bytes,
            "bytes_checksummed": self.checksummed_bytes,
            "effective_bytes_per_second": self._bytes_per_second(),
            "faults": self.faults,
            "fatal_error": fatal,
            "event_list": self.events[-10:][::-1],
            "is_ok": None if status != "ACTIVE" else True,
            "subtasks_failed": 1 if self.fatal else 0,
            "subtasks_pending": 0,
            "subtasks_succeeded": 0 if self.fatal else subtasks,
            "subtasks_total": subtasks,
        }

    def _bytes_per_second(self) -> int:
        elapsed_s = (datetime.now(UTC) - self.requested_at).total_seconds()
        return int(self.copied_bytes / max(elapsed_s, 1.0))

    def _happened(
        self, code: str, sentence: str, details: dict[str, Any], *, is_error: bool = False
    ) -> None:
        self.events.append(
            {
                "DATA_TYPE": "event",
                "code": code,
                "description": sentence,
                "details": details,
                "is_error": is_error,
                "time": _seconds(datetime.now(UTC)),
            }
        )


_SAME_IN_ALL: dict[str, Any] = {
    "DATA_TYPE": "task",
    "command": "API 0.10",
    "delete_destination_extra": False,
    "encrypt_data": False,
    "fail_on_quota_errors": False,
    "history_deleted": False,
    "is_paused": False,
    "preserve_timestamp": False,
    "recursive_symlinks": "ignore",
    "skip_source_errors": False,
    "subtasks_canceled": 0,
    "subtasks_expired": 0,
    "subtasks_retrying": 0,
    "subtasks_skipped_errors": 0,
    "sync_level": None,
    "verify_checksum": False,
    **dict.fromkeys(
        (
            *("canceled_by_admin", "canceled_by_admin_message", "filter_rules", "username"),
            *("destination_base_path", "destination_local_user", "destination_local_user_status"),
            *("source_base_path", "source_local_user", "source_local_user_status"),
            *("nice_status", "nice_status_details", "nice_status_expires_in"),
            "nice_status_short_description",
        )
    ),
}


def _seconds(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
