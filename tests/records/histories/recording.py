"""Tells a history to a database, by the remote functions and call by call."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from sqlalchemy import Connection

from braid_db.compute import sources
from braid_db.errors import NotAnOutput
from braid_db.resources import functions_folder
from braid_db.steps import home
from braid_db.store.connecting import make_engine
from tests.records.histories.rows import Mark, Rows, mark, read_rows
from tests.records.histories.world import (
    FOLDERS,
    READ,
    By,
    Call,
    History,
    Mention,
    Told,
    folder_of,
)

HOSTS = ("beamline", "cluster")
COLLECTIONS = (
    "8d0c7a52-0a5b-4c3e-9f64-0a51e7a3c001",
    "C1D2E3F4-0a5b-4c3e-9f64-0a51e7a3c002",
)
FUNCTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    name: sources.load(sources.read_file(functions_folder() / f"{name}.py"))
    for name in ("add_record_for_action_step", "add_transfer_request")
}

Result = dict[str, Any]
Listed = tuple[Told | None, ...]
"""What the ids of a result's list stand for, in order; None for a record without a URI."""

_histories = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """A database that histories are told to, one after the other, each under its own folder."""

    url: str
    connection: Connection


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Let the functions record into a database that is made now."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAID_DB_URL", url)
        bases = {
            collection: f"file://{host}/data/"
            for collection, host in zip(COLLECTIONS, HOSTS, strict=True)
        }
        patch.setenv("BRAID_DB_COLLECTIONS", json.dumps(bases))
        store = home.home().store
        store.read(lambda tx: tx.database)
        with make_engine(url).connect() as connection:
            yield Database(url, connection)
        store.close()


@dataclass
class Recording:
    """A history as it was recorded.

    :ivar results: of each call, in the order of recording.
    :ivar rows: before the first call and after each.
    :ivar refused: calls that were refused as they should be, by the number of the call before.
    :ivar listed: what the inputs and the outputs of each result stand for.
    """

    history: History
    database: Database
    prefix: str
    since: Mark
    results: list[Result] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)
    listed: list[tuple[Listed, Listed]] = field(default_factory=list)
    refused: dict[int, bool] = field(default_factory=dict)

    @property
    def last(self) -> Rows:
        return self.rows[-1]

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        return self.history.calls

    def step_of(self, number: int) -> int:
        """Return the record id of a call's step or transfer."""
        step_id: int = self.results[number]["flow_state_record_id"]
        return step_id

    def record_of(self, file: int) -> int | None:
        """Return the record id by which a file was first named in a result."""
        for result, listed in zip(self.results, self.listed, strict=True):
            for key, tolds in zip(("input_record_ids", "output_record_ids"), listed, strict=True):
                for record_id, told in zip(result[key], tolds, strict=True):
                    if told is not None and told.file == file:
                        return int(record_id)
        return None

    def tags_of(self, mention: Mention) -> list[tuple[str, tuple[int, str]]]:
        """Return a mention's tags as they are to be kept: key, type and text."""
        return [(key, _kept_as(value)) for key, value in mention.tags]

    def mirror_of(self, file: int) -> str:
        """Return the second URI of a file."""
        return f"https://mirror.example/{self.prefix}/{file}"

    def read_now(self) -> Rows:
        return read_rows(self.database.connection, self.since)


def record(history: History, database: Database, prefix: str | None = None) -> Recording:
    """Tell a history to a database.

    :param prefix: the folder that all of its files lie in; one of its own when omitted.
    """
    prefix = prefix or f"history-{next(_histories):06d}"
    recording = Recording(history, database, prefix, mark(database.connection))
    recording.rows.append(recording.read_now())
    for number in range(len(recording.calls)):
        _call(recording, number)
        recording.rows.append(recording.read_now())
    return recording


def record_on_both(history: History, one: Database, other: Database) -> tuple[Recording, Recording]:
    """Tell the same history to two databases, with the same URIs."""
    prefix = f"history-{next(_histories):06d}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAID_DB_URL", one.url)
        first = record(history, one, prefix)
        patch.setenv("BRAID_DB_URL", other.url)
        return first, record(history, other, prefix)


def call_function(name: str, arguments: Mapping[str, Any]) -> Result:
    """Call a remote function with what a flow would send, and return what it would get."""
    sent = json.loads(json.dumps(arguments))
    result: Result = json.loads(json.dumps(FUNCTIONS[name](**sent)))
    return result


def _call(recording: Recording, number: int) -> None:
    call = recording.calls[number]
    if call.work.is_transfer:
        arguments = _transfer(recording, call)
        listed: tuple[Listed, Listed] = (call.reads, call.writes)
        result = call_function("add_transfer_request", arguments)
    else:
        arguments, listed = _step(recording, call)
        result = call_function("add_record_for_action_step", arguments)
    recording.results.append(result)
    recording.listed.append(listed)
    if call.work.is_named_as_output:
        recording.refused[number] = _is_refused_as_output(recording.step_of(number))


def _is_refused_as_output(step_id: int) -> bool:
    """Say that a step made a step, and something besides; return whether that was refused."""
    outputs = {"output_record_ids": [step_id], "output_record_defs": [{"name": "besides"}]}
    try:
        call_function("add_record_for_action_step", outputs)
    except NotAnOutput:
        return True
    return False


def _step(recording: Recording, call: Call) -> tuple[Mapping[str, Any], tuple[Listed, Listed]]:
    inputs, given = _references(recording, call.reads)
    outputs, made = _references(recording, call.writes)
    used, read = _definitions(recording, call.reads)
    written, wrote = _definitions(recording, call.writes)
    loose = [{"name": f"loose {n}"} for n in range(call.work.loose)]
    after = [recording.results[earlier] for earlier in call.after]
    arguments = {
        "step_name": f"{recording.prefix} {call.happening}",
        "run_id": f"{recording.prefix} run" if call.happening % 2 else None,
        "previous_step_output": after[0] if after else None,
        "other_predecessor_record_ids": [result["flow_state_record_id"] for result in after[1:]],
        "input_record_ids": inputs,
        "output_record_ids": outputs,
        "input_record_defs": [*used, *loose],
        "output_record_defs": written,
    }
    return arguments, ((*given, *read, *(None for _ in loose)), (*made, *wrote))


def _transfer(recording: Recording, call: Call) -> Mapping[str, Any]:
    pairs = list(zip(call.work.reads, call.work.writes, strict=True))
    items = [
        {
            "source_path": path(recording.prefix, source.file),
            "destination_path": path(recording.prefix, destination.file),
            "recursive": source.file in FOLDERS,
        }
        for source, destination in pairs
    ]
    arrived = not call.work.writes or bool(call.writes)
    after = [recording.step_of(earlier) for earlier in call.after[:1]]
    return {
        "previous_step_record_id": after,
        "transfer_input": {
            "source_endpoint": _collection(pairs[0][0].file),
            "destination_endpoint": _collection(pairs[0][1].file),
            "DATA": items,
        },
        "transfer_result": {
            "status": "SUCCEEDED" if arrived else "ACTIVE",
            "details": {
                "task_id": f"{recording.prefix}-{call.happening}",
                "status": "SUCCEEDED" if arrived else "ACTIVE",
            },
        },
    }


def _references(recording: Recording, tolds: tuple[Told, ...]) -> tuple[list[Any], Listed]:
    """Return the references among mentions, as a flow's state holds them."""
    found: list[tuple[Any, Told]] = []
    for told in tolds:
        record_id = recording.record_of(told.file) if told.by in (By.ID, By.RESULT) else None
        if told.by is By.ID:
            found.append((str(record_id) if told.mention.spelling else record_id, told))
        elif told.source is not None:
            found.append((_part_of_result(recording, told, record_id), told))
    return [reference for reference, _ in found], tuple(told for _, told in found)


def _part_of_result(recording: Recording, told: Told, record_id: int | None) -> Result:
    """Return the part of an earlier result that names one record."""
    assert told.source is not None
    number, side = told.source
    result = recording.results[number]
    versions = result["input_versions" if side == READ else "output_versions"]
    return {
        "flow_state_record_id": result["flow_state_record_id"],
        "input_record_ids": [record_id],
        "input_versions": versions,
        "database": result["database"],
    }


def _definitions(
    recording: Recording, tolds: tuple[Told, ...]
) -> tuple[list[dict[str, Any]], Listed]:
    defined = [told for told in tolds if told.by in (By.CHECKSUM, By.NAME)]
    again = [told for told in defined if told.mention.is_listed_twice]
    definitions = [_definition(recording, told, spelled=0) for told in defined]
    definitions += [_definition(recording, told, spelled=1) for told in again]
    return definitions, (*defined, *again)


def _definition(recording: Recording, told: Told, spelled: int) -> dict[str, Any]:
    mention = told.mention
    uri, host = spelling(recording.prefix, told.file, mention.spelling + spelled)
    mirror = [recording.mirror_of(told.file)] if mention.is_mirrored else []
    definition = {
        "uris": [uri, *mirror],
        "host": host,
        "name": mention.name,
        "kind": mention.kind,
        "tags": dict(mention.tags),
        "sha256": told.state.sha256 if told.by is By.CHECKSUM else None,
    }
    return {key: value for key, value in definition.items() if value}


def _kept_as(value: object) -> tuple[int, str]:
    """Return a tag's value by the numbers of the types, which stand in every database."""
    numbers = {type(None): 0, str: 1, int: 2, float: 3, bool: 4, list: 5}
    return numbers[type(value)], value if isinstance(value, str) else json.dumps(value)


def path(prefix: str, file: int) -> str:
    """Return the path of a file or folder on its collection."""
    folder = f"/{prefix}/folder{FOLDERS.index(folder_of(file))}"
    return f"{folder}/" if file in FOLDERS else f"{folder}/f{file}"


def spelling(prefix: str, file: int, number: int) -> tuple[str, str | None]:
    """Return one of the spellings of a file's URI, and the host that it needs beside it."""
    host, collection = HOSTS[_place(file)], _collection(file)
    on_collection = path(prefix, file)
    spellings = (
        (f"file://{host}/data{on_collection}", None),
        (f"globustransfer://{collection}{on_collection}", None),
        (f"{host}:/data{on_collection}", None),
        (f"FILE://{host.upper()}/data/./x/..{on_collection}", None),
        (f"file:///data{on_collection}", host),
        (f"globustransfer://{collection.swapcase()}{on_collection.replace('f', '%66')}", None),
    )
    return spellings[number % len(spellings)]


def _collection(file: int) -> str:
    return COLLECTIONS[_place(file)]


def _place(file: int) -> int:
    return FOLDERS.index(folder_of(file))
