"""``braid-db flow reconcile LOGFILE``, as the shell runs it."""

from __future__ import annotations

import json
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.conftest import run as run
from tests.flows.instrumenting.test_each import action, flow
from tests.flows.instrumenting.world import run as run_here
from tests.flows.reconciling.books import book, read, steps

DATA = Path(__file__).parent / "data"
DEEP = json.dumps(
    [{"code": "FlowStarted", "details": {"input": json.loads("[" * 500 + "]" * 500)}}]
)
LOG, DEFINITION = DATA / "run_log.json", DATA / "run_log_definition.json"


@pytest.fixture(autouse=True)
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The database that the environment names; it does not exist yet."""
    monkeypatch.setenv("BRAID_DB_URL", database_url)
    return database_url


def test_a_log_is_recorded_once_and_shown_in_both_forms(run: Run) -> None:
    options = (LOG, "--definition", DEFINITION, "--run-id", "run-1")
    done = run("flow", "reconcile", *options)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("Run run-1: 6 actions ran, 6 of them recorded now: ")
    again = run("flow", "reconcile", *options, "--format", "json")
    [told] = json.loads(again.stdout)["runs"]
    assert (told["run_id"], len(told["records"]), told["new"]) == ("run-1", 6, [])
    assert (told["warnings"], told["error"]) == ([], None)


def test_a_log_that_does_not_say_of_which_run_it_is_needs_the_option(run: Run) -> None:
    done = run("flow", "reconcile", LOG)
    assert done.exit_code == 1
    assert "--run-id" in done.stderr
    assert "flow-run-log-invalid" in done.stderr


def test_the_log_of_a_run_here_names_it_and_what_is_missing_without_a_definition_is_said(
    run: Run, tmp_path: Path
) -> None:
    told = flow(A=action("A"), B=action("B"))
    log = tmp_path / "run.json"
    log.write_text(json.dumps(run_here(told, run_id="here").log), encoding="utf-8")
    done = run("flow", "reconcile", log)
    assert done.stdout.startswith("Run here: 2 actions ran")
    assert "--definition" in done.stderr


@pytest.mark.parametrize(
    "text", ["", "{", "3", '{"entries": 3}', "[3]", '[{"code": 3}]', "[" * 100_000, DEEP]
)
def test_a_file_that_is_no_log_is_refused(run: Run, tmp_path: Path, text: str) -> None:
    file = tmp_path / "log.json"
    file.write_text(text, encoding="utf-8")
    done = run("flow", "reconcile", file, "--run-id", "r")
    assert done.exit_code == 1
    assert "flow-run-log-invalid" in done.stderr


def test_a_file_that_is_not_there_is_refused(run: Run, tmp_path: Path) -> None:
    done = run("flow", "reconcile", tmp_path / "none.json", "--run-id", "r")
    assert done.exit_code == 1
    assert "cannot be read" in done.stderr


def test_a_log_may_stand_in_what_the_service_answered(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    entries: Any = json.loads(LOG.read_text(encoding="utf-8"))
    file.write_text(json.dumps({"limit": 100, "entries": entries[::-1]}), encoding="utf-8")
    done = run("flow", "reconcile", file, "--run-id", "r")
    assert done.stdout.startswith("Run r: 6 actions ran")


def test_a_time_that_is_none_is_refused_in_a_sentence(run: Run) -> None:
    done = run("flow", "reconcile", "--flow", uuid.UUID(int=4), "--since", "yesterday")
    assert done.exit_code == 2
    assert (
        "'--since' is 'yesterday'; expected a time such as 2026-03-01T12:00Z, or an age"
        in done.stderr
    )


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--since", "1d"),
        (str(uuid.UUID(int=4)), "--flow", str(uuid.UUID(int=5))),
        (str(uuid.UUID(int=4)), "--since", "1d"),
        (str(uuid.UUID(int=4)), "--definition", "definition.json"),
        ("--flow", "no-uuid"),
        ("--flow", str(uuid.UUID(int=4)), "--since", "99999999999w"),
    ],
)
def test_arguments_that_do_not_go_together_are_wrong_usage(
    run: Run, arguments: tuple[str, ...]
) -> None:
    done = run("flow", "reconcile", *arguments)
    assert done.exit_code == 2
    assert "flow reconcile [OPTIONS]" in done.stderr


def test_two_who_reconcile_one_run_at_once_record_it_once(database: str) -> None:
    told = read(
        json.loads(LOG.read_text(encoding="utf-8")),
        json.loads(DEFINITION.read_text(encoding="utf-8")),
        "run-1",
    )
    found: list[list[int]] = []

    def reconcile() -> None:
        with book(database) as mine:
            found.append(mine.reconcile(told).record_ids)

    threads = [threading.Thread(target=reconcile) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with book(database) as mine:
        assert found == [steps(mine.endpoint, "run-1")] * 3
