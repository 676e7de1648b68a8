"""The Samarakoon science: couplings are found by way of a few numbers, if these were learned."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.samarakoon.conftest import HELD_OUT, Session
from tests.use_cases.case import sha256

TESTS = {"patterns", "couplings", "agreement"}


def failed(verdicts: dict[str, dict[str, object]]) -> set[str]:
    """Return the tests that failed."""
    return {test for test, told in verdicts.items() if told["verdict"] == "failed"}


def verdicts(session: Session) -> dict[str, dict[str, object]]:
    """Return the verdicts that were written."""
    return {
        path.stem: json.loads(path.read_text()) for path in (session.folder / "verdicts").iterdir()
    }


def simulated(session: Session, batch: str) -> np.ndarray:
    with np.load(session.folder / "simulation" / f"{batch}.npz") as found:
        return found["patterns"].astype(float)


def simulate_at(session: Session, *couplings_k: list[float]) -> np.ndarray:
    """Simulate the spin model at some couplings, and return the patterns."""
    settings = {"temperature_k": 5.0, "seed": 3, "couplings_k": list(couplings_k)}
    (session.folder / "simulation" / "some.json").write_text(json.dumps(settings))
    session.simulate("some")
    return simulated(session, "some")


def test_the_couplings_of_the_sample_are_found(trained):
    found = json.loads((trained.folder / "model" / "couplings.json").read_text())
    found_k = [found[f"{name}_k"] for name in ("first", "second", "third")]
    assert found_k == pytest.approx(trained.given["sample"]["couplings_k"], abs=0.05)


def test_simulations_that_were_never_seen_pass_all_tests(trained):
    found = verdicts(trained)
    assert found.keys() == TESTS
    assert failed(found) == set()


def test_an_auto_encoder_whose_weights_are_shuffled_fails(session):
    path, rng = session.folder / "model" / "auto_encoder.npz", np.random.default_rng(0)
    with np.load(path) as model:
        arrays = dict(model)
    for name in arrays:
        if name.startswith("weights"):
            arrays[name] = rng.permutation(arrays[name].ravel()).reshape(arrays[name].shape)
    np.savez(path, **arrays)
    session.fit()
    assert failed(session.judge()) == TESTS


def test_an_auto_encoder_that_was_not_trained_fails(session):
    session.edit("training.json", epochs=1, learning_rate=1e-12)
    session.train()
    session.fit()
    assert failed(session.judge()) == TESTS


def test_a_wrong_temperature_of_one_batch_of_three_spoils_the_couplings(session):
    session.edit("simulation/batch-2.json", temperature_k=8.0)
    session.simulate("batch-2")
    session.train()
    session.fit()
    assert failed(session.judge()) == {"couplings", "agreement"}


def test_without_couplings_nothing_but_noise_is_scattered_alike_everywhere(session):
    [pattern] = simulate_at(session, [0.0, 0.0, 0.0])
    assert pattern == pytest.approx(np.ones_like(pattern), abs=0.4)
    assert pattern.mean() == pytest.approx(1.0, abs=0.02)


def test_what_a_coupling_favours_is_where_the_scattering_is(session):
    opposite, alike, in_rows = simulate_at(
        session, [1.5, 0.0, 0.0], [-1.5, 0.0, 0.0], [0.0, 1.5, 0.0]
    )
    corners = ((0, 0), (0, -1), (-1, -1))
    for pattern, brightest in ((alike, (0, 0)), (in_rows, (0, -1)), (opposite, (-1, -1))):
        others = [pattern[corner] for corner in corners if corner != brightest]
        assert pattern[brightest] > 4 * max(others)


def test_the_simulation_of_the_sample_agrees_with_what_was_counted(session):
    experiment = json.loads((session.folder / "experiment.json").read_text())
    truth_k = session.given["sample"]["couplings_k"]
    pattern = simulate_at(session, *[truth_k] * 24).mean(axis=0)
    expected = experiment["counts_per_unit"] * (pattern + experiment["background"])
    counts = np.load(session.folder / "experiment" / "counts.npy")
    assert np.mean((counts - expected) ** 2 / expected) < 1.6


def test_a_few_numbers_hold_what_a_pattern_is(trained):
    with np.load(trained.folder / "reduced" / "numbers.npz") as reduced:
        assert reduced["numbers"].shape == (192, 4)
    assert simulated(trained, HELD_OUT).shape == (24, 13, 13)


def test_neither_the_training_nor_the_fit_learns_from_what_was_held_out(trained, session):
    settings = json.loads((session.folder / "simulation" / f"{HELD_OUT}.json").read_text())
    session.edit(f"simulation/{HELD_OUT}.json", seed=settings["seed"] + 100)
    session.simulate(HELD_OUT)
    session.train()
    session.fit()
    for name in ("model/auto_encoder.npz", "model/surrogate.npz", "model/couplings.json"):
        assert sha256(session.folder / name) == sha256(trained.folder / name)


def test_a_second_time_in_the_same_folder_makes_the_same_files(trained, session):
    session.prepare()
    session.simulate(*session.given["batches"])
    session.measure()
    session.train()
    session.fit()
    session.judge()
    files = [path for path in trained.folder.rglob("*") if path.is_file()]
    assert len(files) == 24
    for path in files:
        assert sha256(session.folder / path.relative_to(trained.folder)) == sha256(path)


def test_a_relative_work_folder_is_refused(trained):
    with pytest.raises(ValueError, match="must be an absolute path"):
        trained.science.prepare_session("samarakoon", {})
