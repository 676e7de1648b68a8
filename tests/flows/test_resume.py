"""Tests of runs that are interrupted at any point, kept in a file and resumed, and of logs."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braid_db.flows import ActionCall, Event, RunSetup, continue_run
from braid_db.flows.errors import RunOptionInvalid, SavedRunUnusable
from braid_db.flows.log_file import LogFile
from braid_db.flows.point import RunPoint, load, save, start_of
from braid_db.flows.providers import transfer_providers
from braid_db.flows.providers.collections import Collections
from tests.flows.providers.doing import HERE, TODAY

BRAID_DB = [sys.executable, "-c", "from braid_db.cli import main; main()"]


def act(url: str, at: str, following: str | None, **parameters: Any) -> dict[str, Any]:
    end = {"Next": following} if following else {"End": True}
    state = {"Type": "Action", "ActionUrl": url, "Parameters": parameters}
    return {**state, "ResultPath": f"$.{at}", **end}


# Three rounds of an action, an error that is caught, and at last a folder made and deleted.
LOOP: dict[str, Any] = {
    "StartAt": "Start",
    "States": {
        "Start": {"Type": "Pass", "Result": {"n": 0}, "ResultPath": "$.i", "Next": "Act"},
        "Act": act("stub", "a", "Count", **{"n.$": "$.i.n"}),
        "Count": {
            "Type": "ExpressionEval",
            "Parameters": {"n.=": "i.n + 1"},
            "ResultPath": "$.i",
            "Next": "More",
        },
        "More": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.i.n", "NumericLessThan": 3, "Next": "Act"}],
            "Default": "Refuse",
        },
        "Refuse": {
            **act("stub", "r", "Make"),
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.caught", "Next": "Make"}],
        },
        "Make": act(f"{TODAY}/mkdir", "m", "Delete", endpoint_id=HERE, path="/made"),
        "Delete": act(
            f"{TODAY}/delete", "d", None, endpoint=HERE, recursive=True, DATA=[{"path": "/made"}]
        ),
    },
}
for name in ("Act", "Refuse"):
    LOOP["States"][name]["ActionUrl"] = "https://stub"


class Killed(BaseException):
    """The run's process ends here."""


class World:
    """What a run of LOOP leaves outside itself, and what kills it there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ids: list[tuple[str, str]] = []
        self.moments = 0
        self.dies_at: int | None = None
        self.kept: RunPoint | None = None
        self.events: list[Event] = []

    def moment(self) -> None:
        self.moments += 1
        if self.moments == self.dies_at:
            raise Killed

    def answer(self, call: ActionCall) -> Any:
        if call.state_name == "Refuse":
            return {"status": "FAILED", "details": {}}
        self.ids.append((call.state_name, str(call.id)))
        return {"round": call.execution, "given": call.body["n"]}

    def tell(self, event: Event) -> None:
        self.moment()
        self.events.append(event)
        self.moment()

    def keep(self, point: RunPoint) -> None:
        self.moment()
        save(point, self.folder / "kept.json")
        self.moment()

    def setup(self) -> RunSetup:
        site = self.folder / "site"
        site.mkdir(exist_ok=True)
        actions = transfer_providers(Collections({HERE: site}))
        stubs = {"Act": self.answer, "Refuse": self.answer}
        return RunSetup(actions=actions, stubs=stubs, on_event=self.tell, keep=self.keep)


def outcome(state: Any) -> Any:
    """Return a final state without its times and requests."""
    rounds = {key: state[key]["action_id"] for key in ("a", "m", "d")}
    return rounds, state["i"], state["a"]["details"], state["caught"]["Error"]


def test_a_run_that_dies_anywhere_and_is_resumed_ends_as_one_that_does_not(tmp_path: Path) -> None:
    whole = World(tmp_path)
    start = start_of(LOOP, {}, run_id="R")
    expected = outcome(continue_run(start, whole.setup()).state)
    assert whole.moments > 60
    for moment in range(1, whole.moments + 1):
        folder = tmp_path / str(moment)
        folder.mkdir()
        world = World(folder)
        world.dies_at = moment
        with pytest.raises(Killed):
            continue_run(start, world.setup())
        kept = folder / "kept.json"
        point = load(kept) if kept.exists() else start
        finished = continue_run(point, world.setup(), resumed=kept.exists())
        assert outcome(finished.state) == expected, moment
        # What was done twice was done as the same execution.
        assert set(world.ids) == set(whole.ids)
        assert list((folder / "site").iterdir()) == []


def test_a_failed_run_goes_on_at_the_state_that_failed(tmp_path: Path) -> None:
    answers = [{"status": "FAILED", "details": {}}, {"done": True}]
    ids = []

    def answer(call: ActionCall) -> Any:
        ids.append(call.id)
        return answers.pop(0)

    definition = {"StartAt": "Act", "States": {"Act": act("https://stub", "a", None)}}
    file = tmp_path / "kept.json"
    setup = RunSetup(stubs={"Act": answer}, keep=lambda point: save(point, file))
    assert continue_run(start_of(definition, {}), setup).status == "FAILED"
    finished = continue_run(load(file), setup, resumed=True)
    assert finished.state["a"]["details"] == {"done": True}
    assert ids[0] == ids[1]
    # A run that has ended well ends at once.
    assert continue_run(load(file), setup, resumed=True) == finished


def test_a_kept_run_is_private_and_anything_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    save(start_of(LOOP, {"_private_key": 1}), file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load(file).state == {"_private_key": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
    with pytest.raises(SavedRunUnusable, match="does not exist"):
        load(tmp_path / "missing")
    for text, complaint in [("{", "is no JSON"), ("[]", "holds no run"), ("{}", "holds no run")]:
        file.write_text(text)
        with pytest.raises(SavedRunUnusable, match=complaint):
            load(file)
    with pytest.raises(SavedRunUnusable, match="cannot be written"):
        save(start_of(LOOP, {}), tmp_path / "nowhere" / "kept.json")


# The log


@given(st.lists(st.lists(st.text(max_size=5), max_size=4), min_size=1, max_size=4), st.data())
def test_a_log_holds_every_entry_in_order_and_is_json_after_each(
    tmp_path_factory: pytest.TempPathFactory, sittings: list[list[str]], data: st.DataObject
) -> None:
    file = tmp_path_factory.mktemp("log") / "log.json"
    told: list[str] = []
    for number, texts in enumerate(sittings):
        with LogFile(file, goes_on=number > 0) as log:
            for text in texts:
                log.on_event(Event("PassStarted", text, {}))
                told.append(text)
                assert [entry["description"] for entry in json.loads(file.read_text())] == told
    # What a kill cuts off is at most the last entry.
    whole = file.read_bytes()
    last = whole.rstrip(b"\n]").rfind(b"\n{") if told else 0
    file.write_bytes(whole[: data.draw(st.integers(last + 2, len(whole)))])
    LogFile(file, goes_on=True).__exit__(None, None, None)
    left = [entry["description"] for entry in json.loads(file.read_text())]
    assert left in (told, told[:-1])


def test_a_file_that_is_no_log_is_not_written_over_by_a_resumed_run(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("one\ntwo\nthree\n")
    with pytest.raises(RunOptionInvalid, match="is no log of"):
        LogFile(file, goes_on=True)
    assert file.read_text() == "one\ntwo\nthree\n"
    with pytest.raises(RunOptionInvalid, match="cannot be written"):
        LogFile(tmp_path / "nowhere" / "log.json")


# Real processes

FUNCTIONS = """
def copy(source, destination):
    import shutil
    return shutil.copy(source, destination)

def sleep_once(mark):
    import os, time
    if os.path.exists(mark):
        return "slept"
    with open(mark, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(600)
"""


def compute(function: str, following: str | None, **kwargs: Any) -> dict[str, Any]:
    tasks = [{"function_id": function, "kwargs": kwargs}]
    url = "https://compute.actions.globus.org/v3"
    return act(url, function, following, endpoint_id="e", tasks=tasks)


def test_a_run_killed_at_any_state_and_resumed_doubles_no_record(
    database_url: str, tmp_path: Path
) -> None:
    kept, earlier, mark = tmp_path / "kept.json", tmp_path / "earlier.json", tmp_path / "mark"
    record = {"step_name": "copying", "step_result.$": "$.copy", "run_id.$": "$._context.run_id"}
    key = {"idempotency_key.=": "`$._context.run_id` + ':' + `$.copy.action_id`"}
    states = {
        "Copy": compute("copy", "Keyed", source=str(kept), destination=str(earlier)),
        "Keyed": compute("add_record_for_action_step", "Unkeyed", **record, **key),
        "Unkeyed": compute("add_record_for_action_step", "Sleep", **record),
        "Sleep": compute("sleep_once", None, mark=str(mark)),
    }
    (tmp_path / "flow.json").write_text(json.dumps({"StartAt": "Copy", "States": states}))
    (tmp_path / "compute.py").write_text(FUNCTIONS)
    log = tmp_path / "log.json"
    options = ["--state", str(kept), "--db", database_url, "--log", str(log), "--run-id", "R"]
    command = [*BRAID_DB, "flow", "run", str(tmp_path / "flow.json"), *options]
    with subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL) as running:
        deadline = time.monotonic() + 60
        while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(running.pid, signal.SIGKILL)
        os.kill(int(mark.read_text()), signal.SIGKILL)
    assert [entry["code"] for entry in json.loads(log.read_text())][-1] == "ActionStarted"
    db = ["--db", database_url]
    once = json.loads(
        subprocess.run([*command, "--format", "json"], check=True, capture_output=True).stdout
    )
    assert (once["status"], once["run_id"]) == ("SUCCEEDED", "R")
    codes = [entry["code"] for entry in json.loads(log.read_text())]
    assert (codes.count("FlowStarted"), codes.count("FlowSucceeded")) == (1, 1)
    # As if it had been killed before what it recorded was kept.
    point = json.loads(earlier.read_text())
    after_copy = {**point, "next": "Keyed", "executions": {"Copy": 1}}
    after_copy["state"] = {"copy": once["state"]["copy"]}
    earlier.write_text(json.dumps(after_copy))
    twice = [*BRAID_DB, "flow", "run", "--resume", str(earlier), *db, "--format", "json"]
    again = json.loads(subprocess.run(twice, check=True, capture_output=True).stdout)
    name = "add_record_for_action_step"
    results = [run["state"][name]["details"]["result"] for run in (once, again)]
    assert results[0] == results[1]
    listed = [*BRAID_DB, "record", "list", *db, "--format", "json"]
    records = json.loads(subprocess.run(listed, check=True, capture_output=True).stdout)
    assert len(records["records"]) == 2


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--resume", "{kept}", "{flow}"], "Give a DEFINITION to run, or --resume FILE"),
        ([], "Give a DEFINITION to run, or --resume FILE"),
        (["{flow}", "--state", "{kept}"], "holds run R; name another, or go on with it by"),
        (["{flow}", "--state", "{kept}", "--run-id", "S"], "holds run R; name another"),
        (["{other}", "--state", "{kept}", "--run-id", "R"], "holds a run of another definition"),
        (["--resume", "{missing}"], "does not exist"),
        (["{flow}", "--stub", "Act"], "is not of the form STATE=FILE"),
        (["{flow}", "--stub", "Act=a", "--stub", "Act=b"], "'Act' is given twice"),
        (["{flow}", "--stub", "Act={missing}"], "does not exist"),
        (["{flow}", "--collection", "U={missing}"], "that is to stand for the collection u"),
        (["{flow}", "--stub", "Nowhere={flow}"], "'Nowhere', which is no Action state"),
    ],
)
def test_options_that_do_not_fit_are_refused_by_one_sentence(
    tmp_path: Path, options: list[str], complaint: str
) -> None:
    from click.testing import CliRunner

    from braid_db.cli import main

    definition = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    files = {name: tmp_path / f"{name}.json" for name in ("flow", "other", "kept", "missing")}
    files["flow"].write_text(json.dumps(definition))
    files["other"].write_text(json.dumps({**definition, "Comment": "other"}))
    save(start_of(definition, {}, run_id="R"), files["kept"])
    told = [option.format(**files) for option in options]
    refused = CliRunner().invoke(main, ["flow", "run", *told])
    assert refused.exit_code in (1, 2)
    assert complaint in " ".join(refused.stderr.split())
    assert refused.stdout == ""
