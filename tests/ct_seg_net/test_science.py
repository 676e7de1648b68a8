"""The CTSegNet science: networks that learn from their own votes segment what they never saw."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.ct_seg_net.conftest import HELD_OUT, MASKED, PATCHES_PX, RETRAINED_ON, ROUNDS, Session
from tests.use_cases.case import sha256

TESTS = {"unseen_scan", "retrained_scan", "gain"}


def failed(verdicts: dict[str, dict[str, object]]) -> set[str]:
    """Return the tests that failed."""
    return {test for test, told in verdicts.items() if told["verdict"] == "failed"}


def verdicts(session: Session) -> dict[str, dict[str, object]]:
    """Return the verdicts that were written."""
    return {
        path.stem: json.loads(path.read_text()) for path in (session.folder / "verdicts").iterdir()
    }


def test_the_last_state_segments_a_scan_that_it_has_never_seen(trained):
    found = verdicts(trained)
    assert found.keys() == TESTS
    assert failed(found) == set()
    assert found["gain"]["measured"] > 4


def test_the_masks_are_nearly_what_is_marked_by_hand(trained):
    masks = np.load(trained.folder / MASKED / "masks.npy")
    marked = np.load(trained.folder / MASKED / "marked_by_hand.npy")
    assert (masks & marked).sum() / (masks | marked).sum() > 0.85


def test_networks_whose_weights_are_shuffled_fail(session):
    rng = np.random.default_rng(0)
    for size_px in PATCHES_PX:
        path = session.folder / f"model/state_{ROUNDS}/patch_{size_px}.npz"
        with np.load(path) as model:
            arrays = dict(model)
        for name in arrays:
            if name.startswith("weights"):
                arrays[name] = rng.permutation(arrays[name].ravel()).reshape(arrays[name].shape)
        np.savez(path, **arrays)
    assert failed(session.judge()) == TESTS


def test_networks_that_were_not_trained_fail(session):
    skipped = {"epochs_on_masks": 1, "epochs_on_votes": 1}
    session.edit("ensemble.json", learning_rate=1e-12, **skipped)
    session.train()
    session.retrain()
    assert failed(session.judge()) == TESTS


def test_networks_that_did_not_learn_from_their_votes_fail(session):
    session.edit("ensemble.json", learning_rate=1e-12)
    session.retrain()
    assert failed(session.judge()) == TESTS


def test_a_wrong_centre_of_rotation_spoils_the_scan_of_the_retraining(session):
    session.edit(f"{RETRAINED_ON}/scan.json", centre_px=31.5)
    session.reconstruct(RETRAINED_ON)
    session.retrain()
    assert failed(session.judge()) == {"retrained_scan"}


def test_every_state_of_the_networks_is_kept_beside_the_newest(trained):
    for size_px in PATCHES_PX:
        name = f"patch_{size_px}.npz"
        states = [sha256(trained.folder / f"model/state_{n}" / name) for n in range(ROUNDS + 1)]
        assert len(set(states)) == ROUNDS + 1
        assert sha256(trained.folder / "model" / name) == states[-1]


def test_the_votes_are_what_most_networks_say(trained):
    said = [
        np.load(trained.folder / HELD_OUT / f"inferred/state_{ROUNDS}/patch_{size_px}.npy")
        for size_px in PATCHES_PX
    ]
    votes = np.load(trained.folder / HELD_OUT / f"votes/state_{ROUNDS}.npy")
    assert np.array_equal(votes, np.sum(said, axis=0) > len(PATCHES_PX) / 2)
    assert any(np.any(votes != one) for one in said)


def test_a_second_time_makes_the_same_files_and_learns_from_nothing_that_was_marked_by_hand(
    trained, session
):
    session.collect()
    session.reconstruct(*session.given["scans"])
    marked = {path: path.read_bytes() for path in session.folder.glob("*/marked_by_hand.npy")}
    assert len(marked) == 3
    for path in marked:
        path.unlink()
    session.train()
    session.retrain()
    for path, content in marked.items():
        path.write_bytes(content)
    session.judge()
    files = [path for path in trained.folder.rglob("*") if path.is_file()]
    assert len(files) == 59
    for path in files:
        assert sha256(session.folder / path.relative_to(trained.folder)) == sha256(path)


def test_a_relative_work_folder_is_refused(trained):
    with pytest.raises(ValueError, match="must be an absolute path"):
        trained.science.prepare_session("ct_seg_net", {})


def test_a_scan_that_the_samples_do_not_know_is_refused(session):
    with pytest.raises(ValueError, match="lack the scan 'tomo_90009'"):
        session.science.collect_scan(str(session.folder), "tomo_90009", session.given["samples"])
