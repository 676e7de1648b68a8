"""What lineage asks of the tables besides reach: the derivations among contents, and which fit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select

from braid_db.store.edges import each_id, in_groups, is_by_data, listed
from braid_db.store.statements import Statement
from braid_db.store.tables import derivation, record, version
from braid_db.store.transaction import Transaction
from braid_db.store.types import UtcTime
from braid_db.store.validity import invalid_flag


class EdgeRow(NamedTuple):
    """One derivation, its ends named by their contents."""

    derived_id: int
    predecessor_id: int
    role: str


class SortRow(NamedTuple):
    """What sorts of thing a content is."""

    content_id: int
    kind: str
    is_invalid: bool


VERSION_AT = Statement(
    select(version.c.version_id, version.c.content_id)
    .where(
        version.c.record_id == bindparam("id"),
        version.c.created_at <= bindparam("as_of", type_=UtcTime),
    )
    .order_by(version.c.number.desc())
    .limit(1),
    "id",
    "as_of",
)
"""The ids of the version of a record that was current at a time, and of its content."""

_derived = each_id("derived")
_edges = (
    select(derivation.c.derived_id, derivation.c.predecessor_id, derivation.c.role)
    .select_from(_derived)
    .join(derivation, derivation.c.derived_id == _derived.c.id)
)
_edges_by = _edges.where(derivation.c.created_at <= bindparam("as_of", type_=UtcTime))
_EDGES_INTO = {
    False: Statement(_edges, "derived"),
    True: Statement(_edges.where(is_by_data()), "derived"),
}
_EDGES_INTO_BY = {
    False: Statement(_edges_by, "derived", "as_of"),
    True: Statement(_edges_by.where(is_by_data("as_of")), "derived", "as_of"),
}
"""By whether the order of steps counts only where it is all that is known."""


def edges_among(
    tx: Transaction,
    contents: Collection[int],
    as_of: datetime | None = None,
    *,
    by_data: bool = False,
) -> Iterator[EdgeRow]:
    """Yield the derivations whose two ends are among some contents.

    :param as_of: only those that were recorded by then.
    :param by_data: whether the order of steps counts only where it is all that is known.
    """
    known = frozenset(contents)
    for group in in_groups(sorted(known)):
        if as_of is None:
            rows = tx.rows(_EDGES_INTO[by_data], listed(group))
        else:
            rows = tx.rows(_EDGES_INTO_BY[by_data], listed(group), as_of)
        for row in map(EdgeRow._make, rows):
            if row.predecessor_id in known:
                yield row


_contents = each_id("contents")


def _sorts(as_of: Any = None) -> Select[Any]:
    """Return the query for what sorts of thing contents are, and whether they were valid then."""
    query = select(
        version.c.version_id, record.c.kind, invalid_flag(version.c.version_id, as_of)
    ).select_from(_contents)
    query = query.join(version, version.c.version_id == _contents.c.id)
    return query.join(record, record.c.record_id == version.c.record_id)


_SORTS = Statement(_sorts(), "contents")
_SORTS_AT = Statement(_sorts(bindparam("as_of", type_=UtcTime)), "contents", "as_of")


def sorts_of(
    tx: Transaction, contents: Sequence[int], as_of: datetime | None = None
) -> Iterator[SortRow]:
    """Yield what sorts of thing contents are, in no particular order.

    :param as_of: whether they are invalid is told as it was then.
    """
    for group in in_groups(contents):
        if as_of is None:
            rows = tx.rows(_SORTS, listed(group))
        else:
            rows = tx.rows(_SORTS_AT, listed(group), as_of)
        yield from map(SortRow._make, rows)
