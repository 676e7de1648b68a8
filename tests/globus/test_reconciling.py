"""Recording the runs of flows from the service's own logs, as the command does."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from braid_db.flows.reconciling import logs_of_flow
from braid_db.flows.service import Document, FlowsService
from tests.flows.reconciling.books import Book, book, steps
from tests.globus.account import Account
from tests.globus.flow_files import GREET, SCHEMA, acting_as, passing, wait
from tests.globus_cloud.auth import VISITOR
from tests.globus_cloud.cloud import Cloud

_PATIENCE_S = 60


@pytest.fixture
def service(owner: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlowsService]:
    """The service, asked as the owner of flows."""
    with acting_as(owner, monkeypatch):
        yield FlowsService()


@pytest.fixture
def kept(visitor: Account) -> Iterator[Book]:
    """The database of somebody who may see the runs of others, and no more."""
    with book(f"sqlite:///{visitor.home}/braid.db") as opened:
        yield opened


def new_flow(service: FlowsService, **states: Any) -> str:
    """Make a flow whose runs the visitor may see, and return its id."""
    definition = {"StartAt": next(iter(states)), "States": states}
    fields = {"title": f"flow {uuid.uuid4()}", "definition": definition, "input_schema": SCHEMA}
    return str(service.create({**fields, "run_monitors": [VISITOR.urn]})["id"])


def start(service: FlowsService, flow_id: str) -> str:
    return str(service.start(flow_id, {"word": "hello"})["run_id"])


def ended(service: FlowsService, *run_ids: str) -> None:
    """Wait until runs have ended."""
    deadline = time.monotonic() + _PATIENCE_S
    for run_id in run_ids:
        while service.get_run(run_id)["status"] == "ACTIVE":
            assert time.monotonic() < deadline
            time.sleep(0.05)


def reconcile(visitor: Account, kept: Book, *arguments: object, code: int = 0) -> list[Any]:
    """Reconcile as the visitor, and return what came of each run."""
    options = ("--db", kept.endpoint.url, "--format", "json")
    done = visitor.run("flow", "reconcile", *arguments, *options)
    assert done.returncode == code, done.stderr
    return list(json.loads(done.stdout)["runs"])


def then(next_state: str) -> dict[str, Any]:
    """Return the action that greets, with another state after it."""
    return {name: value for name, value in GREET.items() if name != "End"} | {"Next": next_state}


def test_a_run_is_recorded_by_somebody_who_may_only_see_it(
    service: FlowsService, visitor: Account, kept: Book
) -> None:
    flow_id = new_flow(
        service,
        Greet=then("Answer"),
        Answer={**GREET, "Parameters": {"echo_string.$": "$.Greet.details.hello"}},
    )
    ended(service, run_id := start(service, flow_id))
    [told] = reconcile(visitor, kept, run_id)
    first, second = told["new"]
    assert (told["run_id"], told["records"], told["error"]) == (run_id, [first, second], None)
    before = {node[0] for node, _ in kept.endpoint.into(second)}
    assert before == {first}
    assert {role for _, role in kept.endpoint.into(second)} == {"followed", "informed"}
    assert kept.endpoint.record(second).tags["parameters.echo_string"] == "hello"
    [run] = kept.endpoint.rows("run")
    owner = service.get_run(run_id)["run_owner"]
    assert (run.run_id, run.flow_id, run.started_by) == (run_id, flow_id, owner)
    everything = kept.endpoint.everything()
    assert reconcile(visitor, kept, run_id)[0]["new"] == []
    assert kept.endpoint.everything() == everything


def test_a_log_of_more_than_a_page_is_read_whole(
    service: FlowsService, visitor: Account, kept: Book
) -> None:
    rule = {"Variable": "$.n", "NumericLessThan": 30, "Next": "Count"}
    flow_id = new_flow(
        service,
        Greet=then("Begin"),
        Begin={"Type": "ExpressionEval", "Parameters": {"n.=": "0"}, "ResultPath": "$.count"}
        | {"Next": "Count"},
        Count={"Type": "Pass", "InputPath": "$.count.n", "ResultPath": "$.n", "Next": "Add"},
        Add={"Type": "ExpressionEval", "Parameters": {"n.=": "n + 1"}, "ResultPath": "$.count"}
        | {"Next": "Again"},
        Again={"Type": "Choice", "Choices": [rule], "Default": "Last"},
        Last={**GREET, "ResultPath": "$.Last"},
    )
    ended(service, run_id := start(service, flow_id))
    assert service.log_page(run_id).next is not None
    [told] = reconcile(visitor, kept, run_id)
    names = [kept.endpoint.record(one).name for one in told["new"]]
    assert names == ["Action Step Greet", "Action Step Last"]


def test_all_runs_of_a_flow_are_recorded_in_the_order_in_which_they_began(
    service: FlowsService, visitor: Account, kept: Book
) -> None:
    flow_id = new_flow(service, Greet=GREET)
    assert reconcile(visitor, kept, "--flow", flow_id) == []
    runs = [start(service, flow_id) for _ in range(7)]  # more than one page of runs
    ended(service, *runs)
    told = reconcile(visitor, kept, "--flow", flow_id)
    assert [one["run_id"] for one in told] == runs
    assert [steps(kept.endpoint, run_id) for run_id in runs] == [one["new"] for one in told]
    records = [one["new"][0] for one in told]
    assert records == sorted(records)
    again = reconcile(visitor, kept, "--flow", flow_id, "--since", "1d")
    assert [(one["run_id"], one["new"]) for one in again] == [(run_id, []) for run_id in runs]
    assert reconcile(visitor, kept, "--flow", flow_id, "--since", "2999-01-01") == []
    since = service.get_run(runs[5])["start_time"]
    late = reconcile(visitor, kept, "--flow", flow_id, "--since", since)
    assert [one["run_id"] for one in late] == runs[5:]


def test_the_fault_of_one_run_does_not_stop_the_others(
    service: FlowsService, visitor: Account, kept: Book, globus_cloud: Cloud
) -> None:
    flow_id = new_flow(service, Greet=GREET)
    runs = [start(service, flow_id) for _ in range(3)]
    ended(service, *runs)
    _spoil(globus_cloud, runs[1])
    told = reconcile(visitor, kept, "--flow", flow_id, code=1)
    assert [len(one["new"]) for one in told] == [1, 0, 1]
    assert "[flow-run-log-invalid]" in told[1]["error"]
    assert [one["error"] for one in (told[0], told[2])] == [None, None]
    done = visitor.run("flow", "reconcile", "--flow", flow_id, "--db", kept.endpoint.url)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 2
    assert f"Error: {runs[1]}" in done.stderr


def _spoil(cloud: Cloud, run_id: str) -> None:
    """Let the service tell an entry of a run's log that is none."""
    [path] = cloud.folder.rglob(f"{run_id}/log.json")
    path.write_text(json.dumps([*json.loads(path.read_text()), {"code": 3}]))


def test_a_run_that_goes_on_is_recorded_as_far_as_it_has_come(
    service: FlowsService, visitor: Account, kept: Book
) -> None:
    run_id = start(service, new_flow(service, Greet=then("Pause"), Pause=wait(600)))
    deadline = time.monotonic() + _PATIENCE_S
    while len(service.log_page(run_id).entries) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    [told] = reconcile(visitor, kept, run_id)
    assert len(told["new"]) == 1
    service._client.cancel_run(run_id)
    ended(service, run_id)
    [told] = reconcile(visitor, kept, run_id)
    assert (len(told["records"]), told["new"]) == (1, [])


def test_a_run_that_is_nothing_to_who_asks_is_refused(
    service: FlowsService, visitor: Account, kept: Book
) -> None:
    done = visitor.run("flow", "reconcile", uuid.uuid4(), "--db", kept.endpoint.url)
    assert done.returncode == 1
    assert "globus-refused" in done.stderr


class Listing(FlowsService):
    """A service that lists runs in an order of its own, and counts the pages asked for."""

    def __init__(self, *pages: list[int]) -> None:
        self._pages, self.asked = pages, 0

    def pages_of_runs(self, flow_id: str) -> Iterator[list[Document]]:
        for page in self._pages:
            self.asked += 1
            yield [{"run_id": str(day), "start_time": _day(day).isoformat()} for day in page]


def _day(number: int) -> datetime:
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.mark.parametrize(
    ("pages", "asked"),
    [
        ([[9, 8], [7, 3], [2, 1], [0]], 3),
        ([[0, 1], [2, 3], [7, 8], [9]], 4),
        ([[0], [9], [3], [8], [7]], 5),
        ([[3, 9], [0, 8], [7, 1], [2]], 4),
        ([[], [9, 8, 7]], 2),
    ],
)
def test_runs_are_found_in_whatever_order_they_are_listed(
    pages: list[list[int]], asked: int
) -> None:
    service = Listing(*pages)
    found = [log.run_id for log in logs_of_flow(service, "flow", _day(5))]
    assert found == ["7", "8", "9"]
    assert service.asked == asked


def test_how_far_it_has_come_is_shown_on_a_terminal_alone(
    service: FlowsService, visitor: Account, kept: Book
) -> None:
    flow_id = new_flow(service, Greet=then("Passed"), Passed=passing())
    ended(service, start(service, flow_id))
    line = ("flow", "reconcile", "--flow", flow_id, "--db", kept.endpoint.url)
    done = visitor.run(*line)
    assert done.stderr == ""
    assert "1 actions ran, 1 of them recorded now" in done.stdout
    ours, theirs = pty.openpty()
    program = visitor.python.with_name("braid-db")
    environment = visitor.environment | {"TERM": "xterm"}
    done = subprocess.run(
        [program, *line], env=environment, stdout=subprocess.PIPE, stderr=theirs, text=True
    )
    os.close(theirs)
    shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert "Reconciling" in shown
    assert "Reconciling" not in done.stdout
