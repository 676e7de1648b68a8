"""Tests of ``braid-db flow check``, and of checking a flow's input."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from braid_db.cli import main
from braid_db.flows import checking
from braid_db.flows.checking import check
from braid_db.flows.errors import FlowInputInvalid

FLOW: dict[str, Any] = {
    "StartAt": "Make",
    "States": {
        "Make": {
            "Type": "Pass",
            "Parameters": {"x.$": "$.name"},
            "ResultPath": "$.made",
            "End": True,
        }
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "more": {"type": "object", "required": ["x"]}},
    "required": ["name"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    broken = {"StartAt": "Mak", "States": FLOW["States"]}
    files = {"good": FLOW, "broken": broken, "schema": SCHEMA, "input": {"name": "a", "nme": 1}}
    for name, value in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    (tmp_path / "no.json").write_text("{")
    return tmp_path


def flow_check(folder: Path, *words: str) -> Result:
    files = [str(folder / word) if word.endswith(".json") else word for word in words]
    return CliRunner().invoke(main, ["flow", "check", *files])


def test_a_flow_without_findings_is_said_nothing_of(folder: Path) -> None:
    done = flow_check(folder, "good.json")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "1 definition, 0 errors, 0 warnings\n"


def test_several_flows_are_checked_in_one_call_each_finding_in_a_line(folder: Path) -> None:
    done = flow_check(folder, "good.json", "broken.json", "no.json")
    assert done.exit_code == 1
    of_broken, of_no = done.stdout.splitlines()
    assert of_broken == (
        f"{folder}/broken.json: error: StartAt: It names the state 'Mak', which is not there. "
        f"Name one of Make. [target-missing]"
    )
    assert of_no.startswith(f"{folder}/no.json: error: The definition: ")
    assert of_no.endswith("[unreadable]")
    assert done.stderr == "3 definitions, 2 errors, 0 warnings\n"


def test_as_json_each_finding_has_its_parts(folder: Path) -> None:
    done = flow_check(folder, "broken.json", "--format", "json")
    (answer,) = json.loads(done.stdout)["definitions"]
    assert (answer["errors"], answer["warnings"]) == (1, 0)
    assert answer["findings"] == [
        {
            "severity": "error",
            "code": "target-missing",
            "state": None,
            "field": "StartAt",
            "sentence": "It names the state 'Mak', which is not there.",
            "mend": "Name one of Make.",
        }
    ]


def test_an_input_is_held_against_its_schema(folder: Path) -> None:
    done = flow_check(folder, "good.json", "--input-schema", "schema.json", "--input", "input.json")
    assert done.exit_code == 0
    assert "warning: input.nme: The input has it, and its schema does not ask" in done.stdout
    (folder / "input.json").write_text(json.dumps({"name": 1, "more": {}}))
    done = flow_check(folder, "good.json", "--input-schema", "schema.json", "--input", "input.json")
    assert done.exit_code == 1
    assert "error: input.name: It is 1, which the schema does not allow." in done.stdout
    assert "error: input.more: It lacks x, which the schema requires. Add it." in done.stdout


def test_one_schema_is_for_one_definition(folder: Path) -> None:
    done = flow_check(folder, "good.json", "broken.json", "--input", "input.json")
    assert done.exit_code == 2
    assert "Check one DEFINITION at a time" in done.stderr


@pytest.mark.parametrize("name", ["no.json", "none.json"])
def test_a_schema_that_cannot_be_read_is_refused(folder: Path, name: str) -> None:
    done = flow_check(folder, "good.json", "--input-schema", name)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "[flow-input-invalid]" in done.stderr


@pytest.mark.parametrize("schema", [[], {"type": "objct"}, {"properties": {"a": {"$ref": "#/b"}}}])
def test_what_is_no_schema_is_refused(schema: Any) -> None:
    with pytest.raises(FlowInputInvalid):
        check(FLOW, input_schema=schema, run_input={"a": 1})


def test_a_schema_fetches_nothing_that_it_refers_to() -> None:
    elsewhere = {"$ref": "http://127.0.0.1:9/schema.json"}
    with pytest.raises(FlowInputInvalid, match="refers to what is not in it"):
        check(FLOW, input_schema=elsewhere, run_input={})


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        (SCHEMA, None),
        ({**SCHEMA, "required": []}, "input-not-required"),
        ({"properties": {"other": {}}}, "input-not-asked-for"),
        ({"properties": {"other": {}}, "additionalProperties": False}, "path-never-written"),
        ({"properties": {}, "additionalProperties": {"type": "string"}}, None),
        ({"properties": {}, "required": ["name"]}, None),
        ({"properties": {}, "required": ["name"], "additionalProperties": False}, None),
        ({"properties": {}, "allOf": [SCHEMA]}, None),
        ({"type": "object"}, None),
        ({}, None),
    ],
)
def test_what_a_state_may_read_of_the_input_is_what_its_schema_asks_for(
    schema: Any, code: str | None
) -> None:
    assert [each.code for each in check(FLOW, input_schema=schema)] == ([code] if code else [])


def test_an_input_that_is_none_or_hides_the_context_is_an_error() -> None:
    assert [each.code for each in check(FLOW, run_input=[])] == [
        "path-never-written",
        "input-invalid",
    ]
    hiding = check(FLOW, run_input={"name": "a", "_context": {}})
    assert [each.field for each in hiding] == ["input._context"]


def test_a_check_loads_no_library_that_it_does_not_need(folder: Path) -> None:
    heavy = "('jsonschema', 'rich', 'sqlalchemy', 'globus_sdk', 'globus_compute_sdk')"
    code = f"""
import sys
from pathlib import Path
from braid_db.flows.checking.files import check_files
assert not check_files([Path({str(folder / "good.json")!r})])[0].findings
assert not [name for name in {heavy} if name in sys.modules], sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_hook_for_pre_commit_calls_a_command_that_is_there() -> None:
    path = Path(__file__).parents[3] / ".pre-commit-hooks.yaml"
    (hook,) = yaml.safe_load(path.read_text())
    program, *words = hook["entry"].split()
    assert program == "braid-db"
    assert CliRunner().invoke(main, [*words, "--help"]).exit_code == 0


def test_every_kind_of_finding_stands_in_the_readme() -> None:
    sources = Path(checking.__file__).parent.glob("*.py")
    told = re.compile(r'(?:error\(|warning\(|_CODE =|code =)\s*"([a-z0-9-]+)"')
    codes = {code for path in sources for code in told.findall(path.read_text(encoding="utf-8"))}
    assert {"schema", "path-never-written", "private-leak", "expression-unreadable"} <= codes
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert [code for code in sorted(codes) if f"`{code}`" not in readme] == []
