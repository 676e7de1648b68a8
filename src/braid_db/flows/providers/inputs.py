"""What the actions of Globus Transfer take: both generations of their inputs, as one.

Today's providers take the documents of the Transfer API (``source_endpoint``, ``DATA``), the ones
before 2025 names of their own (``source_endpoint_id``, ``transfer_items``, ``items``). Fields that
change nothing of what is done between folders are passed over; those that would, and that are not
done here, are refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from braid_db.errors import shown
from braid_db.flows.actions import ActionCall, unable_to_run

SYNC_LEVELS = ("exists", "size", "mtime", "checksum")

_NOT_DONE = ("delete_destination_extra", "filter_rules", "interpret_globs", "filter")


@dataclass(frozen=True)
class TransferItem:
    """One file or folder to copy.

    :param recursive: whether it has to be a folder; None lets its source decide.
    :param checksum: what the file has to have, by ``algorithm``.
    """

    source_path: str
    destination_path: str
    recursive: bool | None
    checksum: str | None
    algorithm: str


@dataclass(frozen=True)
class TransferInput:
    """What a transfer action is asked for.

    :param sync_level: 0 to 3, as in the Transfer API: what has to be equal for a file to be left
        as it is; None copies all.
    """

    source: str
    destination: str
    items: tuple[TransferItem, ...]
    label: str | None
    sync_level: int | None
    verify_checksum: bool
    skip_source_errors: bool
    preserve_timestamp: bool


@dataclass(frozen=True)
class DeleteInput:
    """What a delete action is asked for."""

    endpoint: str
    paths: tuple[str, ...]
    recursive: bool
    ignore_missing: bool
    label: str | None


def read_object(call: ActionCall) -> dict[str, Any]:
    """Return the input of an action of Transfer.

    :raises FlowStateError: ``ActionUnableToRun``, if it asks for what is not done here.
    """
    if not isinstance(call.body, dict):
        raise unable_to_run(f"The input of {call.url} is an object, not {shown(call.body)}.")
    for field in _NOT_DONE:
        if call.body.get(field):
            raise unable_to_run(
                f"'{field}' is asked for, which is not done between folders; leave it out, or let "
                f"a file answer, by --stub {call.state_name}=FILE."
            )
    return call.body


def read_transfer(call: ActionCall) -> TransferInput:
    """Return what a transfer action is asked for.

    :raises FlowStateError: ``ActionUnableToRun``, if it cannot be read.
    """
    body = read_object(call)
    symlinks = body.get("recursive_symlinks", "ignore")
    if symlinks not in (None, "ignore"):
        raise unable_to_run(
            f"'recursive_symlinks' is {shown(symlinks)}; between folders they are only ignored."
        )
    return TransferInput(
        source=one_of(body, "source_endpoint", "source_endpoint_id"),
        destination=one_of(body, "destination_endpoint", "destination_endpoint_id"),
        items=tuple(_item(each) for each in _list(body, "DATA", "transfer_items")),
        label=body.get("label"),
        sync_level=_sync_level(body.get("sync_level")),
        verify_checksum=_flag(body, "verify_checksum", default=True),
        skip_source_errors=_flag(body, "skip_source_errors"),
        preserve_timestamp=_flag(body, "preserve_timestamp"),
    )


def read_delete(call: ActionCall) -> DeleteInput:
    """Return what a delete action is asked for.

    :raises FlowStateError: ``ActionUnableToRun``, if it cannot be read.
    """
    body = read_object(call)
    items = _list(body, "DATA", "items")
    paths = [item.get("path") if isinstance(item, dict) else item for item in items]
    return DeleteInput(
        endpoint=one_of(body, "endpoint", "endpoint_id"),
        paths=tuple(_text(path, "a path to delete") for path in paths),
        recursive=_flag(body, "recursive"),
        ignore_missing=_flag(body, "ignore_missing"),
        label=body.get("label"),
    )


def one_of(body: dict[str, Any], today: str, before: str) -> str:
    """Return a text that an input names in today's way or in the one before.

    :raises FlowStateError: ``ActionUnableToRun``, if it is in neither or in both.
    """
    name = _name_of(body, today, before)
    return _text(body[name], f"'{name}'")


def _list(body: dict[str, Any], today: str, before: str) -> list[Any]:
    name = _name_of(body, today, before)
    items = body[name]
    if not (isinstance(items, list) and items):
        raise unable_to_run(f"'{name}' is {shown(items)}; expected a list of one item or more.")
    return items


def _name_of(body: dict[str, Any], today: str, before: str) -> str:
    given = [name for name in (today, before) if name in body]
    if len(given) != 1:
        how = "both" if given else "neither"
        raise unable_to_run(
            f"The input has {how} of '{today}' and '{before}'; expected one of them."
        )
    return given[0]


def _item(item: Any) -> TransferItem:
    if not isinstance(item, dict):
        raise unable_to_run(f"{shown(item)} is no item with source_path and destination_path.")
    recursive = item.get("recursive")
    if not (recursive is None or isinstance(recursive, bool)):
        raise unable_to_run(f"'recursive' is {shown(recursive)}; expected true or false.")
    checksum = item.get("external_checksum")
    algorithm = item.get("checksum_algorithm") or ("MD5" if checksum else "SHA256")
    if not isinstance(algorithm, str) or _hash_name(algorithm) not in hashlib.algorithms_available:
        raise unable_to_run(f"'checksum_algorithm' is {shown(algorithm)}, which is not known here.")
    return TransferItem(
        _text(item.get("source_path"), "'source_path'"),
        _text(item.get("destination_path"), "'destination_path'"),
        recursive,
        None if checksum is None else _text(checksum, "'external_checksum'").lower(),
        _hash_name(algorithm),
    )


def _hash_name(algorithm: str) -> str:
    return algorithm.lower().replace("-", "")


def _sync_level(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and value.lower() in SYNC_LEVELS:
        return SYNC_LEVELS.index(value.lower())
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(SYNC_LEVELS):
        return value
    raise unable_to_run(
        f"'sync_level' is {shown(value)}; expected one of {', '.join(SYNC_LEVELS)}."
    )


def _flag(body: dict[str, Any], name: str, *, default: bool = False) -> bool:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise unable_to_run(f"'{name}' is {shown(value)}; expected true or false.")
    return value


def _text(value: Any, what: str) -> str:
    if not (isinstance(value, str) and value):
        raise unable_to_run(f"{what} is {shown(value)}; expected a text.")
    return value
