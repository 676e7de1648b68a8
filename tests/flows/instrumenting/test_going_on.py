"""An instrumented run that failed goes on at the state that failed, as the flow itself would."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from braid_db import BraidDB
from braid_db.cli import main
from braid_db.compute.action import ComputeActions
from braid_db.flows import Event, FlowRun, RunSetup, continue_run
from braid_db.flows.instrumenting import instrument
from braid_db.flows.point import RunPoint, load, save, start_of
from tests.flows.instrumenting.test_each import action, flow, transfer
from tests.flows.instrumenting.world import INPUT, OTHER, TRANSFER, Here, Outcome, Script
from tests.flows.reconciling.books import book, read
from tests.functions.calls import Endpoint

MODES = ["each", "once"]


def fail_twice(
    definition: dict[str, Any], outcomes: list[Outcome], folder: Path
) -> tuple[list[FlowRun], list[dict[str, Any]]]:
    """Return what came of a run and of each time that it went on, and its log."""
    script, here, file = Script(outcomes, "R"), Here(), folder / "kept.json"
    log: list[dict[str, Any]] = []

    def tell(event: Event) -> None:
        log.append(json.loads(json.dumps(event.as_log_entry())))

    def keep(point: RunPoint) -> None:
        save(point, file)

    actions = {OTHER: script, TRANSFER: script} | ComputeActions(here).providers()
    setup = RunSetup(actions=actions, on_event=tell, keep=keep)
    runs = [continue_run(start_of(definition, INPUT, run_id="R"), setup)]
    while not runs[-1].succeeded and len(runs) < len(outcomes):
        runs.append(continue_run(load(file), setup, resumed=True))
    return runs, log


@pytest.mark.parametrize("how", ["failed", "refused", "late"])
@pytest.mark.parametrize("mode", MODES)
def test_a_failed_run_goes_on_as_the_plain_one_and_records_nothing_twice(
    endpoint: Endpoint, tmp_path: Path, mode: str, how: str
) -> None:
    told = flow(
        A=action("A"),
        # What it is given is overwritten by its own result.
        B=action("B", Parameters={"n.$": "$.A.details.token"}, ResultPath="$.A"),
        C=transfer("C", {"source_path": "/a"}),
        D=action("D"),
    )
    good, bad = Outcome(), Outcome(how)
    outcomes = [good, bad, bad, good, bad, good, good]
    woven = instrument(told, mode=mode).definition
    plain, _ = fail_twice(told, outcomes, tmp_path)
    runs, log = fail_twice(woven, outcomes, tmp_path)
    assert [run.status for run in runs] == ["FAILED", "FAILED", "FAILED", "SUCCEEDED"]
    ends = [(one.failed_state, one.error, one.explanation) for one in runs]
    assert ends == [(one.failed_state, one.error, one.explanation) for one in plain]
    user_state = {key: value for key, value in runs[-1].state.items() if key != "braid_db"}
    assert user_state == plain[-1].state
    rows = [row for row in endpoint.rows("record") if row.kind in ("step", "transfer")]
    steps = [endpoint.record(row.record_id) for row in rows]
    # Nothing tells two refused executions of a state apart at a run's end.
    times = 1 if mode == "once" and how == "refused" else 2
    assert [one.name[-1] for one in steps if one.kind == "step"] == [*"A", *"B" * times, *"BD"]
    assert len(steps) == len("ACCBD") + times
    ids = [row.record_id for row in rows]
    order = {(a, b) for (a, _), role, (b, _) in endpoint.edges() if role == "followed" and b in ids}
    assert order == set(pairwise(ids))
    with book(endpoint.url) as reconciled:
        found = reconciled.reconcile(read(log, woven))
    assert len(found.new) == 2 - times


FUNCTIONS = """
def scan():
    return {"frames": 3}

def fit(frames):
    raise RuntimeError("GPU lost")
"""


def compute(name: str, **kwargs: Any) -> dict[str, Any]:
    tasks = [{"function_id": name, "kwargs": kwargs}]
    url = "https://compute.actions.globus.org/v3"
    fields = {"ActionUrl": url, "Parameters": {"endpoint_id": "e", "tasks": tasks}}
    return action(name, **fields)


@pytest.mark.parametrize("mode", MODES)
def test_a_flow_whose_function_was_mended_is_resumed(
    sqlite_url: str, tmp_path: Path, mode: str
) -> None:
    told = flow(Scan=compute("scan"), Fit=compute("fit", **{"frames.$": "$.scan.details.result"}))
    (tmp_path / "flow.json").write_text(json.dumps(instrument(told, mode=mode).definition))
    (tmp_path / "compute.py").write_text(FUNCTIONS)

    def run(*words: str) -> Result:
        options = ["--db", sqlite_url, "--worker-python", sys.executable, "--format", "json"]
        return CliRunner().invoke(main, ["flow", "run", *words, *options])

    kept, again = str(tmp_path / "kept.json"), [str(tmp_path / "flow.json"), "--run-id", "R"]
    for words in ([*again, "--state", kept], ["--resume", kept]):
        failed = run(*words)
        assert json.loads(failed.stdout)["failed_state"] == "Fit"
        why = "The run failed in state Fit: ActionFailedException: fit: RuntimeError: GPU lost"
        assert why in failed.stderr
        assert "state_name" not in failed.stderr
    (tmp_path / "compute.py").write_text(FUNCTIONS.replace("raise", "return 'not' #"))
    done = run(*again, "--state", kept)
    assert json.loads(done.stdout)["status"] == "SUCCEEDED"
    names = [record.name for record in BraidDB(sqlite_url).search()]
    assert sorted(names) == ["Action Step Fit"] * 3 + ["Action Step Scan"]
