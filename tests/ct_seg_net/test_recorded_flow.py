"""The CTSegNet flow, run by the command and recorded: what the database then answers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import scipy
import sklearn

from tests.ct_seg_net.conftest import (
    CT_SEG_NET,
    HELD_OUT,
    MASKED,
    PATCHES_PX,
    RETRAINED_ON,
    ROUNDS,
)
from tests.use_cases import checks
from tests.use_cases.case import Recorded, once, recorded_once, sha256
from tests.use_cases.story import story_of, work_of

NUMPY, SCIPY, SKLEARN = (
    f"{name} {module.__version__}"
    for name, module in (("numpy", np), ("scipy", scipy), ("scikit-learn", sklearn))
)
NETWORKS = [f"model/patch_{size_px}.npz" for size_px in PATCHES_PX]
STATEMENTS = {
    "A scan that was never seen is segmented",
    "The scan of the retraining is segmented",
    "Retraining has helped",
}
THE_MIDDLE = {"centre_px": 31.5}


def inferred(scan: str, state: int) -> set[str]:
    """Return what came of a scan when a state of the networks segmented it."""
    said = {f"{scan}/inferred/state_{state}/patch_{size_px}.npy" for size_px in PATCHES_PX}
    return said | {f"{scan}/votes/state_{state}.npy"}


recorded = recorded_once(CT_SEG_NET)


def data_of(recorded: Recorded, network: str, version: int) -> dict[str, int]:
    """Return what a version of a network was made from, with its distance."""
    path = str(recorded.folder / network)
    found = recorded.command("model", "data", path, "--version", str(version), "--limit", "0")
    return {one["name"]: one["distance"] for one in found["records"]}


def test_each_version_of_a_network_tells_what_data_it_was_trained_on(recorded):
    software = {NUMPY, SKLEARN}
    for state in range(ROUNDS + 1):
        data = data_of(recorded, NETWORKS[1], version=state + 1)
        nearest = {name for name, distance in data.items() if distance == 2}
        scan = RETRAINED_ON if state else MASKED
        learned = f"votes/state_{state - 1}.npy" if state else "masks.npy"
        files = {f"{scan}/adjusted.npy", f"{scan}/{learned}", "ensemble.json"}
        assert nearest == files | software
        votes = {f"{RETRAINED_ON}/votes/state_{before}.npy" for before in range(state)}
        assert {name for name in data if "/votes/" in name} == votes
        scans = {name.partition("/")[0] for name in data if name.startswith("tomo_")}
        assert scans == ({MASKED, RETRAINED_ON} if state else {MASKED})
        assert not any("marked_by_hand" in name for name in data)


def test_a_networks_versions_are_its_states_with_the_files_that_hold_them(recorded):
    path = str(recorded.folder / NETWORKS[0])
    states = recorded.command("model", "states", path)["states"]
    assert len(states) == ROUNDS + 1
    for number, version in enumerate(states):
        kept = f"model/state_{number}/patch_{PATCHES_PX[0]}.npz"
        assert (version["tags"]["state"], version["tags"]["kept_in"]) == (number, kept)
        assert version["sha256"] == sha256(recorded.folder / kept)


def test_the_verdict_on_the_scan_that_was_never_seen_comes_from_all_that_led_to_it(recorded):
    found = recorded.command(
        *("record", "lineage", str(recorded.folder / "verdicts/unseen_scan.json")),
        *("--up", "--by-data", "--limit", "0"),
    )["records"]
    by_kind = {
        kind: {record["name"] for record in found if record["kind"] == kind}
        for kind in ("fact", "model", "statement")
    }
    facts = {f"{name}.json" for name in ("experiment", "contrast", "masks", "ensemble", "tests")}
    facts |= {f"{scan}/scan.json" for scan in (MASKED, RETRAINED_ON, HELD_OUT)}
    assert by_kind["fact"] == facts | {NUMPY, SCIPY, SKLEARN}
    models = {(one["name"], one["version"]) for one in found if one["kind"] == "model"}
    assert models == {(network, n) for network in NETWORKS for n in range(1, ROUNDS + 2)}
    scans = {record["tags"].get("tomo_id") for record in found if record["kind"] == "data"}
    assert scans == {MASKED, RETRAINED_ON, HELD_OUT}


def test_every_file_is_recorded_with_its_checksum(recorded):
    checks.check_that_every_file_is_recorded_with_its_checksum(recorded)
    assert Counter(record["kind"] for record in recorded.records()) == {
        "fact": 11,
        "data": 18,
        "model": 3,
        "statement": 18,
        "step": 26,
    }


def test_what_came_of_a_scan_is_found_by_its_id(recorded):
    where = f"tomo_id = '{HELD_OUT}' and kind = 'data'"
    found = recorded.command("record", "list", "--where", where)["records"]
    files = {"projections", "marked_by_hand", "slices", "adjusted", f"votes/state_{ROUNDS}"}
    assert {one["name"] for one in found} == {f"{HELD_OUT}/{file}.npy" for file in files}


@once
def test_the_flow_without_provenance_makes_the_same_files(recorded, tmp_path, sqlite_url):
    plain = Recorded(CT_SEG_NET, tmp_path / "plain", sqlite_url)
    checks.check_that_without_provenance_the_same_files_are_made(recorded, plain)


def test_a_scans_wrong_centre_is_recalled_and_the_state_before_it_is_kept(tmp_path, sqlite_url):
    recorded = Recorded(CT_SEG_NET, tmp_path / "work", sqlite_url)
    given, scan = CT_SEG_NET.read("input.json")["configuration"], f"{RETRAINED_ON}/scan.json"
    state = recorded.run(configuration=given | {scan: given[scan] | THE_MIDDLE})
    assert state["JudgeSegmentation"]["details"]["result"][0]["failed"] == 1

    with story_of(recorded, tmp_path) as story:
        story.watch(NETWORKS[0])
        before = story.versions()
        recall = story.recall(scan, "the sample did not turn around the middle")
        files = {scan, f"{RETRAINED_ON}/slices.npy", f"{RETRAINED_ON}/adjusted.npy"}
        files = files.union(*(inferred(RETRAINED_ON, n) for n in range(ROUNDS + 1)))
        files |= inferred(HELD_OUT, ROUNDS) | STATEMENTS
        repeated = steps_to_repeat()
        assert story.reached(recall) == files | set(NETWORKS) | set(repeated)
        assert validity(recorded, NETWORKS[0]) == [True, *[False] * ROUNDS]
        cause = "the sample did not turn around the middle\n"
        assert story.act() == f"{NETWORKS[0]}: {cause}" * ROUNDS
        assert work_of(story.plan(recall)) == [scan, *repeated]
        first = next(work for work in story.plan(recall).work.items if "Train" in work.record.name)
        kept = {use.record.name: use.record.version for use in first.inputs if use.can_be_kept}
        assert {name: kept[name] for name in NETWORKS} == dict.fromkeys(NETWORKS, 1)

        recorded.edit(scan, centre_px=33.5)
        state = recorded.run(scans=[RETRAINED_ON], learn_from_masks=False)
        assert state["JudgeSegmentation"]["details"]["result"][0]["passed"] == 3
        assert work_of(story.plan(recall)) == []
        after = story.versions()
        assert after.keys() == before.keys()
        new = {name for name, was in before.items() if after[name][0] > was[0]}
        assert new == files | set(NETWORKS)
        assert all(valid for _, valid in after.values())
        assert validity(recorded, NETWORKS[0]) == [True, *[False] * ROUNDS, *[True] * ROUNDS]


def steps_to_repeat() -> list[str]:
    """Return the steps that a scan of the retraining leads to, in their order."""
    steps = [f"ReconstructScan {RETRAINED_ON}", f"AdjustContrast {RETRAINED_ON}"]
    for state in range(ROUNDS):
        steps += [f"SegmentScan {RETRAINED_ON} {state}", f"Vote {RETRAINED_ON} {state}"]
        steps += [f"TrainOnVotes {RETRAINED_ON} {state + 1}"]
    steps += [
        f"SegmentRetrained {RETRAINED_ON} {ROUNDS}",
        f"VoteOnRetrained {RETRAINED_ON} {ROUNDS}",
    ]
    steps += [f"SegmentHeldOut {HELD_OUT} {ROUNDS}", f"VoteOnHeldOut {HELD_OUT} {ROUNDS}"]
    steps += [f"JudgeSegmentation {RETRAINED_ON} {HELD_OUT} {ROUNDS}"]
    return [f"Action Step {step}" for step in steps]


def validity(recorded: Recorded, file: str) -> list[Any]:
    """Return whether each version of a file is valid, the first one first."""
    history = recorded.command("record", "history", str(recorded.folder / file))
    return [version["valid"] for version in history["versions"]]
