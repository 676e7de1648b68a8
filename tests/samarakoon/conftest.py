"""The Samarakoon science as a worker gets it, and one session that went through all of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.use_cases.case import UseCase

SAMARAKOON = UseCase("samarakoon")
TRAINED_ON, HELD_OUT = ("batch-1", "batch-2", "batch-3"), "batch-4"


class Session:
    """One work folder and the science that runs in it."""

    def __init__(self, science: SimpleNamespace, folder: Path) -> None:
        self.science = science
        self.folder = folder
        self.given = SAMARAKOON.read("input.json")

    def prepare(self) -> None:
        self.science.prepare_session(str(self.folder), self.given["configuration"])

    def simulate(self, *batches: str) -> None:
        for batch in batches:
            self.science.simulate_scattering(str(self.folder), batch)

    def measure(self) -> None:
        self.science.measure_scattering(str(self.folder), self.given["sample"])

    def train(self) -> dict[str, Any]:
        trained: dict[str, Any] = self.science.train_auto_encoder(str(self.folder))
        return trained

    def fit(self) -> dict[str, Any]:
        """Reduce the patterns, and return the couplings of the sample."""
        self.science.reduce_dimensions(str(self.folder))
        fitted: dict[str, Any] = self.science.fit_couplings(str(self.folder))
        return fitted

    def judge(self) -> dict[str, Any]:
        """Return each test's verdict with what was measured."""
        self.simulate("fit")
        made = self.science.test_fit(str(self.folder))["provenance"]["outputs"]
        return {Path(output["uris"][0]).stem: output["tags"] for output in made}

    def edit(self, name: str, **changes: object) -> None:
        path = self.folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session that went through all steps; not to be changed by a test."""
    session = Session(SAMARAKOON.science(), tmp_path_factory.mktemp("samarakoon"))
    session.prepare()
    session.simulate(*session.given["batches"])
    session.measure()
    session.train()
    session.fit()
    session.judge()
    return session


@pytest.fixture
def session(trained: Session, tmp_path: Path) -> Session:
    """A copy of the session, for a test to change."""
    folder = tmp_path / "samarakoon"
    shutil.copytree(trained.folder, folder)
    return Session(trained.science, folder)
