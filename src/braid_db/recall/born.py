"""Born invalid: what is derived from something invalid joins its recalls at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from braid_db.model import Role
from braid_db.recall.causes import standing_causes
from braid_db.recall.owed import owe_for_contents
from braid_db.recall.views import InvalidInput
from braid_db.records.contents import Content, Contents
from braid_db.store import recalls as sql

Derivation = tuple[Content, Content, Role]
"""What was derived from what: predecessor and derived content, and how."""


def spread(
    contents: Contents,
    derivations: Iterable[Derivation],
    inputs: Sequence[Content],
    followed: Sequence[Content],
) -> list[InvalidInput]:
    """Let what derivations lead to, and all that came of it, join the recalls of predecessors.

    All derivations of the call are written by now, so that those recalls go on through them. The
    actions that are linked to what they reach are owed.

    :param derivations: those whose predecessors were invalid before the call.
    :param inputs: what the call used; steps that it only ``followed`` count as inputs for recalls
        that follow the order, as they do where nothing was used.
    :returns: one entry for each standing recall of each input.
    """
    tx = contents.tx
    rows = [
        (derived.content_id, predecessor.content_id, sql.rank_of(role), tx.now)
        for predecessor, derived, role in derivations
    ]
    reached = {tuple(row) for answer in tx.each(sql.SPREAD, rows) for row in answer}
    contents.invalid.update(content_id for _, content_id in reached)
    owe_for_contents(tx, reached)
    return _invalid(contents, inputs, followed)


def _invalid(
    contents: Contents, inputs: Sequence[Content], followed: Sequence[Content]
) -> list[InvalidInput]:
    """Return why inputs are invalid; what is named twice is told once."""
    used = {(content.content_id, content.number): content for content in inputs}
    before = {(content.content_id, content.number): content for content in followed}
    only_before = [content for key, content in before.items() if key not in used]
    return [
        *standing_causes(contents.tx, used.values()),
        *standing_causes(contents.tx, only_before, following_order=bool(used)),
    ]
