"""The SSX flow as it is written: its files agree, and no work goes unrecorded."""

from __future__ import annotations

import json

from tests.ssx.conftest import SSX
from tests.use_cases import checks
from tests.use_cases.definitions import task, works


def test_its_provenance_is_what_flow_instrument_adds():
    checks.check_that_provenance_is_what_instrument_adds(SSX)


def test_only_the_simulated_beamline_and_the_comparison_are_told_the_truth():
    states = works(SSX.read("definition.json")["States"])
    given = {name: json.dumps(task(state)["kwargs"]) for name, state in states.items()}
    told = {name for name, kwargs in given.items() if "truth" in kwargs or "crystal" in kwargs}
    assert told == {"PrepareSession", "SimulateStills", "CompareWithTruth"}


def test_the_actions_call_functions_that_exist_with_arguments_that_they_take(science):
    checks.check_that_the_functions_take_what_the_actions_give(SSX, science)


def test_the_sample_input_satisfies_the_input_schema():
    checks.check_that_the_input_satisfies_the_schema(SSX)


def test_the_sample_experiments_are_what_the_flow_writes(analysed):
    experiments = SSX.folder / "experiments"
    files = {p.relative_to(experiments) for p in experiments.rglob("*") if p.is_file()}
    assert {str(file) for file in files} == set(analysed.given["configuration"])
    for file in files:
        assert (analysed.folder / file).read_bytes() == (experiments / file).read_bytes()


def test_the_sample_configuration_describes_the_beamline_as_it_was(sample_input):
    for experiment, setup in sample_input["crystal"]["setups"].items():
        beamline = sample_input["configuration"][f"{experiment}/beamline.json"]
        for name in ("wavelength_a", "distance_mm", "pixel_mm"):
            assert beamline[name] == setup[name]
        assert [beamline["rows_px"], beamline["columns_px"]] == setup["shape_px"]
        centre = [beamline["beam_centre_x_px"], beamline["beam_centre_y_px"]]
        assert centre == setup["beam_centre_px"]
