"""The SSX flow as it is written: its files agree, and no work goes unrecorded."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tests.ssx.conftest import SSX

PROVENANCE = "add_record_for_action_step"


@pytest.fixture(scope="module")
def states() -> dict[str, dict[str, Any]]:
    definition = json.loads((SSX / "definition.json").read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = definition["States"]
    return found


def task(state: dict[str, Any]) -> dict[str, Any]:
    (found,) = state["Parameters"]["tasks"]
    return dict(found)


def actions(states: dict[str, dict[str, Any]], function: str | None = None) -> dict[str, Any]:
    """The action states that call a function; without one, those of the science."""
    found = {name: state for name, state in states.items() if state["Type"] == "Action"}
    called = {name: task(state)["function_id.$"].split(".")[-1] for name, state in found.items()}
    return {
        name: state
        for name, state in found.items()
        if (called[name] == function if function else called[name] != PROVENANCE)
    }


def test_every_action_that_does_work_is_recorded_right_after_it(states):
    assert len(actions(states)) == 5
    for name, state in actions(states).items():
        record = states[state["Next"]]
        assert task(record)["function_id.$"] == f"$.functions.{PROVENANCE}"
        kwargs = task(record)["kwargs"]
        assert kwargs["step_result.$"] == state["ResultPath"] == f"$.{name}"
        assert kwargs["idempotency_key.="].endswith(f":{state['Next']}:' + `$.{name}.action_id`")


def test_every_provenance_step_but_the_first_names_the_one_before(states):
    names = {
        name: (task(state)["kwargs"].get("previous_step_output.$"), state["ResultPath"])
        for name, state in actions(states, PROVENANCE).items()
    }
    assert names == {
        "RecordPreparation": (None, "$.PreparationProvenance"),
        "RecordStills": ("$.PreparationProvenance", "$.Provenance"),
        "RecordAnalysis": ("$.Provenance", "$.Provenance"),
        "RecordMerging": ("$.Provenance", "$.Provenance"),
        "RecordComparison": ("$.Provenance", "$.Provenance"),
    }


def test_only_the_simulated_beamline_and_the_comparison_are_told_the_truth(states):
    given = {name: json.dumps(task(state)["kwargs"]) for name, state in actions(states).items()}
    told = {name for name, kwargs in given.items() if "truth" in kwargs or "crystal" in kwargs}
    assert told == {"PrepareSession", "SimulateStills", "CompareWithTruth"}


def test_the_actions_call_functions_that_exist_with_arguments_that_they_take(states, science):
    for state in actions(states).values():
        name = task(state)["function_id.$"].split(".")[-1]
        code = vars(science)[name].__code__
        arguments = {key.removesuffix(".$").removesuffix(".=") for key in task(state)["kwargs"]}
        assert arguments == set(code.co_varnames[: code.co_argcount])


def test_the_sample_input_satisfies_the_input_schema(sample_input):
    schema = json.loads((SSX / "input_schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(sample_input, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(sample_input | {"work_folder": "relative"}, schema)


def test_the_sample_experiments_are_what_the_flow_writes(analysed):
    experiments = SSX / "experiments"
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
