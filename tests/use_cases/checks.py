"""What holds for the definition of each use case."""

from __future__ import annotations

from types import SimpleNamespace

import jsonschema
import pytest

from tests.use_cases.case import UseCase
from tests.use_cases.definitions import PROVENANCE, records, task, without_provenance, works


def check_that_provenance_is_all_that_was_added(case: UseCase) -> None:
    definition, provenance = case.read("definition.json"), case.read("provenance.json")
    assert records(definition["States"]) == {}
    assert without_provenance(provenance) == definition
    assert len(records(provenance["States"])) == len(works(definition["States"]))


def check_that_every_action_is_recorded_right_after_it(case: UseCase) -> None:
    states = case.read("provenance.json")["States"]
    for name, state in works(states).items():
        record = states[state["Next"]]
        assert task(record)["function_id.$"] == PROVENANCE
        told = task(record)["kwargs"]
        assert told["step_result.$"] == state["ResultPath"] == f"$.{name}"
        assert told["previous_step_output.="] == "getattr('Provenance', None)"
        assert told["idempotency_key.="].endswith(f":{state['Next']}:' + `$.{name}.action_id`")
        assert record["ResultPath"] == "$.Provenance"


def check_that_the_functions_take_what_the_actions_give(
    case: UseCase, science: SimpleNamespace
) -> None:
    for state in works(case.read("definition.json")["States"]).values():
        code = vars(science)[task(state)["function_id.$"].split(".")[-1]].__code__
        given = {key.removesuffix(".$").removesuffix(".=") for key in task(state)["kwargs"]}
        assert given == set(code.co_varnames[: code.co_argcount])


def check_that_the_input_satisfies_the_schema(case: UseCase) -> None:
    schema, given = case.read("input_schema.json"), case.read("input.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(given, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(given | {"work_folder": "relative"}, schema)
