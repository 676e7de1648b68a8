"""The SSX science: it finds the crystal from files alone, and only if they are right."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlparse

import numpy as np
import pytest
import scipy

EXPERIMENTS = ["chip-1", "chip-2"]


def test_the_right_configuration_finds_the_cell_and_the_intensities(analysed):
    verdict = analysed.results["compare"]
    assert abs(verdict["cell_error_percent"]) < 0.2
    assert verdict["intensity_correlation"] > 0.95
    assert verdict["reflections_compared"] > 200
    assert verdict["agrees"]
    assert verdict["table"].endswith("The structure agrees with the truth.")


@pytest.mark.parametrize("cell_a", [29.4, 35.2])
def test_a_crystal_with_another_cell_is_found_as_well(session, cell_a):
    session.given["crystal"] |= {"cell_a": cell_a, "seed": 99}
    session.prepare()
    session.simulate()
    session.analyse()
    session.merge()
    verdict = session.compare()
    assert verdict["true_cell_a"] == cell_a
    assert verdict["agrees"]


@pytest.mark.parametrize("factor", [0.95, 1.05])
def test_a_detector_distance_off_by_5_percent_gives_a_wrong_cell(session, factor):
    for experiment in EXPERIMENTS:
        distance_mm = session.given["configuration"][f"{experiment}/beamline.json"]["distance_mm"]
        session.edit_beamline(experiment, distance_mm=factor * distance_mm)
    session.analyse()
    session.merge()
    verdict = session.compare()
    assert verdict["cell_error_percent"] == pytest.approx(100 * (factor - 1), rel=0.2)
    assert not verdict["agrees"]


def test_one_wrong_distance_of_two_spoils_the_merged_cell(session):
    session.edit_beamline("chip-1", distance_mm=94.5)
    session.analyse()
    session.merge()
    verdict = session.compare()
    assert verdict["cell_error_percent"] > 1
    assert not verdict["agrees"]


def test_shuffled_intensities_do_not_correlate_with_the_truth(session):
    order = random.Random(5)
    for path in session.folder.glob("*/int/*.int"):
        content = json.loads(path.read_text())
        for lattice in content["lattices"]:
            measured = [reflection[3:] for reflection in lattice["reflections"]]
            order.shuffle(measured)
            hkl = [reflection[:3] for reflection in lattice["reflections"]]
            lattice["reflections"] = [a + b for a, b in zip(hkl, measured, strict=True)]
        path.write_text(json.dumps(content))
    session.merge()
    verdict = session.compare()
    assert verdict["intensity_correlation"] < 0.5
    assert not verdict["agrees"]


def test_a_second_time_makes_the_same_files_and_the_analysis_needs_no_truth(session):
    before = {path: path.read_bytes() for path in session.folder.rglob("*") if path.is_file()}
    session.prepare()
    session.simulate()
    for path in [*session.folder.glob("*/int/*.int"), session.folder / "structure.json"]:
        path.unlink()
    truth = session.truth.read_bytes()
    session.truth.unlink()
    session.analyse()
    session.merge()
    session.truth.write_bytes(truth)
    after = {path: path.read_bytes() for path in session.folder.rglob("*") if path.is_file()}
    assert after == before


def test_each_experiment_gives_one_int_file_a_batch_of_images(analysed):
    names = sorted(str(p.relative_to(analysed.folder)) for p in analysed.folder.glob("*/int/*"))
    assert names == [f"{chip}/int/batch_{n}.int" for chip in EXPERIMENTS for n in (0, 1)]
    for name in names:
        lattices = json.loads((analysed.folder / name).read_text())["lattices"]
        assert len(lattices) > 10
        first = 20 * int(name[-5])
        images = [int(lattice["image"][6:9]) for lattice in lattices]
        assert set(images) <= set(range(first, first + 20))


def test_indexed_images_are_those_that_hit_a_crystal(session):
    setup = session.given["crystal"]["setups"]["chip-1"]
    setup["hit_rate"] = 0.0
    session.prepare()
    session.simulate()
    blank, hit = session.analyse()
    assert blank["images_indexed"] == 0
    assert blank["cell_a"] is None
    assert hit["images_indexed"] > 20


def test_a_configuration_file_changed_by_hand_is_kept(session):
    session.edit_beamline("chip-1", distance_mm=91.0)
    done = session.prepare()
    assert done["files_written"] == []
    assert done["provenance"]["tags"] == {"files_written": 0, "files_kept": 5}
    path = session.folder / "chip-1" / "beamline.json"
    assert json.loads(path.read_text())["distance_mm"] == 91.0


def described(definition: dict[str, Any]) -> tuple[str, str]:
    return definition["name"], definition["kind"]


def assert_files_are_described_as_they_are(definitions: list[dict[str, Any]]) -> None:
    for definition in definitions:
        (uri,) = definition["uris"]
        if uri.startswith("https://"):
            continue
        path = Path(urlparse(uri).path)
        assert path.is_absolute()
        assert definition["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert definition["size_bytes"] == path.stat().st_size


def test_the_analysis_tells_what_it_used_and_made(analysed):
    provenance = analysed.results["chip-2"]["provenance"]
    assert [described(d) for d in provenance["inputs"]] == [
        ("chip-2/beamline.json", "fact"),
        ("chip-2/process.phil", "fact"),
        (f"numpy {np.__version__}", "fact"),
        (f"scipy {scipy.__version__}", "fact"),
    ]
    assert [described(d) for d in provenance["outputs"]] == [
        ("chip-2/int/batch_0.int", "data"),
        ("chip-2/int/batch_1.int", "data"),
    ]
    assert_files_are_described_as_they_are(provenance["inputs"] + provenance["outputs"])
    assert provenance["tags"]["images"] == 40


def test_merging_tells_the_int_files_that_prime_phil_lists_and_no_others(session):
    prime = session.folder / "prime.phil"
    prime.write_text(prime.read_text().replace("data = chip-2/int/batch_1.int\n", ""))
    provenance = session.merge()["provenance"]
    assert [described(d) for d in provenance["inputs"]] == [
        ("prime.phil", "fact"),
        ("chip-1/int/batch_0.int", "data"),
        ("chip-1/int/batch_1.int", "data"),
        ("chip-2/int/batch_0.int", "data"),
        (f"numpy {np.__version__}", "fact"),
    ]
    assert [described(d) for d in provenance["outputs"]] == [("structure.json", "model")]
    assert_files_are_described_as_they_are(provenance["inputs"] + provenance["outputs"])


def test_the_comparison_takes_structure_and_truth_and_makes_a_statement(analysed):
    provenance = analysed.results["compare"]["provenance"]
    assert [described(d) for d in provenance["inputs"]] == [
        ("structure.json", "model"),
        ("truth/crystal.json", "fact"),
        (f"numpy {np.__version__}", "fact"),
    ]
    (verdict,) = provenance["outputs"]
    assert described(verdict) == ("The structure agrees with the truth", "statement")
    assert_files_are_described_as_they_are(provenance["inputs"] + provenance["outputs"])


def test_every_result_is_plain_json(analysed):
    for result in analysed.results.values():
        assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_a_setting_that_is_missing_is_named_with_its_file(session):
    path = session.folder / "chip-1" / "beamline.json"
    beamline = json.loads(path.read_text())
    del beamline["distance_mm"]
    path.write_text(json.dumps(beamline))
    with pytest.raises(ValueError, match=f"{path} must give a number for 'distance_mm'"):
        session.analyse_one("chip-1")
    phil = session.folder / "chip-2" / "process.phil"
    phil.write_text(phil.read_text().replace("spotfinder.sigma = 6", "spotfinder.sigma = six"))
    with pytest.raises(ValueError, match=f"{phil} must give a number for 'spotfinder.sigma'"):
        session.analyse_one("chip-2")


def test_a_configuration_that_cannot_be_used_is_named(session):
    beamline = session.folder / "chip-1" / "beamline.json"
    beamline.write_text(beamline.read_text().replace(",", "", 1))
    with pytest.raises(ValueError, match=f"{beamline} is not valid JSON"):
        session.analyse_one("chip-1")
    phil = session.folder / "chip-2" / "process.phil"
    phil.write_text(phil.read_text().replace("radius_px = 3", "radius_px = 30"))
    with pytest.raises(ValueError, match=r"radius_px must be 1 to 5 pixels"):
        session.analyse_one("chip-2")


def test_an_experiment_that_the_beamline_does_not_know_is_named(session):
    with pytest.raises(ValueError, match="lack the experiment 'chip-3'"):
        session.science.simulate_stills(str(session.folder / "chip-3"), str(session.truth))


def test_an_int_file_that_does_not_exist_is_named(session):
    missing = session.folder / "chip-2" / "int" / "batch_1.int"
    missing.unlink()
    with pytest.raises(ValueError, match=f"{missing} does not exist"):
        session.merge()


def test_images_of_another_shape_than_configured_are_refused(session):
    session.edit_beamline("chip-1", rows_px=399)
    with pytest.raises(ValueError, match="must hold stills of the shape"):
        session.analyse_one("chip-1")


def test_nothing_indexed_cannot_be_merged(session):
    for setup in session.given["crystal"]["setups"].values():
        setup["hit_rate"] = 0.0
    session.prepare()
    session.simulate()
    session.analyse()
    with pytest.raises(ValueError, match="hold no indexed image"):
        session.merge()


def test_a_relative_work_folder_is_refused(science: SimpleNamespace):
    with pytest.raises(ValueError, match="must be an absolute path"):
        science.prepare_session("ssx", {}, {})
