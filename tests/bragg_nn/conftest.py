"""The BraggNN science as a worker gets it, and one session that went through all of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.use_cases.case import UseCase

BRAGG_NN = UseCase("bragg_nn")
HELD_OUT = "scan-3"


class Session:
    """One work folder and the science that runs in it."""

    def __init__(self, science: SimpleNamespace, folder: Path) -> None:
        self.science = science
        self.folder = folder
        self.given = BRAGG_NN.read("input.json")
        self.told_by_training: dict[str, Any] = {}

    def collect(self) -> None:
        self.science.prepare_session(str(self.folder), self.given["configuration"])
        for scan in self.given["scans"]:
            self.science.collect_frames(str(self.folder), scan, self.given["sample"])

    def find(self, *scans: str) -> None:
        for scan in scans:
            self.science.find_peaks(str(self.folder), scan)

    def train(self) -> dict[str, Any]:
        trained: dict[str, Any] = self.science.train_model(str(self.folder))
        return trained

    def judge(self) -> dict[str, Any]:
        """Locate the peaks of the held-out scan, and compare."""
        self.science.locate_peaks(str(self.folder))
        verdict: dict[str, Any] = self.science.compare_locations(str(self.folder), HELD_OUT)
        return verdict


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session that went through all steps; not to be changed by a test."""
    session = Session(BRAGG_NN.science(), tmp_path_factory.mktemp("bragg_nn"))
    session.collect()
    session.find(*session.given["scans"])
    session.told_by_training = session.train()
    session.judge()
    return session


@pytest.fixture
def session(trained: Session, tmp_path: Path) -> Session:
    """A copy of the session, for a test to change."""
    folder = tmp_path / "bragg_nn"
    shutil.copytree(trained.folder, folder)
    return Session(trained.science, folder)
