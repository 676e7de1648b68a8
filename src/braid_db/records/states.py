"""States of models: the files that hold what was trained, fitted or refined, by version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from braid_db.model import Kind
from braid_db.records.contents import Content
from braid_db.records.errors import NotAModel
from braid_db.records.views import get_record
from braid_db.store import Transaction
from braid_db.store import versions as sql
from braid_db.views import StateView


@dataclass(frozen=True, slots=True)
class State:
    """A file with a state of a model; how good it is, the version's tags say.

    :param framework: what can read it, as in ``pytorch 2.5``.
    """

    uri: str
    sha256: str | None = None
    size_bytes: int | None = None
    framework: str | None = None


def write_states(tx: Transaction, content: Content, states: Sequence[State]) -> None:
    """Write down the files of a new content.

    :raises NotAModel: if there are any, and it is none of a model.
    """
    if states and content.entity.kind is not Kind.MODEL:
        raise NotAModel(content.entity.record_id, content.entity.kind)
    rows = [
        (content.content_id, place, state.uri, state.sha256, state.size_bytes, state.framework)
        for place, state in enumerate(states)
    ]
    tx.write(sql.ADD_STATE, [(*row, tx.now) for row in rows])


def list_states(tx: Transaction, record_id: int, version: int | None = None) -> list[StateView]:
    """Return the states of a model, the first one first.

    :param version: only those of the content that this version shows.
    :raises RecordNotFound: if there is no such record.
    :raises VersionNotFound: if it has no such version.
    :raises NotAModel: if it is no model.
    """
    kind = get_record(tx, record_id, version).kind
    if kind is not Kind.MODEL:
        raise NotAModel(record_id, kind)
    rows = [sql.StateRow(*row) for row in tx.rows(sql.STATES, record_id)]
    if version is not None:
        shown = content_number(tx, record_id, version)
        rows = [row for row in rows if row.version == shown]
    return [
        StateView(record_id, row.version, row.uri, row.sha256, row.size_bytes, row.framework)
        for row in rows
    ]


def content_number(tx: Transaction, record_id: int, number: int) -> int:
    """Return the number of the version that brought in what a version shows."""
    history = [sql.HistoryRow(*row) for row in tx.rows(sql.HISTORY, record_id)]
    return next(row.content for row in history if row.number == number)
