"""What tests of lineage may ask for: a database that histories are told to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.recall.histories.telling import Database, opened


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A new database for all the histories and graphs of a test."""
    with opened(database_url) as database:
        yield database
