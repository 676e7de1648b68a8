"""What the tests of reconciling may ask for: endpoints, and databases to reconcile into."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from braid_db.store import Store
from tests.flows.reconciling.books import Book
from tests.functions.fixtures import endpoint as endpoint
from tests.functions.fixtures import postgresql_endpoint as postgresql_endpoint
from tests.functions.fixtures import sqlite_endpoint as sqlite_endpoint


@pytest.fixture
def new_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Book]]:
    """Return what gives an empty database, which functions record into from then on."""
    empty = tmp_path / "empty.db"
    Store(f"sqlite:///{empty}").write(lambda tx: None)
    monkeypatch.setenv("BRAID_DB_HOST", "beamline.example.org")
    numbers, opened = itertools.count(), list[Book]()

    def new() -> Book:
        while len(opened) > MOST_OPEN:
            opened.pop(0).close()
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copy(empty, path)
        monkeypatch.setenv("BRAID_DB_URL", f"sqlite:///{path}")
        opened.append(Book(f"sqlite:///{path}"))
        return opened[-1]

    yield new
    for book in opened:
        book.close()


MOST_OPEN = 3
"""One flow is seen in so many databases at most."""
