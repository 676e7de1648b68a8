"""The CTSegNet flow as it is written: its files agree, and no work goes unrecorded."""

from __future__ import annotations

import json

from tests.ct_seg_net.conftest import CT_SEG_NET
from tests.use_cases import checks
from tests.use_cases.definitions import task, works


def test_its_provenance_is_what_flow_instrument_adds():
    checks.check_that_provenance_is_what_instrument_adds(CT_SEG_NET)


def test_the_actions_call_functions_that_exist_with_arguments_that_they_take():
    checks.check_that_the_functions_take_what_the_actions_give(CT_SEG_NET, CT_SEG_NET.science())


def test_the_sample_input_satisfies_the_input_schema():
    checks.check_that_the_input_satisfies_the_schema(CT_SEG_NET)


def test_only_the_simulated_beamline_is_told_of_the_samples():
    states = works(CT_SEG_NET.read("definition.json")["States"])
    told = {name for name, state in states.items() if "samples" in json.dumps(task(state))}
    assert told == {"CollectScan"}
