"""Recalling: what is not to be trusted, with all that came of it; and what recalls there are."""

from __future__ import annotations

from collections.abc import Iterable

from braid_db.identity import IdentityRules
from braid_db.recall.targets import Targets
from braid_db.recall.views import InvalidInput, RecallView, RecallWithReach
from braid_db.records.contents import Content
from braid_db.store import Transaction
from braid_db.views import Page

DEFAULT_RULES = IdentityRules()


def invalidate(
    tx: Transaction,
    targets: Targets,
    *,
    cause: str,
    by: str | None = None,
    follow_order: bool = False,
    rules: IdentityRules = DEFAULT_RULES,
) -> list[RecallView]:
    """Recall contents with all that was derived from them, and owe the actions that follow.

    Each content that is meant gets a recall of its own, so that each can be taken back by itself.
    Nobody records meanwhile: the transaction begins anew where others could.

    :param by: who recalls.
    :param follow_order: whether the order of steps is followed even where their inputs are known.
    :param rules: what makes two URIs the same in this database.
    :returns: the recalls that were made, in the order of their contents.
    :raises AmbiguousContent: if a record has more than one content, and none is chosen.
    :raises NothingToRecall: if nothing fits the targets.
    :raises BraidError: if a target does not exist; nothing is written then.
    """
    raise NotImplementedError


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
    raise NotImplementedError


def get_recall(
    tx: Transaction, recall_id: int, *, limit: int | None = None, offset: int = 0
) -> RecallWithReach:
    """Return one recall with what it reaches.

    :param limit: how many contents to return at most; all when omitted.
    :param offset: how many to leave out first.
    :raises RecallNotFound: if no recall has this id.
    """
    raise NotImplementedError


def standing_causes(tx: Transaction, contents: Iterable[Content]) -> list[InvalidInput]:
    """Return why contents are invalid: one entry for each standing recall that reaches one.

    :param contents: as a call resolved them; each is named by the version that it was asked for.
    :returns: in the order of the contents, then of the recalls; empty if all are valid.
    """
    raise NotImplementedError
