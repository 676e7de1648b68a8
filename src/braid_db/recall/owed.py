"""Which actions follow: a recall owes each one that is linked to what it reaches.

An action run is owed once for each recall, action and content, in the transaction that makes the
content invalid, or that links the action while a recall stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Flag, auto

from braid_db.model import ActionState
from braid_db.store import Transaction, standing, tables
from braid_db.store.recalls import ADD_ACTION_RUN
from braid_db.store.standing import LinkRow
from braid_db.uuid7 import uuid7

_FEW_LINKS = 1000

Owed = tuple[int, LinkRow]
"""A recall, and the content and action that it owes a run for."""


class Owes(Flag):
    """Whose actions a recall owes: those of what is recalled, and of all else that it reaches."""

    NOTHING = 0
    ROOT = auto()
    REST = auto()
    ALL = ROOT | REST


def owe_for_recalls(tx: Transaction, roots: Mapping[int, int], owes: Owes = Owes.ALL) -> None:
    """Owe what follows from whole new recalls.

    Few links are gone through themselves; where there are many, what a recall reaches.

    :param roots: what was recalled, by recall.
    """
    [[links]] = tx.rows(standing.COUNT_LINKS)
    by = standing.REACHED_OF_LINKS if links <= _FEW_LINKS else standing.LINKS_OF_REACHED
    for recall_id, root in roots.items() if links and owes else ():
        reached = [LinkRow(*row) for row in tx.rows(by, recall_id)]
        _owe(tx, [(recall_id, link) for link in reached if _whose(link, root) in owes])


def _whose(link: LinkRow, root: int) -> Owes:
    return Owes.ROOT if link.content_id == root else Owes.REST


def owe_for_contents(tx: Transaction, reached: Iterable[tuple[int, int]]) -> None:
    """Owe what follows where recalls have come to reach more.

    :param reached: recalls and the contents that each reaches now.
    """
    recalls: dict[int, list[int]] = {}
    for recall_id, content_id in reached:
        recalls.setdefault(content_id, []).append(recall_id)
    links = standing.links_of(tx, list(recalls))
    _owe(tx, [(recall_id, link) for link in links for recall_id in recalls[link.content_id]])


def owe_for_link(tx: Transaction, record_id: int, action_id: str) -> None:
    """Owe an action that is linked to a record which recalls reach already."""
    rows = tx.rows(standing.STANDING_OF_RECORD, record_id)
    _owe(tx, [(recall_id, LinkRow(content, record_id, action_id)) for content, recall_id in rows])


def _owe(tx: Transaction, owed: Iterable[Owed]) -> None:
    """Write owed action runs, in the order of recording; one that is there already stays."""
    ordered = sorted(owed)
    ids = tx.new_ids(tables.action_run, len(ordered))
    rows = [
        {
            "action_run_id": action_run_id,
            "uid": uuid7(),
            "recall_id": recall_id,
            "invalidation_action_id": link.action_id,
            "record_id": link.record_id,
            "version_id": link.content_id,
            "state": ActionState.OWED.value,
            "attempt": 0,
            "interruptions": 0,
            "due_at": tx.now,
            "created_at": tx.now,
        }
        for action_run_id, (recall_id, link) in zip(ids, ordered, strict=True)
    ]
    tx.write(ADD_ACTION_RUN, [_in_order(row) for row in rows])


def _in_order(row: Mapping[str, object]) -> list[object]:
    """Return a row's values in the order of the table's columns; what it does not name is NULL."""
    return [row.get(column.name) for column in tables.action_run.c]
