"""Adding to a record that was there what its run tells later: what it came after, was made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from braid_db.model import Role, RunContext, Tag, TagType
from braid_db.records.contents import Contents, Entity
from braid_db.records.described import Change, changed, description_at, write_description
from braid_db.records.predecessors import MISSING_TAG
from braid_db.store import Transaction
from braid_db.store import recording as sql

PREVIOUS = ("'previous_step_output'", "'previous_step_record_id'")
OTHERS = ("'other_predecessor_record_ids'",)
REASON = "What was missing is linked, as the run's log tells it."


def complete_record(
    tx: Transaction,
    context: RunContext,
    record_id: int,
    before: Sequence[int],
    others: Sequence[int] | None,
) -> None:
    """Link a record to those before it that it is not linked to, and say so no longer.

    :param before: the one that it came after.
    :param others: those whose results it was given; None where nobody knows them.
    """
    contents = Contents(tx, context, reason=REASON)
    contents.ask([record_id, *before, *(others or ())])()
    _link(contents, record_id, before, others or ())
    told = (*(PREVIOUS if before else ()), *(OTHERS if others is not None else ()))
    _end_missing(contents, contents.get(record_id), told)


def _link(contents: Contents, record_id: int, before: Iterable[int], others: Iterable[int]) -> None:
    wanted = [(one, Role.FOLLOWED) for one in before]
    wanted += [(one, Role.INFORMED) for one in others]
    own = contents.current(contents.get(record_id))
    sources = [(contents.current(contents.get(one)), role) for one, role in wanted]
    ends = [(own.content_id, source.content_id, role.value) for source, role in sources]
    known = contents.tx.each(sql.HAS_DERIVATION, ends)
    missing = [one for one, rows in zip(sources, known, strict=True) if not rows]
    if not missing:
        return
    contents.tx.need_to_be_alone()
    for source, role in missing:
        contents.derive_unless_before(source, own, role)
    followed = [source for source, role in missing if role is Role.FOLLOWED]
    given = [source for source, role in missing if role is Role.INFORMED]
    contents.spread_invalid(given, followed)


def _end_missing(contents: Contents, entity: Entity, told: tuple[str, ...]) -> None:
    """Describe a record without the links that were missing when it was made and are there now.

    What it was said to lack stands in its older version.

    :param told: how a sentence begins that tells of a link which the run's log knows.
    """
    description = description_at(contents.tx, entity.record_id, entity.number)
    tags = description.tags.get(MISSING_TAG, ())
    left = [tag for tag in (_without(tag, told) for tag in tags) if tag is not None]
    if tuple(left) == tags:
        return
    change = Change(tags=tuple(left)) if left else Change(remove_tags=(MISSING_TAG,))
    contents.tx.need_to_be_alone()
    contents.next_edit(entity, entity.name)
    write_description(contents, entity, description, changed(description, change))


def _without(tag: Tag, told: tuple[str, ...]) -> Tag | None:
    """Return a tag without the sentences that are no longer so; None where none is left."""
    sentences = json.loads(tag.text) if tag.type is TagType.JSON else [tag.text]
    left = [one for one in sentences if not str(one).startswith(told)] if told else sentences
    if left == sentences:
        return tag
    return tag._replace(text=json.dumps(left, ensure_ascii=False)) if left else None
