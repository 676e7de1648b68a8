"""Tests of ``braid-db flow instrument`` and ``flow strip``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from braid_db.cli import main
from braid_db.compute.registrations import Registration, Registrations
from braid_db.flows.instrumenting import instrument
from braid_db.flows.instrumenting.calling import COMPUTE

TOLD = {
    "StartAt": "A",
    "States": {
        "A": {"Type": "Action", "ActionUrl": "https://a.example.org/run", "Next": "B"},
        "B": {"Type": "Action", "ActionUrl": "https://a.example.org/run", "End": True},
    },
}


@pytest.fixture
def definition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "definition.json"
    path.write_text(json.dumps(TOLD))
    return path


def flow(*words: Any) -> Result:
    return CliRunner().invoke(main, ["flow", *map(str, words)])


def test_the_answer_is_the_definition_and_strip_gives_the_one_before(definition: Path) -> None:
    done = flow("instrument", definition)
    assert done.exit_code == 0, done.output
    assert set(json.loads(done.stdout)["States"]) > {"A", "B", "Record_A", "Record_B"}
    assert "2 actions are recorded" in done.stderr
    assert "Latency: a run waits for up to 2 calls" in done.stderr
    assert "A: it replaces the whole state" in done.stderr
    again = definition.with_name("again.json")
    again.write_text(done.stdout)
    assert json.loads(flow("strip", again).stdout) == TOLD


LISTED = {"DATA.$": "$.files"}
LARGE: dict[str, tuple[str, dict[str, Any], bool]] = {
    "a listing": ("https://transfer.actions.globus.org/ls", {"path": "/"}, True),
    "an old listing": ("https://actions.globus.org/transfer/ls/", {"path": "/"}, True),
    "files from the state": ("https://transfer.actions.globus.org/transfer", LISTED, True),
    "named files": ("https://transfer.actions.globus.org/transfer", {"DATA": []}, False),
    "tasks from the state": (COMPUTE, {"tasks.=": "[{} for one in files]"}, True),
    "named tasks": (COMPUTE, {"tasks": [{}]}, False),
}


@pytest.mark.parametrize("what", LARGE)
def test_where_a_result_has_no_bound_is_told_and_nowhere_else(what: str) -> None:
    url, parameters, is_large = LARGE[what]
    state = {"Type": "Action", "ActionUrl": url, "Parameters": parameters, "ResultPath": "$.A"}
    told = {"StartAt": "A", "States": {"A": {**state, "End": True}}}
    for mode in ("each", "once"):
        warned = [str(one) for one in instrument(told, mode=mode).warnings]
        assert ["200 KB" in one for one in warned] == [True] * is_large, warned


def test_files_are_written_where_they_are_named(definition: Path) -> None:
    output, schema = definition.with_name("out.json"), definition.with_name("schema.json")
    schema.write_text(json.dumps({"type": "object", "properties": {"a": {}}}))
    grown = definition.with_name("grown.json")
    words = ("-o", output, "--input-schema", schema, "--schema-output", grown)
    done = flow("instrument", definition, *words)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "Record_A" in json.loads(output.read_text())["States"]
    assert set(json.loads(grown.read_text())["properties"]) > {"a", "provenance_endpoint_id"}
    assert flow("strip", output, "-o", output).stdout == ""
    assert json.loads(output.read_text()) == TOLD


def test_what_is_registered_becomes_a_default(definition: Path) -> None:
    name = "add_record_for_action_step"
    one = Registration(name, "id-1", "0" * 64, False, None, "2026-03-01T00:00:00+00:00")
    with Registrations().locked() as registrations:
        registrations.add("production alice", one)
    done = flow("instrument", definition, "--endpoint", "e-1", "--format", "json")
    answer = json.loads(done.stdout)
    functions = answer["input_schema"]["properties"]["functions"]["properties"]
    assert functions[name]["default"] == "id-1"
    call = answer["definition"]["States"]["Record_A"]["Parameters"]
    assert call["endpoint_id.="] == "getattr('provenance_endpoint_id', 'e-1')"
    assert call["tasks"][0]["function_id.="] == f"getattr('functions.{name}', 'id-1')"
    assert not [warned for warned in answer["warnings"] if "--endpoint" in warned["sentence"]]
    done = flow("instrument", definition, "--function", f"{name}=id-2")
    assert f"getattr('functions.{name}', 'id-2')" in done.stdout
    with Registrations().locked() as registrations:
        registrations.add("production bob", one)
    assert "id-1" not in flow("instrument", definition).stdout


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("--skip", "C"), 1, "There is no Action 'C' to record or to skip; there are A, B."),
        (("-o", "/proc/none/out.json"), 1, "[flow-unwritable]"),
        (("--function", "add_records"), 2, "expected NAME=ID"),
    ],
)
def test_a_refusal_is_one_line_and_an_exit_code(
    definition: Path, words: tuple[str, ...], code: int, complaint: str
) -> None:
    done = flow("instrument", definition, *words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert complaint in done.stderr
