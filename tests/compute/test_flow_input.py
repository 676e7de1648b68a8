"""Tests of writing function ids into a flow's input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from braid_db.compute.errors import FlowInputUnwritable
from braid_db.compute.flow_input import Written, check_input, write_ids
from braid_db.resources import flows_folder

IDS = {"a": "id-of-a", "b": "id-of-b"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "input.json"


def test_names_that_stand_there_get_their_ids(file: Path) -> None:
    file.write_text(json.dumps({"x": 1, "functions": {"b": "b", "other": "o"}, "y": "ä"}))
    assert write_ids(file, IDS) == Written(["b"], left_out=["a"])
    found = json.loads(file.read_text())
    assert found == {"x": 1, "functions": {"b": "id-of-b", "other": "o"}, "y": "ä"}
    assert "ä" in file.read_text()


@pytest.mark.parametrize("text", ["{}", '{"functions": {}}'])
def test_an_input_that_names_no_functions_gets_all(file: Path, text: str) -> None:
    file.write_text(text)
    assert write_ids(file, IDS) == Written(["a", "b"], left_out=[])
    assert json.loads(file.read_text()) == {"functions": IDS}


def test_what_is_up_to_date_is_not_written_again(file: Path) -> None:
    text = json.dumps({"functions": IDS})
    file.write_text(text)
    assert write_ids(file, IDS) == Written([], left_out=[])
    assert file.read_text() == text


def test_the_input_of_the_use_case_changes_in_its_functions_alone(file: Path) -> None:
    before = flows_folder() / "ssx" / "input.json"
    shutil.copy(before, file)
    name = "add_record_for_action_step"
    assert write_ids(file, {name: "an-id"}) == Written([name], left_out=[])
    told, expected = json.loads(file.read_text()), json.loads(before.read_text())
    expected["functions"]["add_record_for_action_step"] = "an-id"
    assert told == expected
    assert list(told) == list(expected)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "cannot be read"),
        ("{", "is no JSON"),
        ("[]", "is no JSON object"),
        ('{"functions": []}', "has a member 'functions' that is no object"),
    ],
)
def test_an_input_that_cannot_hold_ids_is_refused_and_left_as_it_is(
    file: Path, text: str | None, problem: str
) -> None:
    if text is not None:
        file.write_text(text)
    with pytest.raises(FlowInputUnwritable, match=problem):
        check_input(file)
    with pytest.raises(FlowInputUnwritable, match=problem):
        write_ids(file, IDS)
    assert (file.read_text() if file.exists() else None) == text
