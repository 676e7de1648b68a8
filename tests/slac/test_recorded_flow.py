"""The SLAC flow, run by the command and recorded: what the database then answers."""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

import numpy as np
import scipy
import sklearn

from tests.slac.conftest import SLAC
from tests.use_cases import checks
from tests.use_cases.case import Recorded, once, recorded_once
from tests.use_cases.story import story_of, work_of

SOFTWARE = {
    f"{name} {module.__version__}"
    for name, module in (("numpy", np), ("scipy", scipy), ("scikit-learn", sklearn))
}
BATCHES = ("batch-1", "batch-2", "batch-3")
MODELS = {f"model/{name}.npz" for name in ("simulated", "edge", "edge_fixed")}
STATEMENTS = {
    "The energy of a hit is right",
    "The arrival of a hit is right",
    "Hits are found",
    "Noise is no hit",
    "Integers are as good as floating point",
    "The data are reduced",
}
WRONG_GAIN = {"counts_per_kev": 300.0}

recorded = recorded_once(SLAC)


def test_a_verdicts_lineage_is_all_that_led_to_it_and_nothing_else(recorded):
    facts = {f"{name}.json" for name in ("experiment", "training", "fpga", "tests")}
    facts |= {f"simulation/{batch}.json" for batch in BATCHES} | SOFTWARE
    data = {f"simulation/{batch}.npz" for batch in BATCHES} | {"reduced/shots.npz"}
    data |= {f"experiment/{name}.npz" for name in ("calibration", "shots", "monitor")}
    steps = {*(f"RunSimulation {batch}" for batch in BATCHES), "CollectShots"}
    steps |= {"TrainModel", "ConvertToFixedPoint", "ReduceShots", "TestInference"}
    expected = {("fact", name) for name in facts} | {("data", name) for name in data}
    expected |= {("step", f"Action Step {name}") for name in steps}
    expected |= {("model", "model/edge.npz"), ("model", "model/edge_fixed.npz")}
    assert recorded.lineage("verdicts/energy_error.json", "--up") == expected


def test_the_network_was_trained_on_simulations_and_the_calibration_run(recorded):
    found = recorded.command("model", "data", str(recorded.folder / "model" / "edge.npz"))
    nearest = {one["name"] for one in found["records"] if one["distance"] == 2}
    learned_from = {f"simulation/{batch}.npz" for batch in BATCHES} | {"experiment/calibration.npz"}
    software = {name for name in SOFTWARE if not name.startswith("scipy")}
    assert nearest == learned_from | {"experiment.json", "training.json"} | software


def test_the_simulations_are_done_before_the_data_are(recorded):
    recorded_at = {record["name"]: record["created_at"] for record in recorded.records()}
    simulated = [recorded_at[f"simulation/{batch}.npz"] for batch in BATCHES]
    assert max(simulated) < recorded_at["experiment/shots.npz"]


def test_every_file_is_recorded_with_its_checksum(recorded):
    checks.check_that_every_file_is_recorded_with_its_checksum(recorded)
    assert Counter(record["kind"] for record in recorded.records()) == {
        "fact": 10,
        "data": 7,
        "model": 3,
        "statement": 6,
        "step": 9,
    }


def test_what_the_network_says_is_listed_as_tests_with_verdicts(recorded):
    listed = recorded.command("statement", "list", "--where", "verdict = 'passed'")["records"]
    assert {statement["name"] for statement in listed} == STATEMENTS
    assert all(one["tags"]["measured"] <= one["tags"]["limit"] for one in listed)


@once
def test_the_flow_without_provenance_makes_the_same_files(recorded, tmp_path, sqlite_url):
    plain = Recorded(SLAC, tmp_path / "plain", sqlite_url)
    checks.check_that_without_provenance_the_same_files_are_made(recorded, plain)


def test_a_wrong_batch_of_simulations_is_recalled_and_only_what_came_of_it_is_repeated(
    tmp_path, sqlite_url
):
    recorded = Recorded(SLAC, tmp_path / "work", sqlite_url)
    given = SLAC.read("input.json")["configuration"]
    batch = given["simulation/batch-2.json"] | WRONG_GAIN
    state = recorded.run(configuration=given | {"simulation/batch-2.json": batch})
    assert state["TestInference"]["details"]["result"][0]["failed"] == 1

    with story_of(recorded, tmp_path) as story:
        story.watch("model/edge_fixed.npz")
        before = story.versions()
        recall = story.recall("simulation/batch-2.json", "it assumed another detector's gain")
        steps = ["RunSimulation batch-2", "TrainModel", "ConvertToFixedPoint"]
        repeated = [f"Action Step {step}" for step in [*steps, "ReduceShots", "TestInference"]]
        files = {"simulation/batch-2.json", "simulation/batch-2.npz", "reduced/shots.npz"}
        assert story.reached(recall) == files | MODELS | STATEMENTS | set(repeated)
        assert story.act() == "model/edge_fixed.npz: it assumed another detector's gain\n"
        report = junit(recorded)
        assert report.attrib["errors"] == report.attrib["tests"] == "6"
        assert work_of(story.plan(recall)) == ["simulation/batch-2.json", *repeated]
        train = story.plan(recall).work.items[2]
        kept = {use.record.name for use in train.inputs if use.can_be_kept}
        assert {"simulation/batch-1.npz", "experiment/calibration.npz"} <= kept
        assert "simulation/batch-2.npz" not in kept

        recorded.edit("simulation/batch-2.json", counts_per_kev=200.0)
        state = recorded.run(batches=["batch-2"])
        assert state["TestInference"]["details"]["result"][0]["passed"] == 6
        assert work_of(story.plan(recall)) == []
        after = story.versions()
        assert after.keys() == before.keys()
        new = {name for name, (version, _) in after.items() if version == 2}
        assert new == files | MODELS | STATEMENTS
        assert all(valid for _, valid in after.values())
        assert junit(recorded).attrib["errors"] == "0"


def junit(recorded: Recorded) -> ElementTree.Element:
    """Return the report of tests that a program would read."""
    return ElementTree.fromstring(recorded.printed("statement", "list", "--format", "junit"))
