"""The CTSegNet science as a worker gets it, and one session that went through all of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.use_cases.case import UseCase

CT_SEG_NET = UseCase("ct_seg_net")
MASKED, RETRAINED_ON, HELD_OUT = "tomo_90001", "tomo_90002", "tomo_90003"
ROUNDS = 3
PATCHES_PX = (3, 5, 7)


class Session:
    """One work folder and the science that runs in it."""

    def __init__(self, science: SimpleNamespace, folder: Path) -> None:
        self.science = science
        self.folder = folder
        self.given = CT_SEG_NET.read("input.json")

    def collect(self) -> None:
        self.science.prepare_session(str(self.folder), self.given["configuration"])
        for scan in self.given["scans"]:
            self.science.collect_scan(str(self.folder), scan, self.given["samples"])

    def reconstruct(self, *scans: str) -> None:
        for scan in scans:
            self.science.reconstruct_scan(str(self.folder), scan)
            self.science.adjust_contrast(str(self.folder), scan)

    def train(self) -> None:
        """Make state 0 of the networks."""
        self.science.make_masks(str(self.folder), MASKED)
        self.science.train_ensemble(str(self.folder), MASKED, 0)

    def segment(self, scan: str, state: int) -> None:
        self.science.segment_scan(str(self.folder), scan, state)
        self.science.vote(str(self.folder), scan, state)

    def retrain(self) -> None:
        """Make the states after state 0."""
        for state in range(ROUNDS):
            self.segment(RETRAINED_ON, state)
            self.science.train_ensemble(str(self.folder), RETRAINED_ON, state + 1)

    def judge(self, state: int = ROUNDS) -> dict[str, Any]:
        """Return each test's verdict on a state with what was measured."""
        for scan in (RETRAINED_ON, HELD_OUT):
            self.segment(scan, state)
        judged = self.science.judge_segmentation(str(self.folder), RETRAINED_ON, HELD_OUT, state)
        made = judged["provenance"]["outputs"]
        return {Path(output["uris"][0]).stem: output["tags"] for output in made}

    def edit(self, name: str, **changes: object) -> None:
        path = self.folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session that went through all steps; not to be changed by a test."""
    session = Session(CT_SEG_NET.science(), tmp_path_factory.mktemp("ct_seg_net"))
    session.collect()
    session.reconstruct(*session.given["scans"])
    session.train()
    session.retrain()
    session.judge()
    return session


@pytest.fixture
def session(trained: Session, tmp_path: Path) -> Session:
    """A copy of the session, for a test to change."""
    folder = tmp_path / "ct_seg_net"
    shutil.copytree(trained.folder, folder)
    return Session(trained.science, folder)
