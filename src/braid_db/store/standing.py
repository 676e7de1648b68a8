"""Which recalls there are and which stand, what they reach, and what they owe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, func, select, update

from braid_db.store.edges import each_id
from braid_db.store.reading import in_parts
from braid_db.store.statements import Row, Statement
from braid_db.store.tables import (
    action_run,
    invalidation,
    invalidation_action,
    recall,
    record,
    record_action,
    version,
)
from braid_db.store.transaction import Transaction
from braid_db.store.types import UtcTime
from braid_db.store.validity import STANDS, is_invalid


class RecallRow(NamedTuple):
    """One recall, as it is kept."""

    recall_id: int
    uid: str
    content_id: int
    cause: str
    follow_order: bool
    cascades: bool
    invalidated_by: str | None
    created_at: datetime
    reinstated_at: datetime | None
    reinstated_by: str | None
    reinstate_reason: str | None


class CauseRow(NamedTuple):
    """One standing recall that reaches a content."""

    content_id: int
    recall_id: int
    cause: str
    follow_order: bool


class LinkRow(NamedTuple):
    """A content that a recall reaches, and an action that its record is linked to."""

    content_id: int
    record_id: int
    action_id: str


class ActionRow(NamedTuple):
    """One invalidation action; its parameters as JSON."""

    action_id: str
    name: str
    type: str
    command: str
    params: str


_RECALLS = select(
    *(recall.c[{"content_id": "version_id"}.get(name, name)] for name in RecallRow._fields)
)

_CAUSES = (
    select(invalidation.c.version_id, recall.c.recall_id, recall.c.cause, recall.c.follow_order)
    .join(recall, recall.c.recall_id == invalidation.c.recall_id)
    .where(STANDS)
    .order_by(recall.c.recall_id)
)

_LINKS = select(
    version.c.version_id, version.c.record_id, record_action.c.invalidation_action_id
).join(record_action, record_action.c.record_id == version.c.record_id)

LINKS_OF_REACHED = Statement(
    _LINKS.join(invalidation, invalidation.c.version_id == version.c.version_id).where(
        invalidation.c.recall_id == bindparam("recall")
    ),
    "recall",
)
"""The links of all that a recall reaches, found by what it reaches."""

REACHED_OF_LINKS = Statement(
    _LINKS.where(
        exists().where(
            invalidation.c.recall_id == bindparam("recall"),
            invalidation.c.version_id == version.c.version_id,
        )
    ),
    "recall",
)
"""The same, found by the links that there are."""

COUNT_LINKS = Statement(select(func.count()).select_from(record_action))

STANDING_OF_RECORD = Statement(
    select(invalidation.c.version_id, invalidation.c.recall_id)
    .join(version, version.c.version_id == invalidation.c.version_id)
    .join(recall, recall.c.recall_id == invalidation.c.recall_id)
    .where(version.c.record_id == bindparam("record"), STANDS),
    "record",
)

TAKE_BACK = Statement(
    update(recall)
    .where(recall.c.recall_id == bindparam("id"))
    .values(
        reinstated_at=bindparam("at", type_=UtcTime),
        reinstated_by=bindparam("who"),
        reinstate_reason=bindparam("why"),
    ),
    "at",
    "who",
    "why",
    "id",
)

_of_recall = invalidation.alias("of_recall")

COUNT_BY_KIND_AND_RUN = Statement(
    select(record.c.kind, record.c.run_id, func.count())
    .select_from(invalidation)
    .join(version, version.c.version_id == invalidation.c.version_id)
    .join(record, record.c.record_id == version.c.record_id)
    .where(invalidation.c.recall_id == bindparam("id"))
    .group_by(record.c.kind, record.c.run_id)
    .order_by(record.c.kind, func.min(record.c.record_id)),
    "id",
)
"""How many contents a recall reaches, by the kinds and first runs of their records."""

COUNT_STILL_INVALID = Statement(
    select(func.count())
    .select_from(_of_recall)
    .where(_of_recall.c.recall_id == bindparam("id"), is_invalid(_of_recall.c.version_id)),
    "id",
)
"""How many of the contents that a recall reaches are reached by one that stands."""


REACHED_BY_ANY = select(invalidation.c.version_id).where(
    invalidation.c.recall_id.in_(select(each_id("recalls").c.id))
)

COUNT_REACHED = Statement(
    select(func.count()).select_from(REACHED_BY_ANY.distinct().subquery()), "recalls"
)
"""How many contents some recalls reach, each counted once."""


def find_recall(tx: Transaction, recall_id: int) -> RecallRow | None:
    """Return one recall; None where there is none."""
    rows = tx.select(_RECALLS.where(recall.c.recall_id == recall_id))
    return RecallRow(*rows[0]) if rows else None


def recalls_of(tx: Transaction, content_id: int) -> list[RecallRow]:
    """Return the standing recalls that were made of a content itself, in their order."""
    chosen = _RECALLS.where(recall.c.version_id == content_id, STANDS)
    return [RecallRow(*row) for row in tx.select(chosen.order_by(recall.c.recall_id))]


def list_recalls(
    tx: Transaction,
    *,
    only_standing: bool,
    record_id: int | None,
    limit: int | None,
    offset: int,
) -> tuple[list[RecallRow], int]:
    """Return the newest recalls that fit, and how many fit at all.

    :param record_id: only those that reach a content of this record.
    """
    chosen = _RECALLS
    if only_standing:
        chosen = chosen.where(STANDS)
    if record_id is not None:
        reaches = exists().where(
            version.c.record_id == record_id,
            invalidation.c.version_id == version.c.version_id,
            invalidation.c.recall_id == recall.c.recall_id,
        )
        chosen = chosen.where(reaches)
    rows = tx.select(chosen.order_by(recall.c.recall_id.desc()).limit(limit).offset(offset))
    total = tx.select(select(func.count()).select_from(chosen.subquery()))[0][0]
    return [RecallRow(*row) for row in rows], int(total)


def count_by_way(tx: Transaction, recall_ids: Sequence[int]) -> Iterator[Row]:
    """Yield ``(recall_id, way, contents)`` for what recalls reach."""
    return _counted(tx, invalidation.c.recall_id, invalidation.c.way, recall_ids)


def count_by_state(tx: Transaction, recall_ids: Sequence[int]) -> Iterator[Row]:
    """Yield ``(recall_id, state, action runs)`` for what recalls owe or owed."""
    return _counted(tx, action_run.c.recall_id, action_run.c.state, recall_ids)


def _counted(tx: Transaction, key: Any, what: Any, recall_ids: Sequence[int]) -> Iterator[Row]:
    query = select(key, what, func.count()).group_by(key, what)
    return in_parts(tx, query, key, recall_ids)


def reached_by(
    tx: Transaction, recall_id: int, *, limit: int | None, offset: int
) -> list[tuple[int, str]]:
    """Return contents that a recall reaches, each with its way, in the order of recording."""
    query = select(invalidation.c.version_id, invalidation.c.way).where(
        invalidation.c.recall_id == recall_id
    )
    rows = tx.select(query.order_by(invalidation.c.version_id).limit(limit).offset(offset))
    return [(content_id, way) for content_id, way in rows]


def causes_of(tx: Transaction, content_ids: Sequence[int]) -> list[CauseRow]:
    """Return the standing recalls that reach contents, those of each in their order."""
    rows = in_parts(tx, _CAUSES, invalidation.c.version_id, content_ids)
    return [CauseRow(*row) for row in rows]


def causes_of_versions(tx: Transaction, versions: Iterable[tuple[int, int]]) -> Iterator[Row]:
    """Yield ``(record_id, number, recall_id, cause)`` for what recalls reach of some versions.

    :param versions: records with the numbers of versions.
    """
    wanted = set(versions)
    numbers = {number for _, number in wanted}
    query = (
        select(version.c.record_id, version.c.number, recall.c.recall_id, recall.c.cause)
        .join(invalidation, invalidation.c.version_id == version.c.content_id)
        .join(recall, recall.c.recall_id == invalidation.c.recall_id)
        .where(STANDS, version.c.number.between(min(numbers, default=0), max(numbers, default=0)))
        .order_by(version.c.record_id, version.c.number, recall.c.recall_id)
    )
    rows = in_parts(tx, query, version.c.record_id, sorted({record_id for record_id, _ in wanted}))
    return (row for row in rows if (row[0], row[1]) in wanted)


def links_of(tx: Transaction, content_ids: Sequence[int]) -> list[LinkRow]:
    """Return the actions that are linked to the records of contents."""
    return [LinkRow(*row) for row in in_parts(tx, _LINKS, version.c.version_id, content_ids)]


def actions_named(tx: Transaction, action_ids: Iterable[str]) -> list[ActionRow]:
    """Return invalidation actions in the order of their names."""
    columns = [invalidation_action.c[name] for name in ("name", "type", "command", "params")]
    key = invalidation_action.c.invalidation_action_id
    rows = in_parts(tx, select(key, *columns), key, sorted(action_ids))
    return sorted(map(ActionRow._make, rows), key=lambda row: (row.name, row.action_id))


def kinds_and_runs(tx: Transaction, content_ids: Sequence[int]) -> Iterator[Row]:
    """Yield ``(content_id, kind, run_id, is invalid)`` of contents."""
    query = select(
        version.c.version_id, record.c.kind, record.c.run_id, is_invalid(version.c.version_id)
    ).join(record, record.c.record_id == version.c.record_id)
    return in_parts(tx, query, version.c.version_id, content_ids)
