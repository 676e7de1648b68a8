"""An instrumented flow is recorded here, or a person is told that it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from braid_db import BraidDB
from braid_db.cli import main
from braid_db.compute.local_run import LocalRunOptions, run_locally
from braid_db.flows import RunSetup
from braid_db.flows.instrumenting import Registered, instrument, strip
from braid_db.flows.instrumenting.calling import COMPUTE
from braid_db.flows.instrumenting.defaults import call_by_name

FLOW = {
    "StartAt": "Scan",
    "States": {
        # Its result replaces the whole state, and with it what the input says.
        "Scan": {"Type": "Action", "ActionUrl": "https://a.example.org/scan", "Next": "Fit"},
        "Fit": {"Type": "Action", "ActionUrl": "https://a.example.org/fit", "End": True},
    },
}
REGISTERED = Registered("7a2f", {"add_record_for_action_step": "5a0c"})


def run(folder: Path, run_input: Any, database_url: str) -> Result:
    (folder / "flow.json").write_text(json.dumps(instrument(FLOW).definition))
    (folder / "input.json").write_text(json.dumps(run_input))
    (folder / "done.json").write_text("{}")
    stubs = [f"--stub={name}={folder / 'done.json'}" for name in FLOW["States"]]
    words = [str(folder / "flow.json"), f"--input={folder / 'input.json'}", f"--db={database_url}"]
    return CliRunner().invoke(main, ["flow", "run", *words, *stubs])


@pytest.mark.parametrize("registered", [Registered(), REGISTERED])
def test_without_ids_in_the_input_the_functions_of_here_record(
    database_url: str, registered: Registered
) -> None:
    setup = RunSetup(stubs=dict.fromkeys(FLOW["States"], lambda call: {}))
    woven = instrument(FLOW, registered=registered).definition
    done = run_locally(woven, {}, LocalRunOptions(db_url=database_url), setup=setup)
    assert done.succeeded
    names = [record.name for record in BraidDB(database_url).search()]
    assert names == ["Action Step Fit", "Action Step Scan"]


def test_what_was_not_recorded_is_told(sqlite_url: str, tmp_path: Path) -> None:
    named = {"functions": {"add_record_for_action_step": "of_elsewhere"}}
    done = run(tmp_path, named, sqlite_url)
    assert done.exit_code == 0
    assert "Nothing was recorded by Record_Scan: ActionUnableToRun: No function" in done.stderr
    assert "Record_Fit" not in done.stderr  # its input is gone, and those of here record it


def test_why_it_was_not_recorded_is_told_in_words(tmp_path: Path) -> None:
    done = run(tmp_path, {}, "sqlite:////dev/null/no.db")
    assert done.exit_code == 0
    told = [line for line in done.stderr.splitlines() if "Nothing was recorded by" in line]
    begin = "Nothing was recorded by Record_Scan: ActionFailedException: add_record_for_action_step"
    assert told[0].startswith(f"{begin}: SettingsError: The setting file ")
    assert "state_name" not in done.stderr


ODD = ([], {}, {"tasks": 3}, {"tasks": [3]}, {"tasks": [{}]})


def added(parameters: Any) -> Any:
    fields = {"Comment": "[braid-db] Records.", "ActionUrl": COMPUTE, "Parameters": parameters}
    return {"States": {"A": fields}}


@pytest.mark.parametrize(
    "odd", [[], {}, {"States": []}, {"States": {"A": 1}}, FLOW, *map(added, ODD)]
)
def test_nothing_else_is_changed(odd: Any) -> None:
    assert call_by_name(odd, "here") == odd


def test_what_was_changed_is_taken_out_like_the_rest() -> None:
    assert strip(call_by_name(instrument(FLOW).definition, "here")) == FLOW
