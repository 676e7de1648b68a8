"""What a run could not record: nothing of it fails the run, so that a person has to be told."""

from __future__ import annotations

from typing import Any

from braid_db.cli.text import FEW, note, visible
from braid_db.flows.events import Event, Listener
from braid_db.flows.instrumenting.naming import is_added

_LONGEST = 500


class Unrecorded:
    """Listens for the states of a run that record provenance, and fail.

    :param definition: of the run.
    :param listener: told each event as well.
    """

    def __init__(self, definition: Any, listener: Listener) -> None:
        self._states = definition.get("States")
        self._listener = listener
        self._failed: list[str] = []

    def on_event(self, event: Event) -> None:
        """Keep what an added state says of its failure."""
        self._listener(event)
        name = str(event.details.get("state_name"))
        if event.what == "Failed" and is_added(self._states[name]):
            cause = " ".join(event.explanation.split())[:_LONGEST]
            self._failed.append(f"{name}: {event.details.get('exception')}: {cause}")

    def tell(self) -> None:
        """Say what was not recorded, and why."""
        for line in self._failed[:FEW]:
            note(visible(f"Nothing was recorded by {line}"))
        if len(self._failed) > FEW:
            note(f"... and by {len(self._failed) - FEW:,} more.")
