"""Tests of ``braid-db flow run``."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from braid_db.cli import main
from tests.compute.conftest import FUNCTIONS
from tests.compute.test_workers import await_end, is_running

V3 = "https://compute.actions.globus.org/v3"
BRAID_DB = [sys.executable, "-c", "from braid_db.cli import main; main()"]


def action(function: str, arguments: dict[str, Any], following: str | None = None) -> Any:
    task = {"function_id": function, "kwargs": arguments}
    next_or_end = {"Next": following} if following else {"End": True}
    return {
        "Type": "Action",
        "ActionUrl": V3,
        "Parameters": {"endpoint_id.$": "$.endpoint_id", "tasks": [task]},
        "ResultPath": f"$.{function}",
        **next_or_end,
    }


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    """Return a folder with a flow of two actions, its functions and an input."""
    states = {
        "Add": action("add", {"a.$": "$.numbers.a", "b.=": "numbers.b"}, "Shout"),
        "Shout": action("shout", {"text.=": "'sum ' + str(add.details.result[0])"}),
    }
    definition = {"StartAt": "Add", "States": states}
    (tmp_path / "definition.json").write_text(json.dumps(definition))
    run_input = {"endpoint_id": "e", "numbers": {"a": 1, "b": 2}, "_private_word": "secret"}
    (tmp_path / "input.json").write_text(json.dumps(run_input))
    (tmp_path / "compute.py").write_text(FUNCTIONS.read_text())
    return tmp_path


def flow_run(folder: Path, *options: str) -> Result:
    files = [str(folder / "definition.json"), "--input", str(folder / "input.json")]
    return CliRunner().invoke(main, ["flow", "run", *files, *options])


@pytest.mark.parametrize(
    ("option", "value"), [("--db", "x.db"), ("--functions", "f.py"), ("--worker-python", "/nope")]
)
def test_what_means_nothing_to_functions_on_endpoints_is_refused(
    flow: Path, option: str, value: str
) -> None:
    done = flow_run(flow, "--compute", "globus", option, value)
    assert done.exit_code == 2
    assert f"{option}: only for functions that run here" in done.stderr


def test_a_name_instead_of_an_id_says_how_ids_come_into_the_input(flow: Path) -> None:
    done = flow_run(flow, "--compute", "globus")
    assert done.exit_code == 1
    assert "functions register --write INPUT" in done.stderr
    assert "--functions" not in done.stderr


def replace_states(folder: Path, **states: Any) -> None:
    definition = {"StartAt": next(iter(states)), "States": states}
    (folder / "definition.json").write_text(json.dumps(definition))


def test_the_final_state_and_the_runs_id_are_the_answer(flow: Path) -> None:
    done = flow_run(flow, "--format", "json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["status"] == "SUCCEEDED"
    assert re.fullmatch(r"[0-9a-f-]{36}", answer["run_id"])
    assert answer["state"]["add"]["details"]["result"] == [3]
    assert set(answer) >= {"run_id", "status", "state", "failed_state", "error", "cause"}
    assert "_private_word" not in answer["state"]


def test_for_people_the_run_is_named_before_its_state(flow: Path) -> None:
    done = flow_run(flow, "--run-id", "my-run")
    first, _, state = done.stdout.partition("\n")
    assert first == "Run my-run SUCCEEDED"
    assert json.loads(state)["add"]["details"]["result"] == [3]


def test_what_functions_print_goes_to_stderr(flow: Path) -> None:
    done = flow_run(flow, "--format", "json")
    assert done.stderr.splitlines() == ["sum 3", "sum 3", "sum 3 by descriptor", "sum 3 by a child"]
    json.loads(done.stdout)


def test_values_of_the_input_can_be_replaced(flow: Path) -> None:
    options = ["--set", "numbers.a=40", "--set", 'endpoint_id="other"', "--set", "numbers.b=1.5"]
    done = flow_run(flow, "--format", "json", *options)
    state = json.loads(done.stdout)["state"]
    assert state["add"]["details"]["result"] == [41.5]
    assert state["endpoint_id"] == "other"
    replace_states(flow, P={"Type": "Pass", "End": True})
    state = json.loads(flow_run(flow, "--format", "json", "--set", "numbers=plain=text").stdout)[
        "state"
    ]
    assert state["numbers"] == "plain=text"


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("number.a=1", "has no value 'number' to set; there it has _private_word, endpoint_id, n"),
        ("numbers.c=1", "has no value 'c' to set; there it has a, b"),
        ("numbers.a.x=1", "has no value 'x' to set; there it has nothing"),
        ("numbers", "'numbers' sets nothing; expected KEY=VALUE"),
        ("=1", "sets nothing"),
    ],
)
def test_a_value_that_the_input_has_not_cannot_be_replaced(
    flow: Path, setting: str, complaint: str
) -> None:
    done = flow_run(flow, "--set", setting)
    assert done.exit_code == 1
    assert complaint in done.stderr
    assert done.stdout == ""


def test_a_failed_run_exits_1_and_says_which_state_failed_and_why(flow: Path) -> None:
    refuse = action("refuse", {"reason": "bad\x1b[31m\ndistance"})
    replace_states(flow, First={"Type": "Pass", "Next": "Refuse"}, Refuse=refuse)
    done = flow_run(flow, "--format", "json")
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert answer["status"] == "FAILED"
    assert answer["failed_state"] == "Refuse"
    assert answer["error"] == "ActionFailedException"
    assert done.stderr == (
        "The run failed in state Refuse: ActionFailedException: "
        "refuse: ValueError: bad\\x1b[31m distance\n"
    )


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("definition.json", "{", "definition.json is no JSON"),
        ("definition.json", None, "definition.json does not exist"),
        ("definition.json", "[]", "A flow's definition is a JSON object"),
        ("definition.json", '{"StartAt": "A", "States": {"B": {"Type": "Succeed"}}}', "StartAt"),
        ("input.json", "{", "input.json is no JSON"),
        ("input.json", None, "input.json does not exist"),
        ("input.json", "[1]", "input.json is no JSON object"),
        ("input.json", '{"_context": {}}', "'_context', which would hide"),
        ("compute.py", "def f(:", "compute.py' is no Python"),
        ("compute.py", "def add_transfer_request(a): ...", "defined twice"),
    ],
)
def test_what_cannot_be_run_is_refused_by_one_sentence(
    flow: Path, file: str, content: str | None, complaint: str
) -> None:
    (flow / file).unlink()
    if content is not None:
        (flow / file).write_text(content)
    done = flow_run(flow)
    assert done.exit_code == 1
    assert complaint in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_a_flow_without_an_input_begins_with_an_empty_state(flow: Path) -> None:
    replace_states(flow, P={"Type": "Pass", "End": True})
    done = CliRunner().invoke(main, ["flow", "run", str(flow / "definition.json")])
    assert done.stdout.splitlines()[1:] == ["{}"]


def test_functions_can_come_from_more_files(flow: Path) -> None:
    more = flow / "more.py"
    more.write_text("def double(x):\n    return 2 * x\n")
    replace_states(flow, Double=action("double", {"x": 4}))
    assert "No function 'double' is known" in flow_run(flow).stderr
    done = flow_run(flow, "--functions", str(more), "--format", "json")
    assert json.loads(done.stdout)["state"]["double"]["details"]["result"] == [8]


@pytest.mark.parametrize("where", ["before", "after"])
def test_the_database_is_named_to_the_workers(flow: Path, where: str) -> None:
    replace_states(flow, Ask=action("variable", {"name": "BRAID_DB_URL"}))
    files = [str(flow / "definition.json"), "--input", str(flow / "input.json")]
    db = ["--db", "sqlite:////somewhere/x.db"]
    arguments = ["flow", "run", *files, "--format", "json"]
    done = CliRunner().invoke(main, db + arguments if where == "before" else arguments + db)
    result = json.loads(done.stdout)["state"]["variable"]["details"]["result"]
    assert result == ["sqlite:////somewhere/x.db"]


def test_the_workers_interpreter_can_be_chosen(flow: Path) -> None:
    interpreter = flow / "python"
    interpreter.write_text(f'#!/bin/sh\nCHOSEN=yes exec {shlex.quote(sys.executable)} "$@"\n')
    interpreter.chmod(0o755)
    replace_states(flow, Ask=action("variable", {"name": "CHOSEN"}))
    done = flow_run(flow, "--worker-python", str(interpreter), "--format", "json")
    assert json.loads(done.stdout)["state"]["variable"]["details"]["result"] == ["yes"]
    missing = flow_run(flow, "--worker-python", str(flow / "missing"))
    assert missing.exit_code == 1
    assert "ActionUnableToRun: No local worker could be started with" in missing.stderr


def test_help_says_what_is_not_as_in_the_service() -> None:
    for option in ("-h", "--help"):
        done = CliRunner().invoke(main, ["flow", "run", option])
        assert done.exit_code == 0
        assert "Not as in the service:" in done.stdout


def test_interrupting_a_run_ends_its_workers_and_exits_130(flow: Path) -> None:
    mark = flow / "mark"
    replace_states(flow, Sleep=action("sleep", {"seconds": 600, "mark": str(mark)}))
    files = [str(flow / "definition.json"), "--input", str(flow / "input.json")]
    running = subprocess.Popen(
        [*BRAID_DB, "flow", "run", *files],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    worker = int(mark.read_text())
    assert is_running(worker)
    os.killpg(running.pid, signal.SIGINT)
    stdout, stderr = running.communicate(timeout=30)
    assert running.returncode == 130
    assert stderr == "Interrupted; the run's workers were ended.\n"
    assert stdout == ""
    assert await_end(worker)


def test_a_terminal_shows_the_states_and_a_pipe_does_not(flow: Path) -> None:
    files = [str(flow / "definition.json"), "--input", str(flow / "input.json")]
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*BRAID_DB, "flow", "run", *files, "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=follower,
        env={**os.environ, "TERM": "xterm"},
    ) as running:
        os.close(follower)
        shown = b""
        try:
            while data := os.read(leader, 1 << 16):
                shown += data
        except OSError:
            pass  # how Linux tells the end of a terminal
        os.close(leader)
        assert running.stdout is not None
        assert json.loads(running.stdout.read())["status"] == "SUCCEEDED"
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"done Add \d+\.\d s", text)
    assert re.search(r"done Shout \d+\.\d s", text)
    assert "sum 3 by a child" in text
    assert "done" not in flow_run(flow).stderr


def test_nothing_that_only_some_runs_need_is_loaded_by_help() -> None:
    program = (
        "import sys\nfrom braid_db.cli import main\n"
        "try:\n    main(['flow', 'run', '-h'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'rich', 'globus_compute_sdk', 'simpleeval', 'sqlalchemy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
