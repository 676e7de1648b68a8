"""What an action left, found in a log and made ready to be recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from braid_db.flows.reconciling.entries import Entry
from braid_db.flows.reconciling.known_flow import KnownFlow

Document = dict[str, Any]

_PARTS = ("state_name", "action_id", "status", "start_time", "completion_time", "creator_id")
_ERROR, _CAUSE = ("exception", "Error", "error"), ("cause", "Cause")
_STEP_ID = "flow_state_record_id"


class Failure(NamedTuple):
    """How an action failed.

    :param document: what the provider last said of it; empty where it was not even begun.
    """

    error: str
    cause: Any
    document: Document


def find_result(output: Any, name: str, flow: KnownFlow) -> Document | None:
    """Return the status document that a state left in the run's state; None where it is hidden.

    It stands where the definition says; else where its ``state_name`` is found.
    """
    there = flow.result_in(output, name)
    if _is_of(there, name):
        return dict(there)
    return next(_all_of(output, name), None)


def _all_of(value: Any, name: str) -> Iterator[Document]:
    """Yield the status documents of a state, those that stand higher up first."""
    level = [value]
    while level:
        for inner in level:
            if _is_of(inner, name) and inner.get("state_name") == name:
                yield inner
        level = [below for inner in level for below in _inside(inner)]


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _is_of(value: Any, name: str) -> bool:
    is_document = isinstance(value, dict) and "action_id" in value and "status" in value
    return is_document and value.get("state_name") in (None, name)


def failure_of(entry: Entry, name: str) -> Failure:
    """Return what an entry tells of an action that failed.

    The service's own names for it are not documented; where nothing is found by those that are
    known, the entry's code and description stand in.
    """
    error, cause = _first(entry.details, _ERROR), _first(entry.details, _CAUSE)
    cause = entry.description if cause is None else _parsed(cause)
    document: Document = next(_all_of(entry.details, name), {})
    if isinstance(cause, dict) and _is_of(cause, name):
        document = cause
    return Failure(error if isinstance(error, str) else entry.code, cause, document)


def _first(details: Document, names: tuple[str, ...]) -> Any:
    return next((details[name] for name in names if details.get(name) is not None), None)


def _parsed(cause: Any) -> Any:
    """Return the document that a cause is the text of, or the cause as it is."""
    if isinstance(cause, str) and cause.startswith("{"):
        try:
            return json.loads(cause)
        except (ValueError, RecursionError):
            return cause
    return cause


def is_of_provenance(document: Document) -> bool:
    """Return whether a document holds the result of a provenance function."""
    return any(isinstance(one, dict) and _STEP_ID in one for one in _results(document))


def _results(document: Document) -> list[Any]:
    details = document.get("details")
    if not isinstance(details, dict):
        return []
    if isinstance(details.get("result"), list):
        return list(details["result"])
    entries = details.get("results")
    entries = entries if isinstance(entries, list) else []
    return [one.get("output") for one in entries if isinstance(one, dict)]


def recorded_of(document: Document, *, is_transfer: bool, is_hidden: bool) -> Document:
    """Return what is recorded of a status document, and not the rest of it, which may be large.

    :param is_hidden: whether the flow keeps it out of its logs.
    """
    parts = {part: document[part] for part in _PARTS if part in document}
    details: dict[str, Any] = {}
    if is_transfer and not is_hidden and isinstance(document.get("details"), dict):
        details = {key: one for key, one in document["details"].items() if key != "event_list"}
    elif not is_hidden:
        told = [one if _tells_provenance(one) else None for one in _results(document)]
        details = {"result": told} if any(told) else {}
    return {**parts, "details": details}


def _tells_provenance(result: Any) -> bool:
    return isinstance(result, dict) and "provenance" in result
