"""The SLAC flow as it is written: its files agree, and no work goes unrecorded."""

from __future__ import annotations

import json

from tests.slac.conftest import SLAC
from tests.use_cases import checks
from tests.use_cases.definitions import task, works


def test_its_provenance_is_what_flow_instrument_adds():
    checks.check_that_provenance_is_what_instrument_adds(SLAC)


def test_the_actions_call_functions_that_exist_with_arguments_that_they_take():
    checks.check_that_the_functions_take_what_the_actions_give(SLAC, SLAC.science())


def test_the_sample_input_satisfies_the_input_schema():
    checks.check_that_the_input_satisfies_the_schema(SLAC)


def test_only_the_simulated_beamline_is_told_of_the_beam():
    states = works(SLAC.read("definition.json")["States"])
    told = {name for name, state in states.items() if '"beam.' in json.dumps(task(state))}
    assert told == {"CollectShots"}
