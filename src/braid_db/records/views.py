"""Showing records and runs: one version of a record whole, and lists of what there is."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from braid_db.errors import InvalidArgument, RecordNotFound, RunNotFound, VersionNotFound, shown
from braid_db.identity import IdentityRules, digest
from braid_db.model import Kind, TagType
from braid_db.store import Transaction, reading
from braid_db.store.recording import FIND_IDENTITY
from braid_db.views import Page, RecordView, RunView

LARGEST_ID = 2**63 - 1


def find_record_id(tx: Transaction, named: str, rules: IdentityRules) -> int:
    """Return the id of a record that a person named.

    :param named: its id; or the URI that identifies it; or the path of a file on this host.
    :param rules: what makes two URIs the same in this database.
    :raises RecordNotFound: if nothing here goes by that name.
    :raises InvalidArgument: if it is neither an id nor something that can identify a record.
    """
    if named.isascii() and named.isdigit():
        digits = named.lstrip("0") or "0"
        if len(digits) > len(str(LARGEST_ID)) or int(digits) > LARGEST_ID:
            raise RecordNotFound(named)
        return int(digits)
    canonical = rules.canonical(Path(named).as_uri() if named.startswith("/") else named)
    if canonical is None:
        raise InvalidArgument("RECORD", shown(named), "a record's id, or its URI with its scheme")
    row = tx.first(FIND_IDENTITY, digest(canonical))
    if row is None:
        raise RecordNotFound(named)
    return int(row[0])


def get_record(
    tx: Transaction,
    record_id: int,
    version: int | None = None,
    *,
    as_of: datetime | None = None,
) -> RecordView:
    """Return one version of a record as it was described then.

    :param version: its number; the current one when omitted.
    :param as_of: as it was described, and valid, at a time.
    :raises RecordNotFound: if no record has this id.
    :raises VersionNotFound: if the record has no version of this number.
    """
    version_id = get_version_id(tx, record_id, version)
    return views_of(tx, [version_id], as_of)[version_id]


def get_version_id(tx: Transaction, record_id: int, version: int | None = None) -> int:
    """Return the id of one version of a record, the current one when no number is given.

    :raises RecordNotFound: if no record has this id.
    :raises VersionNotFound: if the record has no version of this number.
    """
    return get_version_and_content(tx, record_id, version)[0]


def get_version_and_content(
    tx: Transaction, record_id: int, version: int | None = None
) -> tuple[int, int]:
    """Return the id of one version of a record, and of the content that it stands for.

    :raises RecordNotFound: if no record has this id.
    :raises VersionNotFound: if the record has no version of this number.
    """
    if not 0 < record_id <= LARGEST_ID:
        raise RecordNotFound(record_id)
    if version is None:
        row = tx.first(reading.CURRENT_VERSION, record_id)
    else:
        is_number = 0 < version < 2**31
        row = tx.first(reading.VERSION_BY_NUMBER, record_id, version) if is_number else None
        if row is None and tx.first(reading.CURRENT_VERSION, record_id) is not None:
            raise VersionNotFound(record_id, version)
    if row is None:
        raise RecordNotFound(record_id)
    version_id, content_id = row
    return int(version_id), int(content_id)


def list_runs(tx: Transaction, limit: int | None = None) -> Page[RunView]:
    """Return the runs of flows, the newest first.

    :param limit: how many to return at most; all when omitted.
    """
    rows, total = reading.list_runs(tx, limit)
    return Page(tuple(_run_view(row) for row in rows), total)


def get_run(tx: Transaction, run_id: str) -> RunView:
    """Return one run of a flow.

    :raises RunNotFound: if it is not recorded here.
    """
    row = reading.find_run(tx, run_id)
    if row is None:
        raise RunNotFound(run_id)
    return _run_view(row)


def views_of(
    tx: Transaction, version_ids: Sequence[int], as_of: datetime | None = None
) -> dict[int, RecordView]:
    """Return versions as they are shown, by their ids, in three queries for ten thousand.

    :param as_of: as they were described, and valid, at a time.
    """
    uris: dict[int, list[str]] = {}
    for version_id, uri in reading.uri_rows(tx, version_ids, as_of):
        uris.setdefault(version_id, []).append(uri)
    tags: dict[int, dict[str, list[object]]] = {}
    for version_id, key, kind, text in reading.tag_rows(tx, version_ids, as_of):
        tags.setdefault(version_id, {}).setdefault(key, []).append(tag_value(kind, text))
    return {
        version_id: _record_view(row, uris.get(version_id, ()), tags.get(version_id, {}))
        for version_id, row in reading.version_rows(tx, version_ids, as_of).items()
    }


def tag_value(kind: int, text: str) -> object:
    """Return a tag's value as JSON can hold it.

    JSON has no NaN and no infinities, and few readers take numbers that no double can hold: these
    stay the text that is kept, as a string.
    """
    if kind == TagType.STRING:
        return text
    try:
        return json.loads(text, parse_constant=str, parse_float=_finite)
    except ValueError:
        return text


def _finite(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def _record_view(
    row: reading.VersionRow, uris: Iterable[str], tags: Mapping[str, Sequence[object]]
) -> RecordView:
    return RecordView(
        record_id=row.record_id,
        version=row.number,
        kind=Kind(row.kind),
        name=row.name,
        uris=tuple(uris),
        tags={key: tags[key][0] if len(tags[key]) == 1 else list(tags[key]) for key in tags},
        run_id=row.run_id,
        valid=not row.is_invalid,
        uid=row.uid,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        created_by=row.author,
        created_at=iso(row.created_at),
        started_at=iso(row.started_at) if row.started_at else None,
        ended_at=iso(row.ended_at) if row.ended_at else None,
        versions=row.versions,
    )


def _run_view(row: reading.RunRow) -> RunView:
    return RunView(row.run_id, row.flow_id, row.started_by, iso(row.created_at), row.records)


def iso(time: datetime) -> str:
    """Return an aware time as ISO 8601 in UTC, of one width so that text sorts as time does."""
    # strftime takes four times as long, and writes the year 800 in three digits.
    return f"{time.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
