"""An action's status document, as it stands in a flow's state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from braid_db.errors import shown
from braid_db.model import Times
from braid_db.steps.values import NAME_LENGTH, optional_text
from braid_db.times import read_time

SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"


def is_document(value: object) -> bool:
    """Return whether a value is the status document of an action."""
    return isinstance(value, dict) and "details" in value


def results_of(document: dict[str, Any]) -> list[Any]:
    """Return what the functions of a Compute action returned, in order; none where it is other.

    ``details.result`` holds them; ``details.results[].output`` holds the same.

    Source: globus-compute's documentation of its action provider.
    """
    details = document.get("details")
    if not isinstance(details, dict):
        return []
    if isinstance(details.get("result"), list):
        return list(details["result"])
    if isinstance(details.get("results"), list):
        entries = details["results"]
        return [entry.get("output") if isinstance(entry, dict) else None for entry in entries]
    return []


def failure_of(document: dict[str, Any]) -> str | None:
    """Return why a document says that its action is not done; None where it is or may be."""
    status = document.get("status", SUCCEEDED)
    return None if status == SUCCEEDED else f"its action's status is {shown(status)}"


def times_of(started_at: object, ended_at: object) -> Times:
    """Return when an action began and ended; what is no time is not known."""
    return Times(_time(started_at), _time(ended_at))


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return read_time(value)
    except ValueError:
        return None


def creator_of(document: dict[str, Any]) -> str | None:
    """Return who an action's status document says started it."""
    creator = document.get("creator_id")
    return optional_text("creator_id", creator, NAME_LENGTH) if isinstance(creator, str) else None
