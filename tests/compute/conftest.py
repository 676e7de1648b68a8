"""Workers that the tests of this folder share, as each costs a third of a second to start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from braid_db.compute import FunctionCatalog, LocalWorkers, TaskOutcome, WorkerSettings

FUNCTIONS = Path(__file__).parent / "functions.py"

Call = Callable[..., TaskOutcome]


@pytest.fixture(scope="session")
def no_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of remote functions with none in it."""
    return tmp_path_factory.mktemp("functions")


@pytest.fixture(scope="session")
def catalog(no_folder: Path) -> FunctionCatalog:
    return FunctionCatalog(no_folder, [FUNCTIONS])


@pytest.fixture(scope="session")
def printed() -> list[str]:
    """Return what functions on the shared workers printed, line by line."""
    return []


@pytest.fixture(scope="session")
def workers(printed: list[str]) -> Iterator[LocalWorkers]:
    with LocalWorkers(WorkerSettings(on_output=printed.append)) as shared:
        yield shared


@pytest.fixture(scope="session")
def call(catalog: FunctionCatalog, workers: LocalWorkers) -> Call:
    """Return a way to call a function of functions.py by name on a shared worker."""

    def run(name: str, *args: Any, limit_s: float = 30, **kwargs: Any) -> TaskOutcome:
        return workers.run("shared", catalog.get(name), list(args), kwargs, limit_s=limit_s)

    return run
