"""The SSX flow, run by the command and recorded: what the database then answers."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import numpy as np
import pytest
import scipy

from tests.ssx.conftest import SSX

SOFTWARE = {("fact", f"numpy {np.__version__}"), ("fact", f"scipy {scipy.__version__}")}
STEPS_TO_THE_STRUCTURE = {
    ("step", "Action Step PrepareSession"),
    ("step", "Action Step SimulateStills chip-1"),
    ("step", "Action Step AnalyseStills chip-1"),
    ("step", "Action Step SimulateStills chip-2"),
    ("step", "Action Step AnalyseStills chip-2"),
    ("step", "Action Step MergeIntensities"),
}
FILES_OF_THE_STRUCTURE = {
    ("fact", "prime.phil"),
    ("fact", "chip-1/beamline.json"),
    ("fact", "chip-1/process.phil"),
    ("fact", "chip-2/beamline.json"),
    ("fact", "chip-2/process.phil"),
    ("data", "chip-1/int/batch_0.int"),
    ("data", "chip-1/int/batch_1.int"),
    ("data", "chip-2/int/batch_0.int"),
    ("data", "chip-2/int/batch_1.int"),
}


class Recorded:
    """A work folder and a database, asked by the commands that a scientist uses."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.environment = os.environ | {"BRAID_DB_URL": database_url}

    def command(self, *arguments: str) -> Any:
        program = "import sys; from braid_db.cli import main; sys.exit(main())"
        line = [sys.executable, "-c", program, *arguments, "--format", "json"]
        done = subprocess.run(line, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self) -> dict[str, Any]:
        """Run the flow, and return its final state."""
        definition, given = str(SSX / "definition.json"), str(SSX / "input.json")
        work_folder = f"work_folder={self.folder}"
        done = self.command("flow", "run", definition, "--input", given, "--set", work_folder)
        assert done["status"] == "SUCCEEDED"
        state: dict[str, Any] = done["state"]
        return state

    def lineage(self, file: str, direction: str, *more: str) -> dict[str, Any]:
        path = str(self.folder / file)
        found: dict[str, Any] = self.command("record", "lineage", path, direction, *more)
        return found

    def records(self) -> list[dict[str, Any]]:
        listed = self.command("record", "list", "--limit", "1000")
        found: list[dict[str, Any]] = listed["records"]
        return found


def names(lineage: dict[str, Any]) -> set[tuple[str, str]]:
    assert not lineage["is_cut"]
    found = [(record["kind"], record["name"]) for record in lineage["records"]]
    assert len(set(found)) == len(found)
    return set(found)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recorded]:
    """What one run of the flow recorded; not to be changed by a test."""
    folder = tmp_path_factory.mktemp("recorded")
    with ExitStack() as stack:
        url = f"sqlite:///{folder}/braid.db"
        if request.param == "postgresql":
            url = stack.enter_context(request.getfixturevalue("postgresql_server").new_database())
        once = Recorded(folder / "work", url)
        once.run()
        yield once


def test_the_structures_lineage_is_all_that_led_to_it_and_nothing_else(recorded):
    lineage = recorded.lineage("structure.json", "--up")
    assert names(lineage) == FILES_OF_THE_STRUCTURE | STEPS_TO_THE_STRUCTURE | SOFTWARE
    assert lineage["record"]["kind"] == "model"


def test_the_images_are_told_by_the_steps_that_took_and_used_them(recorded):
    images_of = {"Action Step SimulateStills chip-1", "Action Step AnalyseStills chip-1"}
    tags = [record["tags"] for record in recorded.records() if record["name"] in images_of]
    assert len(tags) == 2
    for of_step in tags:
        assert of_step["images_folder"] == (recorded.folder / "chip-1" / "images").as_uri()
        assert of_step["images"] == 40


def test_every_file_is_recorded_with_its_checksum(recorded):
    for record in recorded.records():
        for uri in record["uris"]:
            if uri.startswith("file:"):
                path = Path(urlparse(uri).path)
                assert record["sha256"] == sha256(path)
                assert record["size_bytes"] == path.stat().st_size
    assert Counter(record["kind"] for record in recorded.records()) == {
        "fact": 8,
        "data": 4,
        "model": 1,
        "statement": 1,
        "step": 7,
    }


def test_the_verdict_comes_from_the_structure_and_not_the_other_way_round(recorded):
    verdict = names(recorded.lineage("structure.json", "--down"))
    assert verdict == {
        ("step", "Action Step CompareWithTruth"),
        ("statement", "The structure agrees with the truth"),
    }


def test_each_experiment_derives_from_its_own_configuration_alone(recorded):
    files = names(recorded.lineage("chip-2/int/batch_0.int", "--up", "--kind", "fact"))
    assert files == {("fact", "chip-2/beamline.json"), ("fact", "chip-2/process.phil")} | SOFTWARE
    derived = names(recorded.lineage("chip-1/beamline.json", "--down", "--kind", "data"))
    assert derived == {("data", "chip-1/int/batch_0.int"), ("data", "chip-1/int/batch_1.int")}


def test_a_second_run_after_a_change_by_hand_is_told_apart(tmp_path, database_url):
    recorded = Recorded(tmp_path / "work", database_url)
    recorded.run()
    path = recorded.folder / "chip-1" / "beamline.json"
    before = sha256(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"distance_mm": 94.5}))
    state = recorded.run()
    assert len(json.dumps(state)) < 200_000, "more state than Globus Flows keeps"
    assert not state["CompareWithTruth"]["details"]["result"][0]["agrees"]

    first = recorded.lineage("structure.json", "--up", "--version", "1")
    second = recorded.lineage("structure.json", "--up")
    assert first["record"]["sha256"] != second["record"]["sha256"]
    assert second["record"]["sha256"] == sha256(recorded.folder / "structure.json")
    assert second["record"]["tags"]["cell_a"] > first["record"]["tags"]["cell_a"] + 0.3
    found = FILES_OF_THE_STRUCTURE | STEPS_TO_THE_STRUCTURE | SOFTWARE
    assert names(first) == names(second) == found

    def used(lineage: dict[str, Any], name: str) -> tuple[int, str]:
        (record,) = (r for r in lineage["records"] if r["name"] == name)
        return record["version"], record["sha256"]

    assert used(first, "chip-1/beamline.json") == (1, before)
    assert used(second, "chip-1/beamline.json") == (2, sha256(path))
    unchanged = "chip-2/beamline.json"
    assert used(first, unchanged) == used(second, unchanged)
    steps = [{r["record_id"] for r in x["records"] if r["kind"] == "step"} for x in (first, second)]
    assert steps[0].isdisjoint(steps[1])
    assert len({r["run_id"] for r in second["records"] if r["kind"] == "step"}) == 1


def test_the_flow_run_twice_makes_the_same_files_and_knows_them_again(tmp_path, sqlite_url):
    recorded = Recorded(tmp_path / "work", sqlite_url)
    recorded.run()
    files = {p: sha256(p) for p in recorded.folder.rglob("*") if p.is_file()}
    once = {r["record_id"] for r in recorded.records() if r["kind"] != "step"}
    recorded.run()
    assert {p: sha256(p) for p in recorded.folder.rglob("*") if p.is_file()} == files
    assert {r["record_id"] for r in recorded.records() if r["kind"] != "step"} == once


def test_the_commands_of_the_readme_run_as_they_stand(tmp_path):
    text = (SSX / "README.md").read_text(encoding="utf-8")
    section = text.split("## Run it")[1].split("Then change")[0]
    lines = [line for line in section.splitlines() if line.startswith("    ")]
    script = "\n".join(lines).replace("/tmp/ssx", str(tmp_path / "ssx"))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=SSX.parents[1],
        env=os.environ | {"PATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "used: fact 4 chip-1/process.phil" in done.stdout
    assert "generated: statement 20 The structure agrees with the truth" in done.stdout
    assert "cell_error_percent" in done.stdout
