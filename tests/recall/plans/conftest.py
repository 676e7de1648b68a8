"""What the tests of plans may ask for: a laboratory that records, recalls and works off plans."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.functions.calls import Endpoint
from tests.functions.fixtures import endpoint as endpoint
from tests.recall.plans.laboratory import Laboratory


@pytest.fixture
def laboratory(endpoint: Endpoint) -> Iterator[Laboratory]:
    """A laboratory with a new database; the test is run once on each kind."""
    with closing(Laboratory(endpoint)) as laboratory:
        yield laboratory
