"""The SLAC science as a worker gets it, and one session that went through all of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.use_cases.case import UseCase

SLAC = UseCase("slac")


class Session:
    """One work folder and the science that runs in it."""

    def __init__(self, science: SimpleNamespace, folder: Path) -> None:
        self.science = science
        self.folder = folder
        self.given = SLAC.read("input.json")

    def simulate(self, *batches: str) -> None:
        for batch in batches:
            self.science.run_simulation(str(self.folder), batch)

    def prepare(self) -> None:
        self.science.prepare_session(str(self.folder), self.given["configuration"])

    def collect(self) -> None:
        self.science.collect_shots(str(self.folder), self.given["beam"])

    def train(self) -> dict[str, Any]:
        trained: dict[str, Any] = self.science.train_model(str(self.folder))
        return trained

    def convert(self) -> None:
        self.science.convert_to_fixed_point(str(self.folder))

    def judge(self) -> dict[str, Any]:
        """Reduce the shots, and return each test's verdict with what was measured."""
        self.science.reduce_shots(str(self.folder))
        made = self.science.test_inference(str(self.folder))["provenance"]["outputs"]
        return {Path(output["uris"][0]).stem: output["tags"] for output in made}

    def edit(self, name: str, **changes: object) -> None:
        path = self.folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session that went through all steps; not to be changed by a test."""
    session = Session(SLAC.science(), tmp_path_factory.mktemp("slac"))
    session.prepare()
    session.simulate(*session.given["batches"])
    session.collect()
    session.train()
    session.convert()
    session.judge()
    return session


@pytest.fixture
def session(trained: Session, tmp_path: Path) -> Session:
    """A copy of the session, for a test to change."""
    folder = tmp_path / "slac"
    shutil.copytree(trained.folder, folder)
    return Session(trained.science, folder)
