"""Databases to reconcile into, and what stands in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import select

from braid_db.flows.reconciling.entries import oldest_first, read_entries
from braid_db.flows.reconciling.known_flow import KnownFlow
from braid_db.flows.reconciling.telling import RunTold, told_by
from braid_db.identity import IdentityRules
from braid_db.steps.run_log import Reconciled, complete_flow_run
from braid_db.store import Store
from braid_db.store.reach import reach
from braid_db.store.tables import record, tag, version
from braid_db.views import Direction
from tests.functions.calls import Endpoint

RULES = IdentityRules("beamline.example.org", {})

Reader = Callable[[Sequence[Any], Any, str | None], RunTold]


def read(log: Sequence[Any], definition: Any = None, run_id: str | None = None) -> RunTold:
    """Return what a log tells, newest or oldest first."""
    run = {"run_id": run_id, "flow_id": None, "started_by": None}
    return told_by(oldest_first(list(read_entries(log))), KnownFlow(definition), run)


class Book:
    """A database that runs are reconciled into."""

    def __init__(self, url: str) -> None:
        self.endpoint = Endpoint(url)
        self._store = Store(url)

    def reconcile(self, told: RunTold) -> Reconciled:
        return complete_flow_run(self._store, RULES, told.run, told.steps)

    def reached_from(self, content: int) -> Iterable[int]:
        """Return the contents that one reaches by data, by their ids."""
        return self._store.read(
            lambda tx: reach(tx, content, Direction.DOWN, by_data=True)
        ).contents

    def close(self) -> None:
        self._store.close()
        self.endpoint.close()


@contextmanager
def book(url: str) -> Iterator[Book]:
    """Give a database to reconcile into."""
    with closing(Book(url)) as opened:
        yield opened


def steps(endpoint: Endpoint, run_id: str) -> list[int]:
    """Return the steps and transfers of a run, in the order of their records."""
    rows = endpoint.rows("record")
    activities = [row for row in rows if row.kind in ("step", "transfer")]
    return sorted(row.record_id for row in activities if row.run_id == run_id)


def told_of(endpoint: Endpoint) -> tuple[list[Any], list[Any], set[Any]]:
    """Return the versions, tags and edges of a database, each record by its place among all.

    Not when they were recorded: two that hold the same are equal, whatever gaps their ids have.
    """
    ids = sorted(row.record_id for row in endpoint.rows("record"))
    place = {record_id: number for number, record_id in enumerate(ids, 1)}
    edges = {((place[a], n), role, (place[b], m)) for (a, n), role, (b, m) in endpoint.edges()}
    return (
        [(place[first], *rest) for first, *rest in _versions(endpoint)],
        sorted((place[first], *rest) for first, *rest in _tags(endpoint)),
        edges,
    )


def times(endpoint: Endpoint, record_id: int) -> tuple[Any, Any]:
    """Return when an action began and ended."""
    [found] = [row[4:6] for row in _versions(endpoint) if row[0] == record_id]
    return found[0], found[1]


def _versions(endpoint: Endpoint) -> list[tuple[Any, ...]]:
    """Return all versions of all records: kind, name, times and run."""
    columns = (
        record.c.record_id,
        version.c.number,
        record.c.kind,
        version.c.name,
        version.c.started_at,
        version.c.ended_at,
        record.c.run_id,
    )
    query = select(*columns).join(version, version.c.record_id == record.c.record_id)
    return sorted(endpoint.select(query), key=lambda row: row[:2])


def _tags(endpoint: Endpoint) -> set[tuple[Any, ...]]:
    query = select(tag.c.record_id, tag.c.key, tag.c.type, tag.c.value)
    return {row if "parameters" not in row[1] else _plain(row) for row in endpoint.select(query)}


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a tag whose objects have their keys in order."""
    try:
        return (*row[:3], json.dumps(json.loads(row[3]), sort_keys=True))
    except ValueError:
        return row
