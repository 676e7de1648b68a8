"""``add_transfer_request``: its request, read into what the use case takes."""

from __future__ import annotations

from typing import Any

from braid_db.errors import InvalidArgument, shown
from braid_db.identity import transfer_uri
from braid_db.model import NO_REFERENCES, Definition, Kind, Tag
from braid_db.records.receipts import Result
from braid_db.records.transfers import Item, TransferToRecord, record_transfer
from braid_db.steps import values
from braid_db.steps.call import Arguments, UseCase, call
from braid_db.steps.documents import FAILED, SUCCEEDED, creator_of, times_of
from braid_db.steps.home import Home
from braid_db.steps.requests import FollowingRequest, Steps
from braid_db.steps.tags import read_tags

TASK_URI = "https://app.globus.org/activity/{}/overview"
UNKNOWN = "Unknown"

TOLD_BY_TASK = (
    "label",
    "nice_status",
    "files",
    "files_skipped",
    "files_transferred",
    "directories",
    "bytes_transferred",
    "bytes_checksummed",
    "faults",
    "fatal_error",
    "source_endpoint_display_name",
    "destination_endpoint_display_name",
)
"""The keys of a task document that become tags, where they are there."""


TOLD_OF_ERROR = ("error", "cause")
"""The keys, beside a status document's own, of why a task failed or was not even begun."""


class TransferRequest(FollowingRequest):
    """The arguments of ``add_transfer_request``."""

    previous_step_record_id: Steps = NO_REFERENCES
    transfer_input: Any = None
    transfer_result: Any = None
    other_predecessor_record_ids: Steps = NO_REFERENCES


def add_transfer_request(arguments: Arguments) -> Result:
    """Record a Globus Transfer task.

    :returns: ``{"flow_state_record_id", "input_record_ids", "output_record_ids", ...}``.
    :raises BraidError: if it is refused; nothing is written then.
    """

    def read(request: TransferRequest, where: Home) -> UseCase:
        told = read_transfer(request)
        return lambda tx: record_transfer(tx, where.rules, told)

    return call("add_transfer_request", TransferRequest, arguments, read)


def read_transfer(request: TransferRequest) -> TransferToRecord:
    """Return what a call tells of one transfer task.

    :raises InvalidArgument: if a part of it has a form that is not accepted.
    """
    document = read_object("transfer_result", request.transfer_result)
    task = document if "task_id" in document else details_of(document)
    status = task.get("status", document.get("status"))
    told = read_object("transfer_input", request.transfer_input)
    # By its label alone one knows again a task that was refused, and so has no id.
    labelled = {"label": task.get("label") or told.get("label")}
    # One that goes on although its state has failed may still end well.
    error = {key: document.get(key) if status == FAILED else None for key in TOLD_OF_ERROR}
    return TransferToRecord(
        task=task_definition(task | labelled | error, status),
        items=read_items(told),
        generates=status is None or status == SUCCEEDED,
        is_over=status in (None, SUCCEEDED, FAILED),
        context=request.context(creator_of(document)),
        times=times_of(task.get("request_time"), task.get("completion_time")),
        previous=request.previous_step_record_id,
        previous_in_run=request.previous_in_run,
        others=request.other_predecessor_record_ids,
        mark_missing=bool(request.if_missing),
    )


def read_object(argument: str, value: Any) -> dict[str, Any]:
    """Return an object, empty where it is absent."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidArgument(argument, values.kind_of(value), "an object, as in the flow's state")
    return value


def details_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return the task document inside the action's status document."""
    return read_object("transfer_result.details", document.get("details"))


def task_definition(task: dict[str, Any], status: Any) -> Definition:
    """Return the definition of the task's own record."""
    task_id = values.optional_text("task_id", task.get("task_id"), values.CALL_KEY_LENGTH)
    return Definition(
        name=f"Globus Transfer task {task_id or UNKNOWN}",
        kind=Kind.TRANSFER,
        uris=(TASK_URI.format(task_id),) if task_id else (),
        tags=task_tags(task, UNKNOWN if status is None else status),
    )


def task_tags(task: dict[str, Any], status: Any) -> tuple[Tag, ...]:
    """Return what the task document tells, as tags."""
    keys = (*TOLD_BY_TASK, *TOLD_OF_ERROR)
    told = {key: task[key] for key in keys if task.get(key) is not None}
    return read_tags("transfer_result", {"status": status, **told})


def read_items(told: dict[str, Any]) -> tuple[Item, ...]:
    """Return the files and folders of a transfer, from either form of its input."""
    items = first_of(told, "DATA", "transfer_items")
    if items is None:
        if told:
            raise InvalidArgument("transfer_input", "one without items", "DATA or transfer_items")
        return ()
    if isinstance(items, dict):
        items = [items]
    if not isinstance(items, list):
        raise InvalidArgument("transfer_input", f"one whose items are {shown(items)}", "a list")
    source = endpoint_of(told, "source")
    destination = endpoint_of(told, "destination")
    return tuple(read_item(n, item, source, destination) for n, item in enumerate(items))


def first_of(told: dict[str, Any], *keys: str) -> Any:
    """Return the value of the first key that has one."""
    return next((told[key] for key in keys if told.get(key) is not None), None)


def endpoint_of(told: dict[str, Any], end: str) -> str:
    """Return the collection at one end, from today's key or the older provider's."""
    key = f"{end}_endpoint"
    value = first_of(told, key, f"{key}_id")
    return values.optional_text(key, value, values.CALL_KEY_LENGTH) or UNKNOWN


def read_item(number: int, item: Any, source: str, destination: str) -> Item:
    """Return one file or folder of a transfer."""
    place = f"transfer_input item {number}"
    if not isinstance(item, dict):
        raise InvalidArgument(place, values.kind_of(item), "an object with its two paths")
    # Without the flag, Transfer finds out by itself; a folder's path then ends with a slash.
    is_folder = values.flag(f"{place} recursive", item.get("recursive"))
    source_path, destination_path = item.get("source_path"), item.get("destination_path")
    if item and source_path is None and destination_path is None:
        raise InvalidArgument(place, "one without paths", "source_path and destination_path")
    return Item(
        side(place, "source", source, source_path),
        side(place, "destination", destination, destination_path),
        is_folder=is_folder or str(source_path).endswith("/"),
    )


def side(place: str, end: str, endpoint: str, path: Any) -> Definition:
    """Return the definition of what lies at one end; without its place it identifies nothing."""
    known = values.optional_text(f"{place} {end}_path", path, values.URI_LENGTH)
    is_placed = known is not None and endpoint != UNKNOWN
    return Definition(
        name=f"Globus transfer {end} {endpoint}:{known or UNKNOWN}",
        uris=(transfer_uri(endpoint, known),) if is_placed and known else (),
    )
