"""What holds for all tests of flows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from braid_db.flows import expressions
from braid_db.flows.checking import reads


@pytest.fixture(autouse=True)
def nothing_read_before() -> Iterator[None]:
    """Keep what a planted fault made of an expression from the tests that follow it."""
    yield
    expressions.parse.cache_clear()
    reads._in_expression.cache_clear()
