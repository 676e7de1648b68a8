"""Asking beforehand what a recall would reach, and which actions would follow."""

from __future__ import annotations

from braid_db.identity import IdentityRules
from braid_db.recall.recalls import DEFAULT_RULES
from braid_db.recall.targets import Targets
from braid_db.recall.views import Preview
from braid_db.store import Transaction


def preview(
    tx: Transaction,
    targets: Targets,
    *,
    follow_order: bool = False,
    rules: IdentityRules = DEFAULT_RULES,
    limit: int | None = None,
) -> Preview:
    """Return what recalling these targets would do; nothing is written.

    :param limit: how many contents each part of the answer shows; all when omitted.
    :raises BraidError: if :func:`braid_db.recall.recalls.invalidate` would refuse them.
    """
    raise NotImplementedError
