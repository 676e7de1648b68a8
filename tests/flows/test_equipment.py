"""Tests of what ``braid-db flow run`` is given beside an input, and of asking on a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from braid_db.cli import main
from tests.flows.providers.doing import HERE, THERE, TODAY
from tests.flows.test_resume import BRAID_DB, act
from tests.flows.test_web_input import ASK, AWAIT


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    """Return a folder with a flow that moves a file if a person agrees, and notifies."""
    agreed = {"Variable": "$.answer.response", "StringEquals": "public", "Next": "Transfer"}
    data = [{"source_path": "/a", "destination_path": "/b"}]
    ends = {"source_endpoint": HERE, "destination_endpoint": THERE}
    states: dict[str, Any] = {
        "Ask": ASK,
        "Await": {key: value for key, value in AWAIT.items() if key != "End"} | {"Next": "Agreed"},
        "Agreed": {"Type": "Choice", "Choices": [agreed], "Default": "Refused"},
        "Refused": {"Type": "Fail", "Error": "Refused", "Cause": "A person said no."},
        "Transfer": act(f"{TODAY}/transfer", "moved", "Wait", **ends, DATA=data),
        "Wait": {"Type": "Wait", "Seconds": 86400, "Next": "Notify"},
        "Notify": act("https://actions.globus.org/notification/notify", "told", None),
    }
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    (tmp_path / "here/a").write_text("x")
    (tmp_path / "flow.json").write_text(json.dumps({"StartAt": "Ask", "States": states}))
    (tmp_path / "input.json").write_text(json.dumps({"title": "scan 4", "peaks": 12}))
    (tmp_path / "told.json").write_text(json.dumps({"sent": True}))
    return tmp_path


def command(folder: Path, *options: str) -> list[str]:
    files = [str(folder / "flow.json"), "--input", str(folder / "input.json")]
    sites = ["--collection", f"{HERE}={folder}/here", "--collection", f"{THERE}={folder}/there"]
    stub = ["--stub", f"Notify={folder}/told.json", "--time-scale", "0"]
    return ["flow", "run", *files, *sites, *stub, *options, "--format", "json"]


def test_a_flow_of_transfers_people_and_stubs_is_run(flow: Path) -> None:
    log = flow / "log.json"
    told = command(flow, "--answer", "Await=public", "--log", str(log))
    done = CliRunner().invoke(main, told)
    assert done.exit_code == 0, done.output
    state = json.loads(done.stdout)["state"]
    assert (flow / "there/b").read_text() == "x"
    assert state["told"]["details"] == {"sent": True}
    entries = json.loads(log.read_text())
    assert set(entries[0]) == {"time", "code", "description", "details"}
    assert entries[0]["code"] == "FlowStarted"
    moved = [entry for entry in entries if entry["details"].get("state_name") == "Transfer"]
    assert [entry["code"] for entry in moved] == ["ActionStarted", "ActionCompleted"]
    assert moved[0]["details"]["input"]["DATA"] == [{"source_path": "/a", "destination_path": "/b"}]
    assert moved[1]["details"]["output"]["moved"]["details"]["files_transferred"] == 1


def test_answers_come_from_a_file_too_and_an_empty_one_is_none(flow: Path) -> None:
    answers = flow / "answers.json"
    answers.write_text('["private"]')
    refused = CliRunner().invoke(main, command(flow, "--answer", f"Await={answers}"))
    assert json.loads(refused.stdout)["error"] == "Refused"
    late = CliRunner().invoke(main, command(flow, "--answer", "Await="))
    assert json.loads(late.stdout)["error"] == "Flows.WebInputExpired"
    answers.write_text("[1]")
    wrong = CliRunner().invoke(main, command(flow, "--answer", f"Await={answers}"))
    assert "answers 1; expected a text, or null for nobody" in wrong.stderr


def test_what_has_no_provider_is_refused_with_what_would_help(flow: Path) -> None:
    refused = CliRunner().invoke(main, ["flow", "run", str(flow / "flow.json")])
    assert "--answer Await=VALUE" in refused.stderr
    told = ["flow", "run", str(flow / "flow.json"), "--answer", "Await=public"]
    refused = CliRunner().invoke(main, told)
    assert "--stub Transfer=FILE" in refused.stderr
    assert "--collection UUID=FOLDER" in refused.stderr


def test_on_a_terminal_the_person_is_asked_until_the_answer_is_an_option(flow: Path) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*BRAID_DB, *command(flow)],
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=follower,
        env={**os.environ, "TERM": "xterm"},
    ) as running:
        os.close(follower)
        os.write(leader, b"maybe\npublic\n")
        shown = b""
        try:
            while data := os.read(leader, 1 << 16):
                shown += data
        except OSError:
            pass  # how Linux tells the end of a terminal
        os.close(leader)
        assert running.stdout is not None
        output = running.stdout.read()
    state = json.loads(output)["state"] if output else pytest.fail(shown.decode())
    assert state["answer"]["response"] == "public"
    assert "Publish scan 4?" in shown.decode()
    assert "[private] Keep" in shown.decode()
    assert "None of the options above" in shown.decode()
