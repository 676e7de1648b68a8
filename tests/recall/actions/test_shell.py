"""Tests of how a program is run: its time, its output, what it inherits, and what it leaves."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braid_db.recall import shell
from braid_db.recall.attempts import Attempt, Ending
from braid_db.recall.shell import KEPT_BYTES, BoundedOutput, run_program

Run = Callable[..., Attempt]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return what runs a shell's text as a program."""

    def run_text(text: str, *arguments: str, limit_s: float = 30.0) -> Attempt:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return run_program(str(path), arguments, limit_s)

    return run_text


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{process_id}/status").read_text()


def wait_until_gone(process_id: int) -> None:
    deadline = time.monotonic() + 10
    while is_alive(process_id):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_program_that_ends_well_is_done(run: Run) -> None:
    assert run("echo out; echo err >&2") == Attempt(Ending.DONE, 0, "out\nerr\n")


def test_a_program_that_ends_with_another_status_failed(run: Run) -> None:
    assert run("exit 7") == Attempt(Ending.FAILED, 7, "")


def test_a_program_that_a_signal_ends_failed(run: Run) -> None:
    assert run("kill -TERM $$") == Attempt(Ending.FAILED, -15, "")


def test_a_program_that_takes_too_long_is_killed_with_all_that_it_started(run: Run) -> None:
    attempt = run("sleep 600 & echo $!; trap '' TERM; sleep 600", limit_s=0.3)
    assert (attempt.ending, attempt.exit_status) == (Ending.FAILED, -9)
    child, remark = attempt.output.splitlines()
    assert remark == "[killed at its time limit of 0.3 s]"
    wait_until_gone(int(child))


def test_what_a_program_leaves_in_the_background_is_killed_and_not_waited_for(run: Run) -> None:
    began = time.monotonic()
    attempt = run("sleep 600 & echo $!")
    assert time.monotonic() - began < 10
    assert attempt.ending is Ending.DONE
    wait_until_gone(int(attempt.output))


def test_a_program_that_closes_its_output_is_waited_for(run: Run, tmp_path: Path) -> None:
    attempt = run(f"exec >&- 2>&-; sleep 0.2; : > {tmp_path}/late; exit 4")
    assert (attempt.exit_status, attempt.output) == (4, "")
    assert (tmp_path / "late").exists()


def test_a_program_has_nothing_to_read_and_no_terminal(run: Run) -> None:
    attempt = run("cat; read x || echo nothing; : < /dev/tty", limit_s=10)
    assert attempt.output.startswith("nothing\n")
    assert attempt.ending is Ending.FAILED


def test_a_program_sees_no_variables_of_ours(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ("BRAID_DB_URL", "BRAID_DB_FILE", "GLOBUS_COMPUTE_CLIENT_SECRET", "PGPASSWORD")
    for name in (*ours, "GLOBUS_CLI_CLIENT_SECRET", "FUNCX_SDK_CLIENT_SECRET", "GC_TASK_UUID"):
        monkeypatch.setenv(name, "s3cret")
    monkeypatch.setenv("BEAMLINE", "8-ID")
    told = run("env").output
    assert "s3cret" not in told
    assert "BEAMLINE=8-ID\n" in told


def test_a_program_runs_in_the_root_folder_whatever_the_executors(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("pwd").output == "/\n"


def test_a_program_cannot_be_given_files_that_the_executor_has_open(
    run: Run, tmp_path: Path
) -> None:
    with (tmp_path / "secret").open("w"):
        told = run("ls -l /proc/self/fd").output
    assert "secret" not in told


def test_a_program_that_cannot_be_started_failed(tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_text("no program")
    path.chmod(0o755)
    attempt = run_program(str(path), [], 10)
    assert attempt == Attempt(Ending.FAILED, None, "It cannot be started: Exec format error.")
    huge = run_program("/bin/true", ["x" * 10_000_000], 10)
    assert huge == Attempt(Ending.FAILED, None, "It cannot be started: Argument list too long.")


def test_an_endless_output_is_bounded_in_memory_and_in_the_ledger(run: Run) -> None:
    attempt = run("echo first; yes | head -c 50000000; echo last")
    assert attempt.output.startswith("first\n")
    assert attempt.output.endswith("last\n")
    assert "bytes left out]\n" in attempt.output
    assert len(attempt.output) < KEPT_BYTES + 100


def test_an_output_that_never_ends_is_cut_at_the_time_limit(run: Run) -> None:
    attempt = run("yes", limit_s=0.5)
    assert attempt.exit_status == -9
    assert attempt.output.endswith("[killed at its time limit of 0.5 s]")
    assert len(attempt.output) < KEPT_BYTES + 200


def test_an_output_that_is_no_text_is_kept_as_text(run: Run) -> None:
    assert run(r"printf 'a\000b\377c\303'").output == "a\ufffdb\ufffdc\ufffd"


@given(st.lists(st.binary(max_size=3 * KEPT_BYTES)))
def test_what_is_kept_of_an_output_is_its_beginning_and_its_end(parts: list[bytes]) -> None:
    output = BoundedOutput()
    for part in parts:
        output.feed(part)
    whole, half = b"".join(parts), KEPT_BYTES // 2
    text = output.text()
    assert "\0" not in text
    text.encode()
    if len(whole) <= KEPT_BYTES:
        assert text == as_text(whole)
    else:
        left_out = f"\n[{len(whole) - KEPT_BYTES:,} bytes left out]\n"
        assert text == as_text(whole[:half]) + left_out + as_text(whole[-half:])


def as_text(data: bytes) -> str:
    return data.decode(errors="replace").replace("\0", "\ufffd")


def test_arguments_arrive_as_they_are_whatever_the_locale(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    assert run('printf "%s" "$1"', "é ☃").output == "é ☃"


def test_ctrl_c_while_a_program_is_being_started_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter may look at a signal only after the program has begun."""
    begun: list[int] = []

    def start_and_interrupt(*what: Any) -> Any:
        process = start(*what)
        begun.append(process.pid)
        os.kill(os.getpid(), signal.SIGINT)
        return process

    start = shell._start
    monkeypatch.setattr(shell, "_start", start_and_interrupt)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run_program("/bin/sleep", ["600"], 60.0)
    [number] = begun
    try:
        assert not is_alive(number)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(number, signal.SIGKILL)
    assert signal.getsignal(signal.SIGINT) is handler
