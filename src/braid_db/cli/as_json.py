"""Answers for programs: the JSON form of each thing that a command shows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

import click

from braid_db.views import (
    Difference,
    Page,
    RecordPage,
    RecordView,
    RunView,
    StateFile,
    StateView,
    Status,
    VersionView,
)


def say_json(answer: object) -> None:
    """Write an answer to stdout as JSON.

    Only ASCII, so that no name can steer a terminal and no encoding can spoil it.
    """
    click.echo(dumps(answer, indent=2))


def dumps(answer: object, indent: int | None = None) -> str:
    """Return strict JSON."""
    return json.dumps(answer, indent=indent, allow_nan=False)


def record_json(record: RecordView) -> dict[str, object]:
    """Return a version of a record as JSON shows it; a tag with several values shows a list."""
    return {
        "record_id": record.record_id,
        "version": record.version,
        "versions": record.versions,
        "kind": record.kind.value,
        "name": record.name,
        "uris": list(record.uris),
        "tags": dict(record.tags),
        "run_id": record.run_id,
        "valid": record.valid,
        "sha256": record.sha256,
        "size_bytes": record.size_bytes,
        "created_by": record.created_by,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "uid": record.uid,
    }


def records_json(page: RecordPage) -> dict[str, object]:
    """Return a page of records, and after what the next one begins."""
    return {"records": [record_json(record) for record in page.items], "next": page.next}


def history_json(versions: Iterable[VersionView]) -> dict[str, object]:
    """Return all versions of a record, the first one first."""
    return {"versions": [asdict(version) for version in versions]}


def difference_json(found: Difference) -> dict[str, object]:
    """Return what differs between two versions; null for what does not."""
    told = asdict(found)
    pairs = {name: _pair_json(told[name]) for name in _PAIRS}
    tags = {key: _pair_json(pair) for key, pair in found.tags.items()}
    return told | pairs | {"tags": tags}


_PAIRS = ("name", "sha256", "size_bytes", "uris", "files")


def _pair_json(pair: tuple[object, object] | None) -> dict[str, object] | None:
    return None if pair is None else dict(zip(("before", "after"), pair, strict=True))


def states_json(states: Iterable[StateView]) -> dict[str, object]:
    """Return the states of a model, the first one first, each with its files."""
    return {
        "states": [
            record_json(state.record) | {"files": files_json(state.files)} for state in states
        ]
    }


def files_json(files: Iterable[StateFile]) -> list[dict[str, object]]:
    """Return the files that hold a state of a model."""
    return [asdict(file) for file in files]


def run_json(run: RunView) -> dict[str, object]:
    """Return a run as JSON shows it; its records are counted only."""
    return asdict(run)


def runs_json(page: Page[RunView]) -> dict[str, object]:
    """Return a list of runs with how many there are and how many are not shown."""
    runs = [run_json(run) for run in page.items]
    return {"runs": runs, "total": page.total, "hidden": page.hidden}


def status_json(status: Status) -> dict[str, object]:
    """Return what a database says of itself."""
    return asdict(status)
