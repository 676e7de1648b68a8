"""Recalling one content, unless it is invalid already: what an object of the Python API does."""

from __future__ import annotations

from braid_db.errors import InvalidArgument
from braid_db.identity import IdentityRules
from braid_db.model import Reference
from braid_db.recall.owed import Owes
from braid_db.recall.recalls import get_recall_row, invalidate
from braid_db.recall.targets import Targets
from braid_db.recall.views import RecallView
from braid_db.records.views import get_record
from braid_db.store import Transaction


class CauseMissing(InvalidArgument, ValueError):
    """Something was to be recalled without a cause."""

    def __init__(self) -> None:
        super().__init__("cause", "absent", "what is wrong, in a few words")


def invalidate_one(
    tx: Transaction,
    rules: IdentityRules,
    reference: Reference,
    *,
    cause: str | None,
    root_id: int | None = None,
    by: str | None = None,
    cascade: bool = True,
    follow_order: bool = False,
    owes: Owes = Owes.ALL,
) -> RecallView | None:
    """Recall the content of one version, and return the recall; None if it is invalid already.

    :param root_id: an earlier recall that gives the cause where none is told.
    :param owes: whose actions follow.
    :raises CauseMissing: if there is neither.
    :raises RecallNotFound: if there is no such earlier recall.
    """
    root = None if root_id is None else get_recall_row(tx, root_id)
    cause = cause or (root and root.cause)
    if not cause or not cause.strip():
        raise CauseMissing
    tx.need_to_be_alone()
    if not get_record(tx, reference.record_id, reference.version).valid:
        return None
    targets = Targets(records=(reference,))
    [recall] = invalidate(
        tx, targets, cause=cause, by=by, follow_order=follow_order, rules=rules,
        cascade=cascade, owes=owes,
    )  # fmt: skip
    return recall
