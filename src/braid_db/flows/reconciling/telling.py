"""What a run's log tells of the actions that ran, one entry after the other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from braid_db.errors import shown
from braid_db.flows.errors import RunLogInvalid
from braid_db.flows.instrumenting.reading import TYPES
from braid_db.flows.reconciling.documents import (
    Document,
    Failure,
    failure_of,
    find_result,
    is_of_provenance,
    recorded_of,
)
from braid_db.flows.reconciling.entries import Entry
from braid_db.flows.reconciling.given import Given
from braid_db.flows.reconciling.known_flow import KnownFlow
from braid_db.flows.scope import Scope, visible

ACTION, FLOW = "Action", "Flow"
STARTED, COMPLETED, FAILED, POLLED = "Started", "Completed", "Failed", "Polled"
CANCELED = ("Canceled", "Cancelled")
_CODE = re.compile(
    f"({'|'.join(sorted(TYPES))}|{FLOW})({STARTED}|{COMPLETED}|{FAILED}|{POLLED}|Succeeded|"
    f"{'|'.join(CANCELED)})"
)
_NAMING = {"run_id": "run_id", "flow_id": "flow_id", "started_by": "user_id"}
"""What a log of ``braid-db flow run`` says of its run, under the names of ``$._context``."""
REFUSED, HIDDEN = "refused", "hidden"
"""What stands for the id of an action that has none, as nothing was begun, or keeps it private."""
_LONGEST_CAUSE = 2000


@dataclass
class RunTold:
    """What a log tells of its run.

    :param run: ``run_id``, ``flow_id`` and ``started_by``, as far as they are known.
    :param steps: the actions that ran and ended, in their order.
    """

    run: dict[str, str | None]
    steps: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class _Begun:
    """An action that goes on: when it began, what it was given, and a code that nobody knows.

    :param after: the executions that what it was given came from, by their places.
    """

    name: str
    time: str = ""
    given: Any = None
    is_transfer: bool = False
    after: list[int] = field(default_factory=list)
    strange: Entry | None = None


def told_by(entries: Iterable[Entry], flow: KnownFlow, run: dict[str, str | None]) -> RunTold:
    """Return what ran, from the entries of a log, oldest first.

    What has not ended is left for another time, unless the run has.
    """
    teller = _Teller(flow, RunTold(run, warnings=list(flow.warnings)))
    for entry in entries:
        teller.take(entry)
    teller.end()
    return teller.told


class _Teller:
    """Where the reading of a log stands."""

    def __init__(self, flow: KnownFlow, told: RunTold) -> None:
        self._flow = flow
        self._way = flow.way()
        self._state: Any = {}
        self._begun: _Begun | None = None
        self._places: dict[tuple[str, str], int] = {}
        self._without_id: Counter[tuple[str, str]] = Counter()
        self._strange: Counter[str] = Counter()
        self.told = told

    def take(self, entry: Entry) -> None:
        """Read the next entry."""
        known = _CODE.fullmatch(entry.code)
        if known is None:
            self._strange[entry.code] += 1
            if self._begun is not None and entry.state_name == self._begun.name:
                self._begun.strange = entry
            return
        kind, what = known.groups()
        if kind == FLOW:
            self._take_flow(what, entry)
        elif what == STARTED:
            self._end_begun(entry, unless=entry.state_name if kind == ACTION else None)
            self._way.enter(entry.state_name or "")
        if kind == ACTION and entry.state_name is not None:
            self._take_action(what, entry, entry.state_name)
        if "output" in entry.details:
            self._state = entry.details["output"]

    def end(self) -> None:
        """Say what was not understood."""
        self.told.warnings += [
            f"{count} entries with the unknown code {code!r} were skipped."
            for code, count in sorted(self._strange.items())
        ]

    def _take_flow(self, what: str, entry: Entry) -> None:
        if what == STARTED:
            self._state = entry.details.get("input", {})
            self._name_run(entry.details)
        elif self._begun is not None and what in CANCELED:
            begun, self._begun = self._begun, None
            going_on = {"status": "ACTIVE", "start_time": begun.time}
            self._add(begun, going_on, {"error": entry.code, "cause": entry.description})
        else:
            self._end_begun(entry)

    def _take_action(self, what: str, entry: Entry, name: str) -> None:
        begun = self._begun
        if what == STARTED:
            self._begin(entry, name)
        elif what in (COMPLETED, FAILED):
            self._begun = None
            if begun is not None and begun.name != name:
                begun = None
            if what == COMPLETED:
                self._completed(begun or self._unbegun(name), entry)
            else:
                self._failed(begun, entry, name)

    def _begin(self, entry: Entry, name: str) -> None:
        given = Given(Scope(self._state, self._context))
        is_transfer = self._is_transfer(name, entry.details.get("input"))
        state = self._flow.state(name)
        told = given.of(state, entry.details.get("input"), is_transfer=is_transfer)
        self._begun = _Begun(name, entry.time, told, is_transfer, self._way.read(name))
        if given.unknown and not self._flow.records(name):
            self.told.warnings.append(
                f"{name}: the log does not tell the values of {', '.join(given.unknown)}."
            )

    def _name_run(self, details: dict[str, Any]) -> None:
        """Take over what the log says of its run.

        :raises RunLogInvalid: if it is of another run than it was said to be.
        """
        run = self.told.run
        if run["run_id"] not in (None, details.get("run_id", run["run_id"])):
            raise RunLogInvalid(
                f"The log is of run {shown(details['run_id'])}, and not of {shown(run['run_id'])}."
            )
        for key, name in _NAMING.items():
            if isinstance(details.get(name), str) and run[key] is None:
                run[key] = details[name]

    @property
    def _context(self) -> dict[str, str]:
        """What is known of ``$._context``."""
        known = {name: self.told.run.get(key) for key, name in _NAMING.items()}
        return {name: value for name, value in known.items() if value is not None}

    def _unbegun(self, name: str) -> _Begun:
        """Return what is known of an action whose beginning is not in the log."""
        self._way.enter(name)
        is_transfer = self._is_transfer(name, None)
        return _Begun(name, is_transfer=is_transfer, after=self._way.read(name))

    def _is_transfer(self, name: str, given: Any) -> bool:
        known = self._flow.is_transfer(name)
        if known is not None:
            return known
        return isinstance(given, dict) and bool({"DATA", "transfer_items"} & given.keys())

    def _end_begun(self, entry: Entry, unless: str | None = None) -> None:
        """End an action that must have ended, as something else began or the run is over.

        :param unless: the state whose action began again, as an interrupted run went on with it.
        """
        begun, self._begun = self._begun, None
        if begun is None or begun.name == unless:
            return
        ended = begun.strange or entry
        if ended is entry and entry.state_name != begun.name:
            told = f"The log does not tell how it ended; then came {entry.code}"
            ended = Entry(entry.time, "Unknown", told, {})
        self._failed(begun, ended, begun.name)

    def _completed(self, begun: _Begun, entry: Entry) -> None:
        name, output = begun.name, entry.details.get("output")
        found = find_result(output, name, self._flow)
        if found is None:
            status = {} if self._flow.may_be_failed(name) else {"status": "SUCCEEDED"}
            found = {"state_name": name, **status}
        times = {"start_time": begun.time, "completion_time": entry.time}
        document = {**times, **{key: one for key, one in found.items() if one is not None}}
        self._add(begun, document, {})

    def _failed(self, begun: _Begun | None, entry: Entry, name: str) -> None:
        failure = failure_of(entry, name)
        if begun is None and not failure.document:
            return  # what it is given could not even be made
        begun = begun or self._unbegun(name)
        times = {"start_time": begun.time}
        if not failure.document:
            times["completion_time"] = entry.time
        known = {key: one for key, one in failure.document.items() if one is not None}
        self._add(begun, {**times, **known, "status": FAILED.upper()}, _said_of(failure))

    def _add(self, begun: _Begun, document: Document, error: dict[str, str]) -> None:
        """Add an execution, once, and go on along the run's way."""
        place = self._place_of(begun, document, error)
        self._way.ended(begun.name, place, error.get("error"))

    def _place_of(self, begun: _Begun, document: Document, error: dict[str, str]) -> int | None:
        """Return the place of an execution among all; None where it is provenance's own."""
        name, steps = begun.name, self.told.steps
        action_id = str(document.get("action_id") or "")
        if self._flow.records(name) or is_of_provenance(document):
            return None
        if action_id and (name, action_id) in self._places:
            return self._places[name, action_id]
        self._places[name, action_id] = len(steps)
        steps.append(self._told_of(begun, document, error, action_id))
        return len(steps) - 1

    def _told_of(
        self, begun: _Begun, document: Document, error: dict[str, str], action_id: str
    ) -> dict[str, Any]:
        """Return what is told of one execution."""
        name, is_transfer = begun.name, begun.is_transfer
        is_hidden = self._flow.hides_result(name)
        if error:
            is_hidden = self._flow.hides_error(name, error["error"])
        kept = recorded_of(document, is_transfer=is_transfer, is_hidden=is_hidden)
        if error and not is_transfer:
            kept["details"] = {}
        return {
            "step_name": name,
            "is_transfer": is_transfer,
            "given": begun.given,
            "result": kept,
            "error": {} if is_hidden else error,
            "after": begun.after if self._flow.is_known else None,
            "id": action_id or self._id_without(name, REFUSED if error else HIDDEN),
            "has_id": bool(action_id),
        }

    def _id_without(self, name: str, what: str) -> str:
        """Return what stands for the id of an action that has none: which of these it is."""
        self._without_id[name, what] += 1
        count = self._without_id[name, what]
        return what if count == 1 else f"{what}:{count}"


def _said_of(failure: Failure) -> dict[str, str]:
    return {"error": failure.error, "cause": str(visible(failure.cause))[:_LONGEST_CAUSE]}
