"""Following a run of the service to its end, by its log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from braid_db.compute.errors import GlobusRefused, GlobusUnreachable
from braid_db.flows.errors import RunInactive
from braid_db.flows.events import Event, Listener, ignore
from braid_db.flows.service import Document, FlowsService

ACTIVE, INACTIVE, SUCCEEDED = "ACTIVE", "INACTIVE", "SUCCEEDED"

_SHORTEST_S, _LONGEST_S = 1.0, 15.0
_SLOWER = 1.5
_SERVER_FAILED = 500


@dataclass(frozen=True)
class WatchedRun:
    """What the service tells of a run.

    :param started_at: as the service writes it; None where it tells none, as for ``ended_at``.
    :param state: the run's state at its end; None where it did not succeed.
    :param failed_state: the state that ended it, where the service says so.
    :param error: the name of the error that ended it.
    :param cause: why: a sentence, or a document.
    """

    run_id: str
    flow_id: str
    flow_title: str
    label: str
    status: str
    started_at: str | None
    ended_at: str | None
    state: Any = None
    failed_state: str | None = None
    error: str | None = None
    cause: Any = None

    @property
    def succeeded(self) -> bool:
        """Whether it came to its end."""
        return self.status == SUCCEEDED


@dataclass(frozen=True)
class Watcher:
    """Who follows a run.

    :param on_event: told each entry of its log.
    :param on_trouble: told why the service did not answer; it is asked again.
    :param sleep: how to wait between two looks, in seconds.
    """

    on_event: Listener = ignore
    on_trouble: Callable[[str], None] = lambda told: None
    sleep: Callable[[float], None] = time.sleep


def watch(service: FlowsService, run_id: str, watcher: Watcher) -> WatchedRun:
    """Follow a run from its beginning to its end, however long that takes.

    A service that does not answer for a while ends nothing, once it has told of the run.

    :raises GlobusRefused: if there is no such run, or it is nothing to who is logged in.
    :raises RunInactive: if it waits for a consent.
    """
    log = _Log(service, run_id)
    told, pause_s = service.get_run(run_id), _SHORTEST_S
    while True:
        try:
            # A run that is over has told all that it will: the log is asked after the status.
            is_news = _tell(log, watcher)
            if told["status"] != ACTIVE:
                return _at_rest(told)
            pause_s = _SHORTEST_S if is_news else min(pause_s * _SLOWER, _LONGEST_S)
            watcher.sleep(pause_s)
            told = service.get_run(run_id)
        except (GlobusUnreachable, GlobusRefused) as error:
            if isinstance(error, GlobusRefused) and error.status < _SERVER_FAILED:
                raise
            watcher.on_trouble(error.message)
            watcher.sleep(_LONGEST_S)


def run_of(told: Document) -> WatchedRun:
    """Return what the service tells of a run, in our words."""
    run = WatchedRun(
        run_id=str(told["run_id"]),
        flow_id=str(told["flow_id"]),
        flow_title=str(told.get("flow_title") or ""),
        label=str(told.get("label") or ""),
        status=str(told["status"]),
        started_at=told.get("start_time"),
        ended_at=told.get("completion_time"),
    )
    details = _object(told.get("details"))
    if run.succeeded:
        return replace(run, state=details.get("output"))
    if run.status == ACTIVE:
        return run
    inner = _object(details.get("details"))
    return replace(
        run,
        failed_state=inner.get("state_name"),
        error=inner.get("exception") or inner.get("error") or details.get("code"),
        cause=inner.get("cause") or details.get("description"),
    )


def _at_rest(told: Document) -> WatchedRun:
    run = run_of(told)
    if run.status == INACTIVE:
        raise RunInactive(run.run_id, str(run.cause or run.error or "it waits for somebody"))
    return run


def _tell(log: _Log, watcher: Watcher) -> bool:
    """Tell what is new in a log, and return whether anything is."""
    is_news = False
    for entry in log.news():
        is_news = True
        watcher.on_event(_event(entry))
    return is_news


def _event(entry: Document) -> Event:
    told = str(entry.get("code") or ""), str(entry.get("description") or "")
    try:
        at = datetime.fromisoformat(str(entry.get("time")))
    except ValueError:
        return Event(*told, _object(entry.get("details")))
    return Event(*told, _object(entry.get("details")), at if at.tzinfo else at.replace(tzinfo=UTC))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


class _Log:
    """A run's log while it grows."""

    def __init__(self, service: FlowsService, run_id: str) -> None:
        self._service, self._run_id = service, run_id
        self._marker: str | None = None
        self._seen = 0

    def news(self) -> Iterator[Document]:
        """Yield the entries that were not there the last time."""
        while True:
            page = self._service.log_page(self._run_id, self._marker)
            for entry in page.entries[self._seen :]:
                self._seen += 1
                yield entry
            if page.next is None:
                return
            self._marker, self._seen = page.next, 0
