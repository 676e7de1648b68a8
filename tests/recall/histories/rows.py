"""What the recalls of one history left in the tables, read past the code that wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, select

from braid_db.store import tables


class RecallRow(NamedTuple):
    recall_id: int
    root: int
    follow_order: bool
    is_standing: bool


class RunRow(NamedTuple):
    action_run_id: int
    recall_id: int
    action_id: str
    record_id: int
    content_id: int
    state: str
    attempt: int


@dataclass(frozen=True)
class Recalled:
    """The rows of recalls at one moment.

    :ivar recalls: by their ids.
    :ivar ways: by recall and content.
    :ivar runs: action runs, in their order.
    :ivar links: pairs of record and action.
    """

    recalls: dict[int, RecallRow]
    ways: dict[tuple[int, int], str]
    runs: tuple[RunRow, ...]
    links: frozenset[tuple[int, str]]


@dataclass(frozen=True)
class RecallMark:
    """Where the rows of a history begin: the last ids before it."""

    recall_id: int
    record_id: int


def mark_recalls(connection: Connection) -> RecallMark:
    """Return the last ids that are in use."""
    ids = (tables.recall.c.recall_id, tables.record.c.record_id)
    return RecallMark(*(connection.scalar(select(func.coalesce(func.max(key), 0))) for key in ids))


def read_recalled(connection: Connection, since: RecallMark) -> Recalled:
    """Read what recalls have written since a mark."""

    def rows(table: Table, *names: str, key: str = "recall_id") -> list[Any]:
        query = select(*(table.c[name] for name in names))
        query = query.where(table.c[key] > getattr(since, key))
        return list(connection.execute(query.order_by(*table.primary_key)))

    told = ("recall_id", "version_id", "follow_order", "reinstated_at")
    return Recalled(
        recalls={
            recall_id: RecallRow(recall_id, root, bool(follow), ended is None)
            for recall_id, root, follow, ended in rows(tables.recall, *told)
        },
        ways={
            (recall_id, content): way
            for recall_id, content, way in rows(
                tables.invalidation, "recall_id", "version_id", "way"
            )
        },
        runs=tuple(
            RunRow(*row)
            for row in rows(
                tables.action_run,
                *("action_run_id", "recall_id", "invalidation_action_id"),
                *("record_id", "version_id", "state", "attempt"),
            )
        ),
        links=frozenset(
            tuple(row)
            for row in rows(
                tables.record_action, "record_id", "invalidation_action_id", key="record_id"
            )
        ),
    )
