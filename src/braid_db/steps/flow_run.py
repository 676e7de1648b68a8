"""``record_flow_run``: its request, read into what the use case takes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from braid_db.errors import InvalidArgument
from braid_db.model import NO_REFERENCES
from braid_db.records.flow_runs import Execution
from braid_db.records.flow_runs import record_flow_run as record
from braid_db.records.receipts import BY_KEY_ALONE, CallKey, Result
from braid_db.steps import values
from braid_db.steps.action_step import ActionStepRequest, read_action_step
from braid_db.steps.call import Arguments, UseCase, call
from braid_db.steps.documents import times_of
from braid_db.steps.home import Home
from braid_db.steps.requests import Request, Steps
from braid_db.steps.transfer_task import TransferRequest, read_transfer

STEP, TRANSFER = "add_record_for_action_step", "add_transfer_request"
MOST = 10_000
"""How many states one call may tell of."""

_ENDS, _ITEMS = ("source_endpoint", "destination_endpoint"), ("DATA", "transfer_items")
_Outcome = tuple[dict[str, Any], dict[str, Any], bool]

REFUSED = "refused"
"""What stands in a key for the id of an action that was not even begun."""


def key_of_execution(function: str, run_id: str, state: str, action_id: str) -> CallKey:
    """Return the key under which a state that records a single action does it."""
    return CallKey(function, f"key:{run_id}:{state[:300]}:{action_id}", BY_KEY_ALONE)


class FlowRunRequest(Request):
    """The arguments of ``record_flow_run``."""

    steps: Any = None
    previous_step_output: Steps = NO_REFERENCES


def record_flow_run(arguments: Arguments) -> Result:
    """Record all that ran in one run of a flow.

    :returns: ``{"flow_state_record_id", "record_ids", "records", ...}``.
    :raises BraidError: if any of it is refused; nothing is written then.
    """

    def read(request: FlowRunRequest, where: Home) -> UseCase:
        executions = read_executions(request)
        return lambda tx: record(tx, where.rules, executions, request.previous_step_output)

    return call("record_flow_run", FlowRunRequest, arguments, read)


def read_executions(request: FlowRunRequest) -> list[Execution]:
    """Return what a call tells to have been executed, in the order in which it began.

    :raises InvalidArgument: if a part of it has a form that is not accepted.
    """
    told = request.steps if request.steps is not None else []
    if not isinstance(told, list) or len(told) > MOST:
        raise InvalidArgument("steps", values.kind_of(told), f"a list of at most {MOST:,} objects")
    read = _Reading(request)
    for number, item in enumerate(told):
        read.step(f"steps[{number}]", item)
    return read.in_order()


class _After(NamedTuple):
    """The states whose results one was given.

    :param latest: those of which the latest execution is meant.
    :param rounds: those of which earlier ones are, as far as they are told: what a loop gathered.
    """

    latest: tuple[str, ...]
    rounds: tuple[str, ...]

    def places(self, before: list[Execution]) -> tuple[int, ...]:
        """Return the places of the executions that are meant among those before."""
        latest = {one.state: place for place, one in enumerate(before) if one.state in self.latest}
        rounds = {place for place, one in enumerate(before) if one.state in self.rounds}
        return tuple(sorted({*latest.values(), *rounds}))


def _names(place: str, field: str, item: dict[str, Any]) -> tuple[str, ...]:
    return values.texts(f"{place}.{field}", item.get(field), values.NAME_LENGTH)


class _Reading:
    """The executions of one call; one that two outcomes show is one."""

    def __init__(self, request: FlowRunRequest) -> None:
        self._request = request
        self._seen: set[tuple[str, str]] = set()
        self._found: list[tuple[bool, datetime, Execution, _After]] = []

    def step(self, place: str, item: Any) -> None:
        """Read what came of one state of the flow."""
        if not isinstance(item, dict):
            raise InvalidArgument(place, values.kind_of(item), "an object with step_name")
        name = values.text(f"{place}.step_name", item.get("step_name"), values.NAME_LENGTH)
        after = _After(*(_names(place, field, item) for field in ("after", "after_rounds")))
        is_transfer = values.flag(f"{place}.is_transfer", item.get("is_transfer"))
        for document, error, ended_run in _outcomes(place, name, item.get("outcomes")):
            action_id = str(document.get("action_id") or "")
            if (name, action_id) in self._seen:
                continue
            self._seen.add((name, action_id))
            told = (self._transfer if is_transfer else self._step)(name, item, document, error)
            key = self._key(TRANSFER if is_transfer else STEP, name, action_id)
            begun = times_of(document.get("start_time"), None).started_at or self._latest()
            self._found.append((ended_run, begun, Execution(name, key, told), after))

    def _latest(self) -> datetime:
        """Return when the execution before began, for one that does not say it."""
        return self._found[-1][1] if self._found else datetime.min.replace(tzinfo=UTC)

    def in_order(self) -> list[Execution]:
        """Return the executions as they began; what ended the run is the last."""
        executions: list[Execution] = []
        for *_, one, after in sorted(self._found, key=lambda found: found[:2]):
            executions.append(one._replace(after=after.places(executions)))
        return executions

    def _key(self, function: str, name: str, action_id: str) -> CallKey | None:
        if self._request.run_id is None:
            return None
        return key_of_execution(function, self._request.run_id, name, action_id or REFUSED)

    def _step(
        self, name: str, item: dict[str, Any], document: dict[str, Any], error: dict[str, Any]
    ) -> Any:
        tags = {"parameters": item["given"]} if item.get("given") is not None else {}
        given = {"step_name": name, "tags": tags | error, "step_result": document}
        return read_action_step(ActionStepRequest.model_validate({**self._common(), **given}))

    def _transfer(
        self, name: str, item: dict[str, Any], document: dict[str, Any], error: dict[str, Any]
    ) -> Any:
        given = {
            "transfer_input": _known_of(item.get("given")),
            "transfer_result": document | error,
        }
        return read_transfer(TransferRequest.model_validate({**self._common(), **given}))

    def _common(self) -> dict[str, Any]:
        request = self._request
        mark = "mark" if request.if_missing else None
        who = {"flow_id": request.flow_id, "started_by": request.started_by}
        return {"run_id": request.run_id, **who, "if_missing": mark}


def _known_of(told: Any) -> Any:
    """Return a transfer's input with the items that are known whole; None where its ends are not.

    What a run's state has lost by its end is not there, and makes no records without a name.
    """
    if not isinstance(told, dict) or not all(isinstance(told.get(it, []), list) for it in _ITEMS):
        return told
    ends = [any(told.get(f"{end}{more}") for more in ("", "_id")) for end in _ENDS]
    if not all(ends):
        return None
    return {key: _whole_items(value) if key in _ITEMS else value for key, value in told.items()}


def _whole_items(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    paths = ("source_path", "destination_path")
    return [one for one in value if not isinstance(one, dict) or all(map(one.get, paths))]


def _outcomes(
    place: str, name: str, told: Any
) -> Iterator[tuple[dict[str, Any], dict[str, Any], bool]]:
    """Yield the status document of each execution that a state left, and tags of its error.

    The last says whether that error ended the run.

    A document that another state wrote to the same path says so by its ``state_name``.
    """
    if not isinstance(told, list):
        raise InvalidArgument(f"{place}.outcomes", values.kind_of(told), "a list of objects")
    for item in told:
        outcome = item if isinstance(item, dict) else {}
        document, error = outcome.get("document"), outcome.get("error")
        if isinstance(document, dict) and _is_of(document, name) and document.get("action_id"):
            yield document, {}, False
        elif isinstance(error, dict) and isinstance(error.get("Error"), str):
            told_cause = error.get("Cause")
            cause = told_cause if isinstance(told_cause, dict) else {}
            if _is_of(cause, name) and (cause.get("state_name") or not outcome.get("is_shared")):
                yield _failed(cause), _said_of(error), bool(outcome.get("ended_run"))


def _is_of(document: dict[str, Any], name: str) -> bool:
    return document.get("state_name") in (None, name)


def _failed(cause: dict[str, Any]) -> dict[str, Any]:
    """Return the status document of an action that failed, whatever it last said of itself."""
    details = cause.get("details")
    return {**cause, "status": "FAILED", "details": details if isinstance(details, dict) else {}}


def _said_of(error: dict[str, Any]) -> dict[str, Any]:
    return {"error": error["Error"], "cause": str(error.get("Cause"))[:2000]}
