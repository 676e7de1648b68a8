"""The SSX science as a worker gets it, and one session that went through all of it."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.use_cases.case import UseCase

SSX = UseCase("ssx")


@pytest.fixture(scope="session")
def science() -> SimpleNamespace:
    """Each compute function, made from its own text alone as on a worker."""
    return SSX.science()


@pytest.fixture(scope="session")
def sample_input() -> dict[str, Any]:
    """What a local run of the flow is given."""
    return SSX.read("input.json")


class Session:
    """One work folder and the science that runs in it."""

    def __init__(self, science: SimpleNamespace, folder: Path, given: dict[str, Any]) -> None:
        self.science = science
        self.folder = folder
        self.given = given
        self.truth = folder / "truth" / "crystal.json"
        self.results: dict[str, dict[str, Any]] = {}

    def prepare(self) -> dict[str, Any]:
        configuration, crystal = self.given["configuration"], self.given["crystal"]
        done: dict[str, Any] = self.science.prepare_session(
            str(self.folder), configuration, crystal
        )
        return done

    def simulate(self) -> None:
        for experiment in self.given["experiments"]:
            self.science.simulate_stills(str(self.folder / experiment), str(self.truth))

    def analyse(self) -> list[dict[str, Any]]:
        return [self.analyse_one(experiment) for experiment in self.given["experiments"]]

    def analyse_one(self, experiment: str) -> dict[str, Any]:
        folder = self.folder / experiment
        done: dict[str, Any] = self.science.analyse_stills(str(folder), str(folder / "images"))
        return done

    def merge(self) -> dict[str, Any]:
        merged: dict[str, Any] = self.science.merge_intensities(str(self.folder / "prime.phil"))
        return merged

    def compare(self) -> dict[str, Any]:
        structure = self.folder / "structure.json"
        verdict: dict[str, Any] = self.science.compare_with_truth(str(structure), str(self.truth))
        return verdict

    def edit_beamline(self, experiment: str, **changes: float) -> None:
        path = self.folder / experiment / "beamline.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture(scope="session")
def analysed(
    science: SimpleNamespace, sample_input: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Session:
    """A session that went through all steps, with their results; not to be changed by a test."""
    session = Session(science, tmp_path_factory.mktemp("ssx"), sample_input)
    session.results["prepare"] = session.prepare()
    session.simulate()
    session.results["chip-1"], session.results["chip-2"] = session.analyse()
    session.results["merge"] = session.merge()
    session.results["compare"] = session.compare()
    return session


@pytest.fixture
def session(analysed: Session, tmp_path: Path) -> Session:
    """A copy of the analysed session, for a test to change."""
    folder = tmp_path / "ssx"
    shutil.copytree(analysed.folder, folder)
    return Session(analysed.science, folder, copy.deepcopy(analysed.given))
