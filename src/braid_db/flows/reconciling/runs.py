"""Reconciling runs, one or many: read what each one's log tells, and have it recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from braid_db.errors import BraidError, DatabaseError
from braid_db.flows.errors import RunLogInvalid
from braid_db.flows.reconciling.entries import Entry, read_log_file
from braid_db.flows.reconciling.known_flow import KnownFlow
from braid_db.flows.reconciling.telling import RunTold, told_by


class Recorded(Protocol):
    """What came of recording a run: the record of each action, the new ones, and warnings."""

    @property
    def record_ids(self) -> list[int]:
        """The records, in the order in which the actions ran."""

    @property
    def new(self) -> list[int]:
        """Those that were made now."""

    @property
    def warnings(self) -> list[str]:
        """What could not be recorded as it was told."""


Record = Callable[[RunTold], Recorded]
"""Records what a log tells, all of it or nothing."""


@dataclass(frozen=True)
class RunLog:
    """The log of one run, to be read when it is its turn.

    :param entries: gives its entries, oldest first.
    :param definition: gives the flow's definition as the run knew it; None where it is not known.
    """

    run_id: str | None
    flow_id: str | None
    started_by: str | None
    entries: Callable[[], Iterable[Entry]]
    definition: Callable[[], Any]

    @property
    def run(self) -> dict[str, str | None]:
        """What is known of the run without its log."""
        return {"run_id": self.run_id, "flow_id": self.flow_id, "started_by": self.started_by}


@dataclass(frozen=True)
class Outcome:
    """What came of reconciling one run.

    :param records: the record of each action that ran, in their order.
    :param new: those of them that were missing.
    :param error: why nothing was recorded.
    """

    run_id: str
    records: list[int] = field(default_factory=list)
    new: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: BraidError | None = None


def log_in_file(
    path: Path, definition: Any = None, *, run_id: str | None = None, flow_id: str | None = None
) -> RunLog:
    """Return the log of a run that was kept in a file."""
    return RunLog(run_id, flow_id, None, lambda: read_log_file(path), lambda: definition)


def reconcile(log: RunLog, record: Record) -> Outcome:
    """Have recorded what ran in a run and has no record yet.

    :raises RunLogInvalid: if the log cannot be read, or does not say of which run it is.
    :raises BraidError: if it cannot be recorded; nothing is written then.
    """
    told = told_by(log.entries(), KnownFlow(log.definition()), log.run)
    run_id = told.run["run_id"]
    if run_id is None:
        raise RunLogInvalid(
            "The log does not say of which run it is; name the run with --run-id: its id stands "
            "in the address of its page in the web app."
        )
    recorded = record(told)
    warnings = [*told.warnings, *recorded.warnings]
    return Outcome(run_id, recorded.record_ids, recorded.new, warnings)


def reconcile_all(
    logs: Sequence[RunLog], record: Record, show: Callable[[str], None]
) -> list[Outcome]:
    """Reconcile runs, each by itself: the fault of one does not stop the others.

    :param show: told which run it is the turn of.
    :raises DatabaseError: if the database cannot be written to, for whichever run.
    """
    outcomes = []
    for number, log in enumerate(logs, 1):
        show(f"run {number:,} of {len(logs):,}, {log.run_id}")
        try:
            outcomes.append(reconcile(log, record))
        except DatabaseError:
            raise
        except BraidError as error:
            outcomes.append(Outcome(str(log.run_id), error=error))
    return outcomes
