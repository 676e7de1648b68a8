"""Taking recalls back: what only they reached is valid again."""

from __future__ import annotations

from braid_db.recall.views import Reinstated
from braid_db.store import Transaction


def reinstate(
    tx: Transaction, recall_id: int, *, by: str | None = None, reason: str | None = None
) -> Reinstated:
    """Take back a whole recall; owed action runs that have not started are cancelled.

    :raises RecallNotFound: if no recall has this id.
    :raises AlreadyReinstated: if it was taken back before.
    """
    raise NotImplementedError


def reinstate_record(
    tx: Transaction,
    record_id: int,
    *,
    version: int | None = None,
    by: str | None = None,
    reason: str | None = None,
) -> list[Reinstated]:
    """Take back all recalls that were made of one content itself.

    :param version: a version that stands for it; the current one when omitted.
    :raises MerelyReached: if only recalls of other contents reach it; they are named.
    :raises NotRecalled: if no recall that stands reaches it.
    """
    raise NotImplementedError
