"""Adding to a record that was there what its run tells later: what it came after, was made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from braid_db.model import Role, RunContext
from braid_db.records.contents import Contents
from braid_db.store import Transaction
from braid_db.store import recording as sql


def complete_record(
    tx: Transaction,
    context: RunContext,
    record_id: int,
    before: Sequence[int],
    others: Sequence[int] | None,
) -> None:
    """Link a record to those before it that it is not linked to.

    :param before: the one that it came after.
    :param others: those whose results it was given; None where nobody knows them.
    """
    contents = Contents(tx, context)
    contents.ask([record_id, *before, *(others or ())])()
    _link(contents, record_id, before, others or ())


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
