"""What tests of the Python API may ask for: an open database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from braid_db import BraidDB
from tests.functions.fixtures import endpoint as endpoint


@pytest.fixture
def db(database_url: str) -> Iterator[BraidDB]:
    """A new provenance database; the test is run once on each kind."""
    db = BraidDB(database_url)
    db.create()
    yield db
    db.close()
