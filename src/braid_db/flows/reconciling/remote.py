"""The logs of runs of the Flows service, asked for no more than a monitor may see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from braid_db.flows.reconciling.entries import Entry, read_entries
from braid_db.flows.reconciling.runs import RunLog

if TYPE_CHECKING:
    from braid_db.flows.service import Document, FlowsService

_FIRST = datetime.min.replace(tzinfo=UTC)


def log_of_run(service: FlowsService, run_id: str) -> RunLog:
    """Return the log of a run of the service.

    :raises GlobusRefused: if there is none of this id, or it is nothing to who is logged in.
    """
    return _log(service, service.get_run(run_id))


def logs_of_flow(
    service: FlowsService, flow_id: str, since: datetime | None = None
) -> list[RunLog]:
    """Return the logs of the runs of a flow, in the order in which they began.

    So files that more than one of them wrote get their versions in the order of time.

    :param since: only of runs that began then or later.
    """
    found = sorted(_since(service, flow_id, since), key=_began)
    return [_log(service, told) for told in found]


def _since(service: FlowsService, flow_id: str, since: datetime | None) -> Iterator[Document]:
    """Yield what is told of runs that began in a time, without asking for all that were before.

    The service is asked for the newest first, and a page shows whether it answers so.
    """
    for page in service.pages_of_runs(flow_id):
        times = [_began(told) for told in page]
        yield from (told for told in page if since is None or _began(told) >= since)
        is_newest_first = len(set(times)) > 1 and times == sorted(times, reverse=True)
        if since is not None and is_newest_first and times[0] < since:
            return


def _log(service: FlowsService, told: Document) -> RunLog:
    run_id = str(told["run_id"])
    return RunLog(
        run_id=run_id,
        flow_id=_text(told, "flow_id"),
        started_by=_text(told, "run_owner") or _text(told, "created_by"),
        entries=lambda: _entries(service, run_id),
        definition=lambda: service.definition_of_run(run_id),
    )


def _entries(service: FlowsService, run_id: str) -> Iterator[Entry]:
    """Yield the entries of a log, oldest first, asking for a part at a time."""
    marker: str | None = None
    while True:
        page = service.log_page(run_id, marker)
        yield from read_entries(page.entries)
        marker = page.next
        if marker is None:
            return


def _began(told: Document) -> datetime:
    """Return when a run began; one that does not say it stands first."""
    try:
        time = datetime.fromisoformat(str(told.get("start_time")))
    except ValueError:
        return _FIRST
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _text(told: dict[str, Any], name: str) -> str | None:
    value = told.get(name)
    return value if isinstance(value, str) else None
