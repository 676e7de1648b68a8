"""The BraggNN flow as it is written: its files agree, and no work goes unrecorded."""

from __future__ import annotations

import json

from tests.bragg_nn.conftest import BRAGG_NN
from tests.use_cases import checks
from tests.use_cases.definitions import task, works


def test_its_provenance_is_what_flow_instrument_adds():
    checks.check_that_provenance_is_what_instrument_adds(BRAGG_NN)


def test_the_actions_call_functions_that_exist_with_arguments_that_they_take():
    checks.check_that_the_functions_take_what_the_actions_give(BRAGG_NN, BRAGG_NN.science())


def test_the_sample_input_satisfies_the_input_schema():
    checks.check_that_the_input_satisfies_the_schema(BRAGG_NN)


def test_only_the_simulated_beamline_is_told_of_the_sample():
    states = works(BRAGG_NN.read("definition.json")["States"])
    told = {name for name, state in states.items() if "sample" in json.dumps(task(state))}
    assert told == {"CollectFrames"}
