"""What the tests of actions may ask for: a database whose outbox they fill."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.recall.actions.ledger import Ledger


@pytest.fixture
def ledger(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A new database with an outbox; the test is run once on each kind."""
    monkeypatch.setenv("BRAID_DB_URL", database_url)
    folder = tmp_path / "programs"
    folder.mkdir()
    with closing(Ledger(database_url, folder)) as ledger:
        yield ledger
