"""Tests of local workers: what a function finds there, and what becomes of it."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braid_db.compute import FunctionCatalog, LocalWorkers, WorkerSettings
from braid_db.compute.errors import TaskTimeout, WorkerUnavailable
from tests.compute.conftest import Call


def is_running(process_id: int) -> bool:
    """Return whether a process is there and no zombie that its new parent has yet to collect."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def await_end(process_id: int) -> bool:
    deadline = time.monotonic() + 10
    while is_running(process_id) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(process_id)


# What a function finds


def test_arguments_arrive_by_position_and_by_name(call: Call) -> None:
    assert call("add", 1).result == 2
    assert call("add", 1, b=5).result == 6
    assert call("add", b=1, a=2).result == 3


def test_each_task_has_its_own_task_id_in_the_main_thread_of_one_process(call: Call) -> None:
    outcomes = [call("describe_worker") for _ in range(3)]
    assert [o.result["task_id"] for o in outcomes] == [o.task_id for o in outcomes]
    assert len({o.task_id for o in outcomes}) == 3
    assert len({o.result["process_id"] for o in outcomes}) == 1
    assert outcomes[0].result["process_id"] != os.getpid()
    assert all(o.result["main_thread"] for o in outcomes)
    assert uuid.UUID(outcomes[0].task_id)


def test_a_given_task_id_is_used_again(workers: LocalWorkers, catalog: FunctionCatalog) -> None:
    source, task_id = catalog.get("describe_worker"), str(uuid.uuid4())
    for _ in range(2):
        outcome = workers.run("shared", source, [], {}, limit_s=30, task_id=task_id)
        assert outcome.result["task_id"] == outcome.task_id == task_id


def test_each_endpoint_has_a_worker_of_its_own(
    workers: LocalWorkers, catalog: FunctionCatalog
) -> None:
    source = catalog.get("describe_worker")
    ids = [
        workers.run(endpoint, source, [], {}, limit_s=30).result["process_id"]
        for endpoint in ("shared", "another", "shared")
    ]
    assert ids[0] == ids[2] != ids[1]


def test_a_function_leaves_nothing_in_the_namespace_of_the_next(call: Call) -> None:
    assert call("leave_a_global").result == 1
    assert call("recall_global", "left_behind").result is False


def test_a_worker_cannot_import_what_only_lies_beside_its_program(call: Call) -> None:
    path = call("describe_worker").result["path"]
    assert not any(entry.endswith("braid_db/compute") for entry in path)


def test_a_worker_inherits_variables_but_no_secret_and_no_task(
    monkeypatch: pytest.MonkeyPatch, catalog: FunctionCatalog
) -> None:
    hidden = ["GLOBUS_COMPUTE_CLIENT_ID", "GLOBUS_COMPUTE_CLIENT_SECRET", "GC_TASK_SANDBOX_DIR"]
    for name in [*hidden, "AN_ORDINARY_VARIABLE", "BRAID_DB_URL"]:
        monkeypatch.setenv(name, "inherited")
    settings = WorkerSettings(environment={"BRAID_DB_URL": "given"})
    source = catalog.get("variable")
    with LocalWorkers(settings) as workers:
        found = {
            name: workers.run("e", source, [name], {}, limit_s=30).result
            for name in [*hidden, "AN_ORDINARY_VARIABLE", "BRAID_DB_URL"]
        }
    assert found == {
        **dict.fromkeys(hidden),
        "AN_ORDINARY_VARIABLE": "inherited",
        "BRAID_DB_URL": "given",
    }


def test_a_worker_runs_in_the_folder_that_it_is_given(
    tmp_path: Path, catalog: FunctionCatalog
) -> None:
    with LocalWorkers(WorkerSettings(folder=tmp_path)) as workers:
        outcome = workers.run("e", catalog.get("describe_worker"), [], {}, limit_s=30)
    assert outcome.result["folder"] == str(tmp_path.resolve())
    assert outcome.result["interpreter"] == sys.executable


# What it says and returns


def test_what_a_function_prints_is_passed_on_and_no_part_of_its_answer(
    call: Call, printed: list[str]
) -> None:
    word = uuid.uuid4().hex
    assert call("shout", word).result == ""
    assert printed[-4:] == [word, word, f"{word} by descriptor", f"{word} by a child"]


def test_no_output_of_a_function_can_break_its_worker_or_run_into_the_next_ones(
    call: Call, printed: list[str]
) -> None:
    assert call("unusual_output").result == "said"
    assert printed[-2:] == ["lone surrogate ?", "no end of line"]
    call("shout", "next")
    assert printed[-4] == "next"


def test_a_function_that_prints_much_is_not_held_up(call: Call, printed: list[str]) -> None:
    assert call("print_lines", 20_000, limit_s=30).result == 20_000
    assert printed[-1] == "19999"


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**80), 2**80)
        | st.floats(allow_nan=False)
        | st.text(st.characters(exclude_categories=()), max_size=10),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
        ),
        max_leaves=15,
    )
)
def test_every_json_value_passes_to_a_function_and_back_unchanged(call: Call, value: Any) -> None:
    by_position, by_name = call("identity", value), call("identity", value=value)
    assert by_position.result == by_name.result == value


@pytest.mark.parametrize("size_bytes", [1, 1 << 16, 5 << 20])
def test_large_arguments_and_results_pass_whole(call: Call, size_bytes: int) -> None:
    assert call("big", size_bytes).result == "x" * size_bytes
    assert call("identity", "y" * size_bytes).result == "y" * size_bytes


def test_a_result_above_the_services_limit_fails_its_task(call: Call) -> None:
    outcome = call("big", 10 * 1024 * 1024)
    assert outcome.failed
    assert "MaxResultSizeExceeded" in outcome.summary
    assert call("add", 1).result == 2


@pytest.mark.parametrize("kind", ["set", "function", "bytes", "keys"])
def test_a_result_that_is_not_json_fails_its_task_with_a_sentence(call: Call, kind: str) -> None:
    outcome = call("return_something_else", kind)
    assert outcome.summary.startswith(
        "TypeError: The result of 'return_something_else' is not JSON; return only"
    )


@pytest.mark.parametrize("depth", [900, 990, 5000, 200_000])
def test_a_result_that_is_nested_deeply_passes_or_fails_its_task(call: Call, depth: int) -> None:
    outcome = call("nest", depth)
    if outcome.failed:
        assert "not JSON" in outcome.summary or "nested too deeply" in outcome.summary
    assert call("add", 1).result == 2


def test_an_exception_is_told_as_a_traceback_and_as_one_line(call: Call) -> None:
    outcome = call("refuse", "bad\ndistance")
    assert outcome.exception is not None
    assert outcome.exception.startswith("Traceback (most recent call last):\n")
    assert "worker.py" not in outcome.exception
    assert "line 2, in refuse" in outcome.exception
    assert outcome.summary == "ValueError: bad distance"


def test_the_cause_of_an_exception_is_told_too(call: Call) -> None:
    outcome = call("refuse_twice")
    assert "KeyError: 'inner'" in str(outcome.exception)
    assert outcome.summary == "RuntimeError: outer second line"


def test_wrong_arguments_fail_the_task_as_python_says_it(call: Call) -> None:
    assert "missing 1 required positional argument: 'a'" in call("add").summary
    assert "unexpected keyword argument 'c'" in call("add", 1, c=2).summary


# How it ends


@pytest.mark.parametrize(
    ("name", "argument", "how"),
    [
        ("die", int(signal.SIGKILL), "signal 9, SIGKILL"),
        ("die", int(signal.SIGSEGV), "signal 11, SIGSEGV"),
        ("leave", 3, "exit code 3"),
        ("leave", 0, "exit code 0"),
    ],
)
def test_a_worker_that_dies_fails_its_task_and_the_next_task_gets_a_new_one(
    call: Call, name: str, argument: int, how: str
) -> None:
    before = call("describe_worker").result["process_id"]
    call("shout", "of an earlier task")
    outcome = call(name, argument)
    assert "of an earlier task" not in outcome.summary
    assert outcome.failed
    assert outcome.summary.startswith(f"The worker died ({how}")
    assert outcome.summary.endswith(f"while it ran '{name}'")
    assert ("its last output: about to die" in outcome.summary) is (name == "die")
    after = call("describe_worker").result["process_id"]
    assert after != before


def test_a_worker_that_is_killed_between_two_tasks_fails_none_of_them(call: Call) -> None:
    for _ in range(20):
        process_id = call("describe_worker").result["process_id"]
        os.kill(process_id, signal.SIGKILL)
        assert call("add", 1).result == 2


def test_a_worker_whose_pipes_were_closed_fails_its_task(call: Call) -> None:
    outcome = call("close_everything")
    assert outcome.failed
    assert "The worker died" in outcome.summary
    assert call("add", 1).result == 2


def test_a_worker_whose_pipes_were_closed_is_stopped_when_its_time_is_over(call: Call) -> None:
    call("add", 1)
    for name in ("close_everything_and_sleep", "close_all_and_sleep"):
        with pytest.raises(TaskTimeout):
            call(name, limit_s=1)
    assert call("add", 1).result == 2


def test_a_child_that_holds_the_pipes_does_not_hide_its_parents_death(
    call: Call, tmp_path: Path
) -> None:
    started = time.monotonic()
    outcome = call("die_leaving_a_child", str(tmp_path / "child"))
    assert "signal 9, SIGKILL" in outcome.summary
    assert time.monotonic() - started < 10
    assert await_end(int((tmp_path / "child").read_text()))


def test_a_task_that_takes_too_long_is_stopped_with_its_worker(call: Call, tmp_path: Path) -> None:
    started, mark = time.monotonic(), tmp_path / "mark"
    call("add", 1)
    with pytest.raises(TaskTimeout, match=r"did not end within 0\.5 s"):
        call("sleep", 60, str(mark), limit_s=0.5)
    assert time.monotonic() - started < 10
    assert await_end(int(mark.read_text()))
    assert call("add", 1).result == 2


def test_a_task_that_just_ends_in_time_is_no_failure(call: Call) -> None:
    call("add", 1)
    assert call("sleep", 0.3, limit_s=5).result == "slept"


def test_closing_ends_the_workers_and_what_they_started(
    tmp_path: Path, catalog: FunctionCatalog
) -> None:
    with LocalWorkers() as workers:
        source = catalog.get("describe_worker")
        worker = workers.run("e", source, [], {}, limit_s=30).result["process_id"]
        mark = str(tmp_path / "child")
        child = workers.run("e", catalog.get("start_a_child"), [mark], {}, limit_s=30).result
        assert is_running(worker)
        assert is_running(child)
    assert await_end(worker)
    assert await_end(child)


def test_workers_that_were_never_used_are_never_started() -> None:
    with LocalWorkers(WorkerSettings(interpreter="/nowhere/python")):
        pass


@pytest.mark.parametrize("how", ["missing", "no SDK", "no Python"])
def test_an_interpreter_that_cannot_run_functions_is_refused_by_its_name(
    tmp_path: Path, catalog: FunctionCatalog, how: str
) -> None:
    interpreter = tmp_path / "python"
    if how != "missing":
        program = f'exec {shlex.quote(sys.executable)} -S -I "$@"' if how == "no SDK" else "exit 7"
        interpreter.write_text(f"#!/bin/sh\n{program}\n")
        interpreter.chmod(0o755)
    with (
        LocalWorkers(WorkerSettings(interpreter=str(interpreter))) as workers,
        pytest.raises(WorkerUnavailable, match="must be a Python interpreter") as caught,
    ):
        workers.run("e", catalog.get("add"), [1], {}, limit_s=30)
    assert str(interpreter) in str(caught.value)
    expected = {"missing": "No such file", "no SDK": "globus_compute_sdk", "no Python": "code 7"}
    assert expected[how] in str(caught.value)
