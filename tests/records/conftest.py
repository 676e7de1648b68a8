"""What tests of records may ask for: an open database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from braid_db.store import Store


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A new provenance database; the test is run once on each kind."""
    store = Store(database_url)
    yield store
    store.close()
