"""The BraggNN flow, run by the command and recorded: what the database then answers."""

from __future__ import annotations

from collections import Counter

import numpy as np
import scipy
import sklearn

from tests.bragg_nn.conftest import BRAGG_NN, HELD_OUT
from tests.use_cases import checks
from tests.use_cases.case import Recorded, once, recorded_once
from tests.use_cases.story import story_of, work_of

NUMPY, SCIPY, SKLEARN = (
    ("fact", f"{name} {module.__version__}")
    for name, module in (("numpy", np), ("scipy", scipy), ("scikit-learn", sklearn))
)
SCANS = ("scan-1", "scan-2", "scan-3")
FROM_THE_EDGE = {"first_pixel_centre_px": 0.5}
STATES = {"model/epoch_020.npz", "model/epoch_040.npz", "model/bragg_nn.npz"}

recorded = recorded_once(BRAGG_NN)


def test_the_verdicts_lineage_is_all_that_led_to_it_and_nothing_else(recorded):
    facts = {"experiment.json", "fit.json", "training.json", "comparison.json"}
    facts |= {f"{scan}/detector.json" for scan in SCANS}
    data = {f"{scan}/{file}" for scan in SCANS for file in ("frames.npy", "peaks.json")}
    steps = {"TrainModel", "LocatePeaks", f"CompareLocations {HELD_OUT}"}
    steps |= {f"{step} {scan}" for scan in SCANS for step in ("CollectFrames", "FindPeaks")}
    expected = {("fact", name) for name in facts} | {NUMPY, SCIPY, SKLEARN}
    expected |= {("data", name) for name in data | {f"{HELD_OUT}/located.json"}}
    expected |= {("step", f"Action Step {name}") for name in steps}
    expected |= {("model", "model/bragg_nn.npz")}
    assert recorded.lineage(f"{HELD_OUT}/verdict.json", "--up") == expected


def test_the_network_was_trained_on_two_scans_and_their_labels(recorded):
    found = recorded.command("model", "data", str(recorded.folder / "model" / "bragg_nn.npz"))
    nearest = {one["name"] for one in found["records"] if one["distance"] == 2}
    trained_on = {f"{scan}/{file}" for scan in SCANS[:2] for file in ("frames.npy", "peaks.json")}
    assert nearest == trained_on | {"training.json", NUMPY[1], SKLEARN[1]}


def test_every_file_is_recorded_with_its_checksum(recorded):
    checks.check_that_every_file_is_recorded_with_its_checksum(recorded)
    assert Counter(record["kind"] for record in recorded.records()) == {
        "fact": 10,
        "data": 7,
        "model": 3,
        "statement": 1,
        "step": 10,
    }


def test_each_state_of_the_network_is_a_model_that_tells_how_good_it_is(recorded):
    models = [record for record in recorded.records() if record["kind"] == "model"]
    assert {record["name"] for record in models} == STATES
    assert {record["tags"]["epoch"] for record in models} == {20, 40, 60}
    assert all(record["tags"]["loss"] < 0.01 for record in models)


@once
def test_the_flow_without_provenance_makes_the_same_files(recorded, tmp_path, sqlite_url):
    plain = Recorded(BRAGG_NN, tmp_path / "plain", sqlite_url)
    checks.check_that_without_provenance_the_same_files_are_made(recorded, plain)


def test_a_detectors_wrong_origin_is_recalled_and_only_what_came_of_it_is_repeated(
    tmp_path, sqlite_url
):
    recorded = Recorded(BRAGG_NN, tmp_path / "work", sqlite_url)
    given = BRAGG_NN.read("input.json")["configuration"]
    wrong = given | {"scan-2/detector.json": given["scan-2/detector.json"] | FROM_THE_EDGE}
    state = recorded.run(configuration=wrong)
    assert state["CompareLocations"]["details"]["result"][0]["verdict"] == "failed"

    with story_of(recorded, tmp_path) as story:
        story.watch("model/bragg_nn.npz")
        before = story.versions()
        recall = story.recall("scan-2/detector.json", "locations count from the pixel's edge")
        steps = ["FindPeaks scan-2", "TrainModel", "LocatePeaks", f"CompareLocations {HELD_OUT}"]
        repeated = [f"Action Step {step}" for step in steps]
        verdict = "The network's locations do not agree with the fit's"
        files = {"scan-2/detector.json", "scan-2/peaks.json", f"{HELD_OUT}/located.json"}
        assert story.reached(recall) == files | STATES | {verdict} | set(repeated)
        assert story.act() == "model/bragg_nn.npz: locations count from the pixel's edge\n"
        assert work_of(story.plan(recall)) == ["scan-2/detector.json", *repeated]
        train = story.plan(recall).work.items[2]
        kept = {use.record.name for use in train.inputs if use.can_be_kept}
        assert {"scan-1/peaks.json", "scan-1/frames.npy", "scan-2/frames.npy"} <= kept
        assert "scan-2/peaks.json" not in kept

        recorded.edit("scan-2/detector.json", first_pixel_centre_px=0.0)
        state = recorded.run(scans=["scan-2"])
        assert state["CompareLocations"]["details"]["result"][0]["verdict"] == "passed"
        assert work_of(story.plan(recall)) == []
        after = story.versions()
        agrees = "The network's locations agree with the fit's"
        assert after.keys() - before.keys() <= {agrees}
        new = {name for name, (version, _) in after.items() if version == 2}
        assert new == files | STATES | {agrees}
        assert all(valid for _, valid in after.values())
