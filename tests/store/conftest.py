"""An open store on each kind of database, and programs that run in processes of their own."""

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


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    """A new provenance database in an SQLite file."""
    store = Store(sqlite_url)
    yield store
    store.close()


@pytest.fixture
def postgresql_store(postgresql_url: str) -> Iterator[Store]:
    """A new provenance database on a PostgreSQL server."""
    store = Store(postgresql_url)
    yield store
    store.close()
