"""The Samarakoon flow, run by the command and recorded: what the database then answers."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import scipy
import sklearn

from tests.samarakoon.conftest import HELD_OUT, SAMARAKOON, TRAINED_ON
from tests.use_cases import checks
from tests.use_cases.case import Recorded, once, recorded_once
from tests.use_cases.story import story_of, work_of

NUMPY, SCIPY, SKLEARN = (
    f"{name} {module.__version__}"
    for name, module in (("numpy", np), ("scipy", scipy), ("scikit-learn", sklearn))
)
MODELS = {"model/auto_encoder.npz", "model/surrogate.npz", "model/couplings.json"}
OF_THE_FIT = {"reduced/numbers.npz", "simulation/fit.json", "simulation/fit.npz"}
STATEMENTS = {
    "Patterns that were never seen are given back",
    "Couplings that are known are found",
    "A simulation at the fit agrees with the data",
}
TOO_WARM = {"temperature_k": 8.0}

recorded = recorded_once(SAMARAKOON)


def test_the_couplings_come_from_all_that_led_to_them_and_nothing_else(recorded):
    batches = (*TRAINED_ON, HELD_OUT)
    facts = {f"{name}.json" for name in ("spin_model", "experiment", "training", "fit")}
    facts |= {f"simulation/{batch}.json" for batch in batches} | {NUMPY, SCIPY, SKLEARN}
    data = {f"simulation/{batch}.npz" for batch in batches}
    data |= {"experiment/counts.npy", "reduced/numbers.npz"}
    steps = {*(f"SimulateScattering {batch}" for batch in batches), "MeasureScattering"}
    steps |= {"TrainAutoEncoder", "ReduceDimensions", "FitCouplings"}
    expected = {("fact", name) for name in facts} | {("data", name) for name in data}
    expected |= {("step", f"Action Step {name}") for name in steps}
    expected |= {("model", "model/auto_encoder.npz"), ("model", "model/surrogate.npz")}
    assert recorded.lineage("model/couplings.json", "--up") == expected


def test_the_auto_encoder_was_trained_on_three_batches_and_not_on_the_fourth(recorded):
    path = str(recorded.folder / "model" / "auto_encoder.npz")
    found = recorded.command("model", "data", path)["records"]
    nearest = {one["name"] for one in found if one["distance"] == 2}
    learned_from = {f"simulation/{batch}.npz" for batch in TRAINED_ON}
    assert nearest == learned_from | {"training.json", NUMPY, SKLEARN}
    assert not any(HELD_OUT in one["name"] for one in found)


def test_what_was_simulated_at_the_fit_comes_from_the_fit(recorded):
    found = recorded.lineage("simulation/fit.npz", "--up")
    assert {("data", "simulation/fit.json"), ("step", "Action Step FitCouplings")} <= found
    assert ("data", "experiment/counts.npy") in found


def test_every_file_is_recorded_with_its_checksum(recorded):
    checks.check_that_every_file_is_recorded_with_its_checksum(recorded)
    assert Counter(record["kind"] for record in recorded.records()) == {
        "fact": 12,
        "data": 9,
        "model": 3,
        "statement": 3,
        "step": 11,
    }


def test_the_couplings_are_tags_of_the_fitted_model(recorded):
    [found] = recorded.command("record", "list", "--where", "first_k > 0.5 and kind = 'model'")[
        "records"
    ]
    told = json.loads((recorded.folder / "model" / "couplings.json").read_text())
    assert found["name"] == "model/couplings.json"
    assert all(told[key] == found["tags"][key] for key in ("first_k", "second_k", "third_k"))


@once
def test_the_flow_without_provenance_makes_the_same_files(recorded, tmp_path, sqlite_url):
    plain = Recorded(SAMARAKOON, tmp_path / "plain", sqlite_url)
    checks.check_that_without_provenance_the_same_files_are_made(recorded, plain)


def test_a_batch_at_a_wrong_temperature_is_recalled_and_only_what_came_of_it_is_repeated(
    tmp_path, sqlite_url
):
    recorded = Recorded(SAMARAKOON, tmp_path / "work", sqlite_url)
    given, batch = SAMARAKOON.read("input.json")["configuration"], "simulation/batch-2.json"
    state = recorded.run(configuration=given | {batch: given[batch] | TOO_WARM})
    assert state["TestFit"]["details"]["result"][0]["failed"] == 2

    with story_of(recorded, tmp_path) as story:
        story.watch("model/couplings.json")
        before = story.versions()
        recall = story.recall(batch, "simulated at another temperature than the sample's")
        steps = ["SimulateScattering batch-2", "TrainAutoEncoder", "ReduceDimensions"]
        steps += ["FitCouplings", "SimulateFit fit", "TestFit"]
        repeated = [f"Action Step {step}" for step in steps]
        files = {batch, "simulation/batch-2.npz", "fitted/held_out.json"} | OF_THE_FIT
        assert story.reached(recall) == files | MODELS | STATEMENTS | set(repeated)
        cause = "simulated at another temperature than the sample's\n"
        assert story.act() == f"model/couplings.json: {cause}"
        assert work_of(story.plan(recall)) == [batch, *repeated]
        train = story.plan(recall).work.items[2]
        kept = {use.record.name for use in train.inputs if use.can_be_kept}
        assert {"simulation/batch-1.npz", "simulation/batch-3.npz"} <= kept
        assert "simulation/batch-2.npz" not in kept

        recorded.edit(batch, temperature_k=5.0)
        state = recorded.run(batches=["batch-2"])
        assert state["TestFit"]["details"]["result"][0]["passed"] == 3
        assert work_of(story.plan(recall)) == []
        after = story.versions()
        assert after.keys() == before.keys()
        new = {name for name, (version, _) in after.items() if version == 2}
        assert new == files | MODELS | STATEMENTS
        assert all(valid for _, valid in after.values())
