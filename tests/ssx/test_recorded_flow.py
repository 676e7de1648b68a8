"""The SSX flow, run by the command and recorded: what the database then answers."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import scipy

from tests.ssx.conftest import SSX
from tests.use_cases import checks
from tests.use_cases.case import Recorded, once, recorded_once, sha256, told_apart
from tests.use_cases.story import story_of, work_of

SOFTWARE = {("fact", f"numpy {np.__version__}"), ("fact", f"scipy {scipy.__version__}")}
STEPS_TO_THE_STRUCTURE = {
    ("step", "Action Step PrepareSession"),
    ("step", "Action Step SimulateStills chip-1 crystal.json"),
    ("step", "Action Step AnalyseStills chip-1 images"),
    ("step", "Action Step SimulateStills chip-2 crystal.json"),
    ("step", "Action Step AnalyseStills chip-2 images"),
    ("step", "Action Step MergeIntensities prime.phil"),
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
TOO_FAR = {"distance_mm": 94.5}

recorded = recorded_once(SSX)


def names(lineage: dict[str, Any]) -> set[tuple[str, str]]:
    """Return kinds and names of what is in a lineage."""
    return {(one["kind"], told_apart(one["name"], one["tags"])) for one in lineage["records"]}


def test_the_structures_lineage_is_all_that_led_to_it_and_nothing_else(recorded):
    found = recorded.lineage("structure.json", "--up")
    assert found == FILES_OF_THE_STRUCTURE | STEPS_TO_THE_STRUCTURE | SOFTWARE


def test_the_images_are_told_by_the_steps_that_took_and_used_them(recorded):
    images = (recorded.folder / "chip-1" / "images").as_uri()
    told = [one for one in recorded.records() if one["tags"].get("images_folder") == images]
    assert {one["name"] for one in told} == {
        "Action Step SimulateStills",
        "Action Step AnalyseStills",
    }
    assert [one["tags"]["images"] for one in told] == [40, 40]


def test_every_file_is_recorded_with_its_checksum(recorded):
    checks.check_that_every_file_is_recorded_with_its_checksum(recorded)
    assert Counter(record["kind"] for record in recorded.records()) == {
        "fact": 8,
        "data": 4,
        "model": 1,
        "statement": 1,
        "step": 7,
    }


def test_the_verdict_comes_from_the_structure_and_not_the_other_way_round(recorded):
    assert recorded.lineage("structure.json", "--down") == {
        ("step", "Action Step CompareWithTruth structure.json crystal.json"),
        ("statement", "The structure agrees with the truth"),
    }


def test_the_verdict_is_one_of_the_report_of_tests(recorded):
    [statement] = [one for one in recorded.records() if one["kind"] == "statement"]
    assert statement["tags"]["verdict"] == "passed"


def test_each_experiment_derives_from_its_own_configuration_alone(recorded):
    files = recorded.lineage("chip-2/int/batch_0.int", "--up", "--kind", "fact")
    assert files == {("fact", "chip-2/beamline.json"), ("fact", "chip-2/process.phil")} | SOFTWARE
    derived = recorded.lineage("chip-1/beamline.json", "--down", "--kind", "data")
    assert derived == {("data", "chip-1/int/batch_0.int"), ("data", "chip-1/int/batch_1.int")}


def test_a_second_run_is_known_again_and_one_after_a_change_by_hand_is_told_apart(
    tmp_path, sqlite_url
):
    recorded = Recorded(SSX, tmp_path / "work", sqlite_url)
    recorded.run()
    files = {p: sha256(p) for p in recorded.folder.rglob("*") if p.is_file()}
    known = {r["record_id"] for r in recorded.records() if r["kind"] != "step"}
    recorded.run()
    assert {p: sha256(p) for p in recorded.folder.rglob("*") if p.is_file()} == files
    assert {r["record_id"] for r in recorded.records() if r["kind"] != "step"} == known

    path = recorded.folder / "chip-1" / "beamline.json"
    before = sha256(path)
    recorded.edit("chip-1/beamline.json", distance_mm=94.5)
    state = recorded.run()
    assert len(json.dumps(state)) < 200_000, "more state than Globus Flows keeps"
    assert not state["CompareWithTruth"]["details"]["result"][0]["agrees"]
    assert [one["tags"]["verdict"] for one in recorded.records() if one["kind"] == "statement"] == [
        "failed"
    ]

    asked = ("record", "lineage", str(recorded.folder / "structure.json"), "--up", "--by-data")
    first, second = recorded.command(*asked, "--version", "1"), recorded.command(*asked)
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


@once
def test_the_flow_without_provenance_makes_the_same_files(recorded, tmp_path, sqlite_url):
    plain = Recorded(SSX, tmp_path / "plain", sqlite_url)
    checks.check_that_without_provenance_the_same_files_are_made(recorded, plain)


def test_a_wrong_distance_is_recalled_and_only_what_came_of_it_is_repeated(tmp_path, sqlite_url):
    recorded = Recorded(SSX, tmp_path / "work", sqlite_url)
    given, beamline = SSX.read("input.json")["configuration"], "chip-1/beamline.json"
    state = recorded.run(configuration=given | {beamline: given[beamline] | TOO_FAR})
    assert not state["CompareWithTruth"]["details"]["result"][0]["agrees"]

    with story_of(recorded, tmp_path) as story:
        story.watch("structure.json")
        before = story.versions()
        recall = story.recall(beamline, "the detector stood nearer")
        steps = ["AnalyseStills chip-1 images", "MergeIntensities prime.phil"]
        steps += ["CompareWithTruth structure.json crystal.json"]
        repeated = [f"Action Step {step}" for step in steps]
        files = {beamline, "chip-1/int/batch_0.int", "chip-1/int/batch_1.int", "structure.json"}
        wrong, right = (
            f"The structure {how} with the truth" for how in ("does not agree", "agrees")
        )
        assert story.reached(recall) == files | {wrong} | set(repeated)
        assert story.act() == "structure.json: the detector stood nearer\n"
        assert work_of(story.plan(recall)) == [beamline, *repeated]
        merge = story.plan(recall).work.items[2]
        kept = {use.record.name for use in merge.inputs if use.can_be_kept}
        assert {"prime.phil", "chip-2/int/batch_0.int", "chip-2/int/batch_1.int"} <= kept
        assert "chip-1/int/batch_0.int" not in kept

        recorded.edit(beamline, distance_mm=90.0)
        state = recorded.run(experiments=["chip-1"])
        assert state["CompareWithTruth"]["details"]["result"][0]["agrees"]
        assert work_of(story.plan(recall)) == []
        after = story.versions()
        assert after.keys() - before.keys() == {right}
        new = {name for name, (version, _) in after.items() if version == 2}
        assert new == files | {right}
        assert all(valid for _, valid in after.values())
