"""What holds for the files of each use case, and for what a run of it recorded."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlparse

import jsonschema
import pytest

from braid_db.flows.instrumenting import grow_schema, instrument, strip
from tests.use_cases.case import Recorded, UseCase, sha256
from tests.use_cases.definitions import task, works


def check_that_provenance_is_what_instrument_adds(case: UseCase) -> None:
    """See that ``flow instrument`` made the one file of the other; ``flow strip`` undoes it."""
    definition, provenance = case.read("definition.json"), case.read("provenance.json")
    made = instrument(definition)
    assert made.definition == provenance
    assert made.recorded == list(works(definition["States"]))
    assert made.warnings == []
    assert strip(provenance) == definition
    schema = case.read("input_schema.json")
    assert grow_schema(schema, made.functions) == schema
    assert set(made.functions) <= case.read("input.json")["functions"].keys()


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


def check_that_every_file_is_recorded_with_its_checksum(recorded: Recorded) -> None:
    for record in recorded.records():
        for uri in record["uris"]:
            if uri.startswith("file:"):
                path = Path(urlparse(uri).path)
                assert record["sha256"] == sha256(path)
                assert record["size_bytes"] == path.stat().st_size


def check_that_without_provenance_the_same_files_are_made(
    recorded: Recorded, plain: Recorded
) -> None:
    plain.run("definition.json")
    files = [path for path in recorded.folder.rglob("*") if path.is_file()]
    for path in files:
        assert sha256(plain.folder / path.relative_to(recorded.folder)) == sha256(path)
