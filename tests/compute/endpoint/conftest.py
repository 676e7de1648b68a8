"""What tests of endpoints may ask for: the agent's folder, and what configures one in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from braid_db.cli import main

Run = Callable[..., Result]


@pytest.fixture
def agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the agent keeps its endpoints in."""
    folder = tmp_path / "agents"
    monkeypatch.setenv("GLOBUS_COMPUTE_USER_DIR", str(folder))
    return folder


@pytest.fixture
def configure(agents: Path, sqlite_url: str) -> Run:
    """Return what configures the endpoint ``braid_db`` with a new database."""

    def run(*arguments: str, db: str | None = sqlite_url) -> Result:
        named = [] if db is None else ["--db", db]
        return CliRunner().invoke(main, ["endpoint", "configure", *named, *arguments])

    return run
