"""The SLAC science: integers reduce shots that they have never seen, if training was right."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.slac.conftest import Session
from tests.use_cases.case import sha256

TESTS = {
    *("energy_error", "arrival_error", "missed_hits"),
    *("false_hits", "cost_of_integers", "size"),
}


def failed(verdicts: dict[str, dict[str, object]]) -> set[str]:
    """Return the tests that failed."""
    return {test for test, told in verdicts.items() if told["verdict"] == "failed"}


def change_model(session: Session, name: str, change) -> None:
    """Put other weights into a state of the network."""
    path = session.folder / "model" / name
    with np.load(path) as model:
        arrays = dict(model)
    for key in arrays:
        if key.startswith("weights"):
            arrays[key] = change(arrays[key])
    np.savez(path, **arrays)


def test_shots_that_were_never_seen_pass_all_tests(trained):
    verdicts = {
        path.stem: json.loads(path.read_text()) for path in (trained.folder / "verdicts").iterdir()
    }
    assert verdicts.keys() == TESTS
    assert failed(verdicts) == set()
    assert verdicts["energy_error"]["measured"] < 0.2
    assert verdicts["size"]["measured"] == pytest.approx(100 * 2 * 16 / (64 * 12), abs=0.001)


def test_a_network_whose_weights_are_shuffled_fails(session):
    rng = np.random.default_rng(0)
    change_model(
        session, "edge.npz", lambda array: rng.permutation(array.ravel()).reshape(array.shape)
    )
    session.convert()
    assert failed(session.judge()) >= {"energy_error", "arrival_error"}


def test_a_network_that_was_not_trained_fails(session):
    session.edit("training.json", simulation_epochs=1, calibration_epochs=1, learning_rate=1e-12)
    session.train()
    session.convert()
    assert failed(session.judge()) >= {"energy_error", "arrival_error"}


def test_without_the_calibration_run_the_detectors_gain_is_not_known(session, trained):
    with np.load(session.folder / "model" / "simulated.npz") as simulated:
        np.savez(session.folder / "model" / "edge.npz", **dict(simulated))
    session.convert()
    measured = session.judge()["energy_error"]["measured"]
    with_calibration = json.loads((trained.folder / "verdicts" / "energy_error.json").read_text())
    assert measured > 1.5 * with_calibration["measured"]


def test_a_wrong_gain_in_one_batch_of_three_spoils_the_energy(session):
    session.edit("simulation/batch-2.json", counts_per_kev=300.0)
    session.simulate("batch-2")
    session.train()
    session.convert()
    assert failed(session.judge()) == {"energy_error"}


def test_the_fpgas_numbers_are_integers_within_their_bits(trained):
    fpga = json.loads((trained.folder / "fpga.json").read_text())
    with np.load(trained.folder / "model" / "edge_fixed.npz") as model:
        weights = [model[name] for name in model.files if name.startswith("weights")]
    assert len(weights) == 3
    for layer in weights:
        assert layer.dtype == np.int32
        assert abs(layer).max() < 2 ** (fpga["weight_bits"] - 1)
    with np.load(trained.folder / "reduced" / "shots.npz") as reduced:
        assert reduced["numbers"].dtype == np.int16
        assert reduced["numbers"].shape == (2000, 2)


def test_too_few_bits_cost_too_much(session):
    session.edit("fpga.json", weight_bits=4, weight_fraction_bits=2)
    session.convert()
    assert "cost_of_integers" in failed(session.judge())


def test_a_second_time_makes_the_same_files_and_looks_at_the_monitor_to_judge_alone(
    trained, session
):
    session.prepare()
    session.simulate(*session.given["batches"])
    session.collect()
    monitor = session.folder / "experiment" / "monitor.npz"
    content = monitor.read_bytes()
    # Only the tests of the inference look at it.
    monitor.unlink()
    session.train()
    session.convert()
    session.science.reduce_shots(str(session.folder))
    monitor.write_bytes(content)
    session.judge()
    files = [path for path in trained.folder.rglob("*") if path.is_file()]
    assert len(files) == 23
    for path in files:
        assert sha256(session.folder / path.relative_to(trained.folder)) == sha256(path)


def test_a_relative_work_folder_is_refused(trained):
    with pytest.raises(ValueError, match="must be an absolute path"):
        trained.science.prepare_session("slac", {})


def test_sums_that_no_multiplier_holds_are_refused(session):
    change_model(session, "edge_fixed.npz", lambda array: array.astype(np.int64) * 2**30)
    with pytest.raises(ValueError, match="exceeds the 48 bits"):
        session.judge()
