"""States of models: the files that hold what was trained, fitted or refined, by version."""

from __future__ import annotations

from collections.abc import Sequence

from braid_db.model import Kind
from braid_db.records.contents import Content
from braid_db.records.described import content_id_at
from braid_db.records.errors import NotAModel
from braid_db.records.views import get_record, get_version_id, views_of
from braid_db.store import Transaction, reading
from braid_db.store import versions as sql
from braid_db.views import RecordView, StateFile, StateView


def write_states(tx: Transaction, content: Content, files: Sequence[StateFile]) -> None:
    """Write down the files of a new content.

    :raises NotAModel: if there are any, and it is none of a model.
    """
    if files and content.entity.kind is not Kind.MODEL:
        raise NotAModel(content.entity.record_id, content.entity.kind)
    rows = [
        (content.content_id, place, file.uri, file.sha256, file.size_bytes, file.framework)
        for place, file in enumerate(files)
    ]
    tx.write(sql.ADD_STATE, [(*row, tx.now) for row in rows])


def list_states(tx: Transaction, record_id: int, version: int | None = None) -> list[StateView]:
    """Return the states of a model, the first one first.

    :param version: only the one that this version shows, as it was described then.
    :raises RecordNotFound: if there is no such record.
    :raises VersionNotFound: if it has no such version.
    :raises NotAModel: if it is no model.
    """
    shown = get_record(tx, record_id, version)
    if shown.kind is not Kind.MODEL:
        raise NotAModel(record_id, shown.kind)
    files = _files_of(tx, record_id)
    if version is None:
        versions = reading.describing_versions(tx, files)
    else:
        content_id = content_id_at(tx, record_id, version)
        versions = {content_id: get_version_id(tx, record_id, version)}
    views = views_of(tx, list(versions.values()))
    return [
        StateView(views[versions[content_id]], tuple(found))
        for content_id, found in files.items()
        if content_id in versions
    ]


def state_files(tx: Transaction, shown: RecordView) -> tuple[StateFile, ...]:
    """Return the files that hold the content of one version; none of what is no model."""
    if shown.kind is not Kind.MODEL:
        return ()
    content_id = content_id_at(tx, shown.record_id, shown.version)
    return tuple(_files_of(tx, shown.record_id)[content_id])


def _files_of(tx: Transaction, record_id: int) -> dict[int, list[StateFile]]:
    """Return the contents of a record in their order, each with the files that hold it."""
    files: dict[int, list[StateFile]] = {}
    for row in (sql.StateRow(*found) for found in tx.rows(sql.STATES, record_id)):
        of_content = files.setdefault(row.content_id, [])
        if row.uri is not None:
            of_content.append(StateFile(row.uri, row.sha256, row.size_bytes, row.framework))
    return files
