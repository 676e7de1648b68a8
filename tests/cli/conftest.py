"""What tests of the command line may ask for: the command, and a database to ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from braid_db.cli import main
from braid_db.steps import add_record_for_action_step
from braid_db.steps.home import home

Run = Callable[..., Result]
Recorded = dict[str, int]

HOSTILE = "\x1b]0;owned\x07\x1b[2J evil \u202e name \x9b31m"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs ``braid-db`` with arguments, as the shell would."""
    monkeypatch.setenv("COLUMNS", "80")

    def run_command(*arguments: object) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run_command


@pytest.fixture
def ask(run: Run) -> Callable[..., Any]:
    """Return what runs ``braid-db`` and returns its JSON answer."""

    def ask_command(*arguments: object) -> Any:
        result = run(*arguments, "--format", "json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout, parse_constant=_no_json)

    return ask_command


def _no_json(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


@pytest.fixture
def recorded(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorded]:
    """A database with two steps: configuration -> collect -> image -> analyse -> structure."""
    monkeypatch.setenv("BRAID_DB_URL", database_url)
    collect = add_record_for_action_step(
        {
            "step_name": "Collect",
            "run_id": "run-1",
            "flow_id": "flow-1",
            "started_by": "urn:someone",
            "input_record_defs": {
                "name": "beamline.json",
                "kind": "fact",
                "uris": "file:///a/beamline.json",
            },
            "output_record_defs": {
                "name": HOSTILE,
                "uris": ["file:///a/" + "long" * 50 + ".h5", "s3://bucket/image"],
                "tags": {"exposure": {"time": 0.1}, "\x1b[1mkey": float("nan")},
            },
        }
    )
    analyse = add_record_for_action_step(
        {
            "step_name": "Analyse",
            "run_id": "run-1",
            "previous_step_output": collect,
            "input_record_ids": collect,
            "inputs_from_referenced_outputs": True,
            "output_record_defs": {"name": "structure", "kind": "model"},
        }
    )
    store_of_steps = home().store
    yield {
        "configuration": collect["input_record_ids"][0],
        "collect": collect["flow_state_record_id"],
        "image": collect["output_record_ids"][0],
        "analyse": analyse["flow_state_record_id"],
        "structure": analyse["output_record_ids"][0],
    }
    store_of_steps.close()
