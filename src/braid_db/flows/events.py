"""What a run tells while it goes on: the entries of a run log, in the service's own codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Event:
    """One entry of a run's log.

    :param code: ``FlowStarted``, ``FlowSucceeded``, ``FlowFailed``, ``ActionFailed``, or a
        state's type with ``Started`` or ``Completed``.
    :param details: ``state_name``, ``state_type`` and ``input``, ``output`` or ``exception`` with
        ``cause``; what a flow keeps private is left out.
    :param explanation: of a failure: its cause as one readable line, which the log has not.
    """

    code: str
    description: str
    details: dict[str, Any]
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    explanation: str = ""

    @property
    def what(self) -> str:
        """What it says of a state: ``Started``, ``Completed``, ``Failed``, or a code of its own."""
        return self.code.removeprefix(str(self.details.get("state_type")))

    def as_log_entry(self) -> dict[str, Any]:
        """Return it in the form of the service's run log."""
        return {
            "time": self.time.isoformat(timespec="microseconds"),
            "code": self.code,
            "description": self.description,
            "details": self.details,
        }


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Listen to nothing."""
