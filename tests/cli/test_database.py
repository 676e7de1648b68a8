"""Tests that a database is made and upgraded by command, and found wherever it is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from braid_db.store import Store, schema
from tests.cli.conftest import Run

Ask = Callable[..., Any]


def test_a_database_is_made_once(run: Run, ask: Ask, database_url: str) -> None:
    assert ask("db", "create", "--db", database_url)["created"] is True
    uid = ask("db", "status", "--db", database_url)["uid"]
    again = run("db", "create", "--db", database_url)
    assert (again.exit_code, again.stdout.split(":")[0]) == (0, "Already there")
    assert ask("db", "status", "--db", database_url)["uid"] == uid


def test_a_database_of_this_version_needs_no_upgrade(run: Run, ask: Ask, database_url: str) -> None:
    Store(database_url).read(lambda tx: None)
    assert ask("db", "upgrade", "--db", database_url) == {
        "before": schema.HEAD,
        "after": schema.HEAD,
    }
    assert "Nothing to do" in run("db", "upgrade", "--db", database_url).stdout


def test_the_database_may_be_named_before_or_after_the_command(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, other = tmp_path / "ours.db", tmp_path / "other.db"
    ask("db", "create", "--db", ours)
    assert ask("--db", ours, "db", "status")["url"].endswith("/ours.db")
    assert ask("--db", other, "db", "status", "--db", ours)["url"].endswith("/ours.db")
    monkeypatch.setenv("BRAID_DB_FILE", str(ours))
    assert ask("db", "status")["url"].endswith("/ours.db")
    ask("db", "create", "--db", other)
    monkeypatch.setenv("BRAID_DB_URL", f"sqlite:///{other}")
    assert ask("db", "status")["url"].endswith("/other.db")
    assert ask("--db", ours, "db", "status")["url"].endswith("/ours.db")


FLOW = {
    "StartAt": "Record",
    "States": {
        "Record": {
            "Type": "Action",
            "ActionUrl": "https://compute.actions.globus.org/v3",
            "Parameters": {
                "endpoint_id": "local",
                "tasks": [
                    {
                        "function_id": "add_record_for_action_step",
                        "kwargs": {"step_name": "In a flow"},
                    }
                ],
            },
            "ResultPath": "$.recorded",
            "End": True,
        }
    },
}


def test_the_database_named_for_all_commands_reaches_a_flow(
    run: Run, ask: Ask, tmp_path: Path
) -> None:
    definition, database = tmp_path / "definition.json", tmp_path / "braid.db"
    definition.write_text(json.dumps(FLOW))
    ran = run("--db", database, "flow", "run", definition)
    assert ran.exit_code == 0, ran.stderr
    [step] = ask("record", "list", "--db", database)["records"]
    assert step["name"] == "Action Step In a flow"
