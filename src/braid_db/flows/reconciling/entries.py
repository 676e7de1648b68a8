"""The entries of a run's log, from a file or from the service, oldest first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from braid_db.errors import shown
from braid_db.flows.errors import RunLogInvalid
from braid_db.flows.scope import DEEPEST, is_too_deep

_EXPECTED = (
    "expected objects with time, code and details, as the service and 'braid-db flow run --log' "
    "write them"
)


@dataclass(frozen=True)
class Entry:
    """One entry of a run's log.

    :param time: as the log writes it.
    :param code: such as ``ActionStarted``.
    :param details: ``state_name``, ``state_type`` and ``input`` or ``output``, for most codes.
    """

    time: str
    code: str
    description: str
    details: dict[str, Any]

    @property
    def state_name(self) -> str | None:
        """The state that it is about; None where it is about the whole run."""
        name = self.details.get("state_name")
        return name if isinstance(name, str) else None


def read_entries(told: Iterable[Any]) -> Iterator[Entry]:
    """Yield the entries of a log in the service's form, in the order in which they come.

    :raises RunLogInvalid: if one of them is none.
    """
    for number, item in enumerate(told):
        if not (isinstance(item, dict) and isinstance(item.get("code"), str)):
            raise RunLogInvalid(f"Entry {number} of the run's log is {shown(item)}; {_EXPECTED}.")
        if is_too_deep(item):
            raise RunLogInvalid(
                f"Entry {number} of the run's log is nested more than {DEEPEST} deep, which is no "
                f"log of the service."
            )
        details = item.get("details")
        yield Entry(
            time=str(item.get("time", "")),
            code=item["code"],
            description=str(item.get("description", "")),
            details=details if isinstance(details, dict) else {},
        )


def read_log_file(path: Path) -> list[Entry]:
    """Return the entries of a log that was kept in a file, oldest first.

    It holds the list of them, as the web app and ``flow run --log`` write it, or what the service
    answered, with the list in ``entries``; newest first or oldest first.

    :raises RunLogInvalid: if it holds something else.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RunLogInvalid(f"The log {path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise RunLogInvalid(f"The log {path} is no JSON; {_EXPECTED}.") from None
    if isinstance(told, dict):
        told = told.get("entries")
    if not isinstance(told, list):
        raise RunLogInvalid(f"{path} holds no list of a log's entries; {_EXPECTED}.")
    return oldest_first(list(read_entries(told)))


def oldest_first(entries: list[Entry]) -> list[Entry]:
    """Return entries in the order in which they were written.

    Many have the same time, so that they are turned around and not sorted.
    """
    if not entries:
        return entries
    first, last = entries[0], entries[-1]
    is_newest_first = first.time > last.time or last.code == "FlowStarted" != first.code
    return entries[::-1] if is_newest_first else entries
