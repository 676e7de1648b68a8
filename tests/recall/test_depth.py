"""Tests that a recall reaches as far as a lineage goes, however deep it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from braid_db.model import Kind, Reference, Role
from braid_db.recall.preview import preview
from braid_db.recall.recalls import invalidate
from braid_db.recall.targets import Targets
from braid_db.records.views import get_record
from braid_db.store import Store
from tests.records.planting import plant_edges, plant_records


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A new provenance database; the test is run once on each kind."""
    with closing(Store(database_url)) as store:
        yield store


def test_the_last_of_a_long_chain_is_reached(store: Store, costly: Callable[[int], int]) -> None:
    length = costly(30_000)
    ids = store.write(lambda tx: plant_records(tx, [Kind.DATA] * length))
    edges = [(ids[n], ids[n + 1], Role.DERIVED) for n in range(length - 1)]
    store.write(lambda tx: plant_edges(tx, edges))
    first = Targets(records=(Reference(ids[0]),))
    assert store.read(lambda tx: preview(tx, first, limit=1)).reached.total == length
    [recall] = store.write(lambda tx: invalidate(tx, first, cause="wrong"))
    assert dict(recall.reached) == {"data": length}
    assert not store.read(lambda tx: get_record(tx, ids[-1])).valid
