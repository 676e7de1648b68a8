"""The Samarakoon flow as it is written: its files agree, and no work goes unrecorded."""

from __future__ import annotations

import json

from tests.samarakoon.conftest import SAMARAKOON
from tests.use_cases import checks
from tests.use_cases.definitions import task, works


def test_its_provenance_is_what_flow_instrument_adds():
    checks.check_that_provenance_is_what_instrument_adds(SAMARAKOON)


def test_the_actions_call_functions_that_exist_with_arguments_that_they_take():
    checks.check_that_the_functions_take_what_the_actions_give(SAMARAKOON, SAMARAKOON.science())


def test_the_sample_input_satisfies_the_input_schema():
    checks.check_that_the_input_satisfies_the_schema(SAMARAKOON)


def test_only_the_simulated_instrument_is_told_of_the_sample():
    states = works(SAMARAKOON.read("definition.json")["States"])
    told = {name for name, state in states.items() if "sample" in json.dumps(task(state))}
    assert told == {"MeasureScattering"}
