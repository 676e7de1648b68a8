"""What tests of histories may ask for: a database that they are told to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.recall.histories.telling import Database, opened


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A new database for all the histories of a test, each in a folder of its own."""
    with opened(database_url) as database:
        yield database
