"""The BraggNN science: the network finds peaks that it has never seen, if it was trained well."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.bragg_nn.conftest import HELD_OUT, Session
from tests.use_cases.case import sha256


def apart_from_truth_px(session: Session, located_by: str) -> float:
    """Return the median distance of the held-out peaks' locations from where they truly are."""
    truth = json.loads((session.folder / "truth" / f"{HELD_OUT}.json").read_text())
    peaks = json.loads((session.folder / HELD_OUT / f"{located_by}.json").read_text())["peaks"]
    nearest = [
        np.hypot(*(np.array(truth[peak["frame"]]) - peak["at"]).T).min(initial=99.0)
        for peak in peaks
    ]
    return float(np.median(nearest))


def shuffle_weights(session: Session) -> None:
    """Put the network's weights into another order, layer by layer."""
    path, rng = session.folder / "model" / "bragg_nn.npz", np.random.default_rng(0)
    with np.load(path) as model:
        arrays = dict(model)
    for name in arrays:
        if name.startswith("weights"):
            arrays[name] = rng.permutation(arrays[name].ravel()).reshape(arrays[name].shape)
    np.savez(path, **arrays)


def test_every_peak_is_found_and_fitted_to_where_it_is(trained):
    for scan in trained.given["scans"]:
        assert len(json.loads((trained.folder / scan / "peaks.json").read_text())["peaks"]) == 250
    assert apart_from_truth_px(trained, "peaks") < 0.05


def test_the_network_locates_peaks_that_it_has_never_seen(trained):
    verdict = json.loads((trained.folder / HELD_OUT / "verdict.json").read_text())
    assert verdict["verdict"] == "passed"
    assert verdict["measured"] < 0.05
    assert apart_from_truth_px(trained, "located") < 0.05


def test_a_network_whose_weights_are_shuffled_fails(session):
    shuffle_weights(session)
    verdict = session.judge()
    assert verdict["verdict"] == "failed"
    assert verdict["measured"] > 0.3


def test_a_network_that_was_not_trained_fails(session):
    path = session.folder / "training.json"
    skipped = {"epochs": 1, "learning_rate": 1e-12}
    path.write_text(json.dumps(json.loads(path.read_text()) | skipped))
    session.train()
    assert session.judge()["verdict"] == "failed"
    assert apart_from_truth_px(session, "located") > 0.3


def test_labels_half_a_pixel_off_in_one_scan_of_two_spoil_the_network(session):
    path = session.folder / "scan-2" / "detector.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"first_pixel_centre_px": 0.5}))
    session.find("scan-2")
    session.train()
    assert session.judge()["verdict"] == "failed"


def test_training_lowers_the_loss_from_state_to_state(trained):
    states = trained.told_by_training["provenance"]["outputs"]
    assert [state["name"] for state in states] == [
        "model/epoch_020.npz",
        "model/epoch_040.npz",
        "model/bragg_nn.npz",
    ]
    losses = [state["tags"]["loss"] for state in states]
    assert losses == sorted(losses, reverse=True)


def test_a_second_time_in_the_same_folder_makes_the_same_files_and_needs_no_truth(trained, session):
    for path in (session.folder / "truth").iterdir():
        path.unlink()
    session.collect()
    session.find(*session.given["scans"])
    session.train()
    session.judge()
    files = [path for path in trained.folder.rglob("*") if path.is_file()]
    assert len(files) == 21
    for path in files:
        if path.parent.name != "truth":
            assert sha256(session.folder / path.relative_to(trained.folder)) == sha256(path)
    assert not list((session.folder / "truth").iterdir())


def test_a_relative_work_folder_is_refused(trained):
    with pytest.raises(ValueError, match="must be an absolute path"):
        trained.science.prepare_session("bragg_nn", {})


def test_a_scan_that_the_sample_does_not_know_is_refused(session):
    with pytest.raises(ValueError, match="lack the scan 'scan-9'"):
        session.science.collect_frames(str(session.folder), "scan-9", session.given["sample"])


def test_a_scan_without_peaks_is_refused(session):
    path = session.folder / "scan-1" / "frames.npy"
    np.save(path, np.full_like(np.load(path), 20))
    with pytest.raises(ValueError, match="No peak was found"):
        session.find("scan-1")
