"""Recalling: what is not to be trusted, with all that came of it; and what recalls there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from braid_db.errors import InvalidArgument
from braid_db.identity import IdentityRules
from braid_db.model import ActionState, Kind, Way
from braid_db.recall.errors import RecallNotFound
from braid_db.recall.owed import Owes, owe_for_recalls
from braid_db.recall.targets import DEFAULT_RULES, Targets, resolve
from braid_db.recall.views import Reached, RecallView, RecallWithReach
from braid_db.records.views import iso, views_of
from braid_db.store import Transaction, reading, standing, tables
from braid_db.store import recalls as sql
from braid_db.store.edges import listed
from braid_db.store.reading import VersionRow
from braid_db.store.standing import RecallRow
from braid_db.uuid7 import uuid7
from braid_db.views import Page


def invalidate(
    tx: Transaction,
    targets: Targets,
    *,
    cause: str,
    by: str | None = None,
    follow_order: bool = False,
    rules: IdentityRules = DEFAULT_RULES,
    cascade: bool = True,
    owes: Owes = Owes.ALL,
) -> list[RecallView]:
    """Recall contents with all that was derived from them, and owe the actions that follow.

    Each content that is meant gets a recall of its own, so that each can be taken back by itself.
    Nobody records meanwhile: the transaction begins anew where others could.

    :param by: who recalls.
    :param follow_order: whether the order of steps is followed even where their inputs are known.
    :param rules: what makes two URIs the same in this database.
    :param cascade: whether it reaches what was derived from them, and will be; else only them.
    :param owes: whose actions follow.
    :returns: the recalls that were made, in the order of their contents.
    :raises AmbiguousContent: if a record has more than one content, and none is chosen.
    :raises NothingToRecall: if nothing fits a target.
    :raises BraidError: if a target does not exist; nothing is written then.
    """
    if not cause.strip():
        raise InvalidArgument("cause", "empty", "what is wrong, in a few words")
    tx.need_to_be_alone()
    roots = resolve(tx, targets, rules, follow_order=follow_order)
    ids = tx.new_ids(tables.recall, len(roots))
    recalls = [
        _new(recall_id, root, cause, by, tx.now, follow_order=follow_order, cascades=cascade)
        for recall_id, root in zip(ids, roots, strict=True)
    ]
    tx.write(sql.ADD_RECALL, recalls)
    _reach(tx, recalls, cascade=cascade)
    owe_for_recalls(tx, {row.recall_id: row.content_id for row in recalls}, owes)
    return recall_views(tx, recalls)


def _new(
    recall_id: int,
    root: int,
    cause: str,
    by: str | None,
    at: datetime,
    *,
    follow_order: bool,
    cascades: bool,
) -> RecallRow:
    """Return a recall that stands."""
    taken_back = (None, None, None)
    return RecallRow(recall_id, uuid7(), root, cause, follow_order, cascades, by, at, *taken_back)


def _reach(tx: Transaction, recalls: Sequence[RecallRow], *, cascade: bool) -> None:
    """Write down what new recalls reach."""
    if cascade:
        reaching = [(row.recall_id, row.content_id, row.follow_order, tx.now) for row in recalls]
        tx.write(sql.CASCADE, reaching)
    else:
        alone = [(row.recall_id, row.content_id, Way.DATA.value, tx.now) for row in recalls]
        tx.write(sql.ADD_INVALIDATION, alone)


def list_recalls(
    tx: Transaction,
    *,
    only_standing: bool = False,
    record_id: int | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Page[RecallView]:
    """Return recalls, the newest first.

    :param only_standing: without those that were taken back.
    :param record_id: only those that reach a content of this record.
    :param limit: how many to return at most; all when omitted.
    :param offset: how many of the newest to leave out.
    """
    rows, total = standing.list_recalls(
        tx, only_standing=only_standing, record_id=record_id, limit=limit, offset=offset
    )
    return Page(tuple(recall_views(tx, rows)), total)


def get_recall(
    tx: Transaction, recall_id: int, *, limit: int | None = None, offset: int = 0
) -> RecallWithReach:
    """Return one recall with what it reaches.

    :param limit: how many contents to return at most; all when omitted.
    :param offset: how many to leave out first.
    :raises RecallNotFound: if no recall has this id.
    """
    [view] = recall_views(tx, [get_recall_row(tx, recall_id)])
    rows = standing.reached_by(tx, recall_id, limit=limit, offset=offset)
    reached = as_reached(tx, [(content_id, Way(way)) for content_id, way in rows])
    by_kind: Counter[Kind] = Counter()
    by_run: Counter[str | None] = Counter()
    for kind, run_id, contents in tx.rows(standing.COUNT_BY_KIND_AND_RUN, recall_id):
        by_kind[Kind(kind)] += contents
        by_run[run_id] += contents
    page = Page(reached, sum(view.reached.values()))
    return RecallWithReach(view, page, dict(by_kind), dict(by_run))


def count_reached(tx: Transaction, recall_ids: Sequence[int]) -> int:
    """Return how many contents some recalls reach, all of them together."""
    return int(tx.rows(standing.COUNT_REACHED, listed(recall_ids))[0][0])


def get_recall_row(tx: Transaction, recall_id: int) -> RecallRow:
    """Return one recall as it is kept.

    :raises RecallNotFound: if no recall has this id.
    """
    row = standing.find_recall(tx, recall_id) if 0 < recall_id < 2**63 else None
    if row is None:
        raise RecallNotFound(recall_id)
    return row


def as_reached(tx: Transaction, contents: Sequence[tuple[int, Way]]) -> tuple[Reached, ...]:
    """Return contents with their ways as they are shown, described as they are now."""
    versions = reading.describing_versions(tx, [content_id for content_id, _ in contents])
    views = views_of(tx, list(versions.values()))
    return tuple(Reached(views[versions[content_id]], way) for content_id, way in contents)


def recall_views(tx: Transaction, recalls: Sequence[RecallRow]) -> list[RecallView]:
    """Return recalls as they are shown, in the order given."""
    versions = reading.describing_versions(tx, {row.content_id for row in recalls})
    roots = reading.version_rows(tx, list(versions.values()))
    ids = [row.recall_id for row in recalls]
    ways: dict[int, dict[Way, int]] = {recall_id: {} for recall_id in ids}
    for recall_id, way, contents in standing.count_by_way(tx, ids):
        ways[recall_id][Way(way)] = contents
    states: dict[int, dict[ActionState, int]] = {recall_id: {} for recall_id in ids}
    for recall_id, state, runs in standing.count_by_state(tx, ids):
        states[recall_id][ActionState(state)] = runs
    return [
        _view(row, roots[versions[row.content_id]], ways[row.recall_id], states[row.recall_id])
        for row in recalls
    ]


def _view(
    row: RecallRow,
    root: VersionRow,
    ways: Mapping[Way, int],
    states: Mapping[ActionState, int],
) -> RecallView:
    return RecallView(
        recall_id=row.recall_id,
        uid=row.uid,
        record_id=root.record_id,
        version=root.number,
        kind=Kind(root.kind),
        name=root.name,
        cause=row.cause,
        follow_order=row.follow_order,
        cascades=row.cascades,
        invalidated_by=row.invalidated_by,
        created_at=iso(row.created_at),
        reached={way: ways[way] for way in Way if way in ways},
        actions={state: states[state] for state in ActionState if state in states},
        reinstated_at=iso(row.reinstated_at) if row.reinstated_at else None,
        reinstated_by=row.reinstated_by,
        reinstate_reason=row.reinstate_reason,
    )
