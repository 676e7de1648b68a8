"""What a plan asks of the tables: what recalls reach, where it came from, and what replaces it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import func, select

from braid_db.store.edges import listed
from braid_db.store.reading import in_parts
from braid_db.store.standing import REACHED_BY_ANY
from braid_db.store.statements import Statement
from braid_db.store.tables import derivation, record, run, version
from braid_db.store.transaction import Transaction
from braid_db.store.validity import is_invalid


class ContentRow(NamedTuple):
    """One content: which version of which record brought it, and the kind of the record."""

    content_id: int
    record_id: int
    number: int
    kind: str


class EdgeRow(NamedTuple):
    """One derivation, its ends named by their contents."""

    derived_id: int
    predecessor_id: int
    role: str


_CONTENTS = select(version.c.version_id, version.c.record_id, version.c.number, record.c.kind).join(
    record, record.c.record_id == version.c.record_id
)

_REACHED = Statement(_CONTENTS.where(version.c.version_id.in_(REACHED_BY_ANY)), "recalls")

_INTO_REACHED = Statement(
    select(derivation.c.derived_id, derivation.c.predecessor_id, derivation.c.role).where(
        derivation.c.derived_id.in_(REACHED_BY_ANY)
    ),
    "recalls",
)

_NEWEST_VALID = (
    select(version.c.record_id, func.max(version.c.number))
    .where(~is_invalid(version.c.content_id))
    .group_by(version.c.record_id)
)

_reached = version.alias("reached")

_NEWEST_VALID_OF_REACHED = Statement(
    _NEWEST_VALID.where(
        version.c.record_id.in_(
            select(_reached.c.record_id).where(_reached.c.version_id.in_(REACHED_BY_ANY))
        )
    ),
    "recalls",
)


def reached_contents(tx: Transaction, recall_ids: Sequence[int]) -> list[ContentRow]:
    """Return all contents that recalls reach, each once."""
    return [ContentRow(*row) for row in tx.rows(_REACHED, listed(recall_ids))]


def edges_into_reached(tx: Transaction, recall_ids: Sequence[int]) -> list[EdgeRow]:
    """Return all derivations that lead into what recalls reach, wherever they come from."""
    return [EdgeRow(*row) for row in tx.rows(_INTO_REACHED, listed(recall_ids))]


def contents_named(tx: Transaction, content_ids: Iterable[int]) -> list[ContentRow]:
    """Return contents by their ids."""
    rows = in_parts(tx, _CONTENTS, version.c.version_id, sorted(set(content_ids)))
    return [ContentRow(*row) for row in rows]


def newest_valid_of_reached(tx: Transaction, recall_ids: Sequence[int]) -> dict[int, int]:
    """Return for each record of what recalls reach the number of its newest valid version.

    That is one which no standing recall reaches; a record without any is not in the answer.
    """
    return dict(tx.rows(_NEWEST_VALID_OF_REACHED, listed(recall_ids)))


def newest_valid(tx: Transaction, record_ids: Iterable[int]) -> dict[int, int]:
    """Return the same for records by their ids."""
    return dict(in_parts(tx, _NEWEST_VALID, version.c.record_id, sorted(set(record_ids))))


def flows_of_runs(tx: Transaction, run_ids: Iterable[str]) -> dict[str, str | None]:
    """Return the flow that each run is of, by the run's id."""
    query = select(run.c.run_id, run.c.flow_id)
    return dict(in_parts(tx, query, run.c.run_id, sorted(set(run_ids))))
