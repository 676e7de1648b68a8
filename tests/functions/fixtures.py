"""Fixtures that the tests of the remote functions share; each folder's conftest names them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.functions.calls import Endpoint
from tests.functions.crowd import Crowd


@contextmanager
def _at_work(url: str, patch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    patch.setenv("BRAID_DB_URL", url)
    patch.setenv("BRAID_DB_HOST", "beamline.example.org")
    with closing(Endpoint(url)) as at_work:
        yield at_work


@pytest.fixture
def endpoint(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A worker's remote functions on a new database; the test is run once on each kind."""
    with _at_work(database_url, monkeypatch) as at_work:
        yield at_work


@pytest.fixture
def sqlite_endpoint(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A worker's remote functions on a new SQLite file."""
    with _at_work(sqlite_url, monkeypatch) as at_work:
        yield at_work


@pytest.fixture
def postgresql_endpoint(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A worker's remote functions on a new PostgreSQL database."""
    with _at_work(postgresql_url, monkeypatch) as at_work:
        yield at_work


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Endpoint]:
    """Remote functions on a database that a module keeps, for calls that write nothing.

    It holds a step with an input and an output.
    """
    with (
        _kept_database(request, tmp_path_factory) as url,
        pytest.MonkeyPatch.context() as patch,
        _at_work(url, patch) as at_work,
    ):
        at_work.step(step_name="Earlier", input_record_defs={}, output_record_defs={})
        yield at_work


@contextmanager
def _kept_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('kept') / 'braid.db'}"
        return
    with request.getfixturevalue("postgresql_server").new_database() as url:
        yield url


@pytest.fixture(scope="session")
def crowd() -> Iterator[Crowd]:
    """A process that workers are forked off."""
    with Crowd() as crowd:
        yield crowd
