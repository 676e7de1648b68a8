"""Tests of the outbox: what is owed is started, closed, tried again or left, as its ledger says."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from braid_db.errors import InvalidArgument
from braid_db.model import ActionState
from braid_db.recall import outbox
from braid_db.recall.attempts import Attempt, Ending
from braid_db.recall.jobs import Means
from braid_db.recall.outbox import count_due, interrupt_lost, retry, run_each
from braid_db.recall.recalls import get_recall
from tests.recall.actions.ledger import Ledger, arguments_in
from tests.records.versions import Laboratory

FAIL = "#!/bin/sh\necho it went wrong >&2\nexit 3\n"


def test_an_owed_action_is_run_and_closed_with_its_exit_status_and_output(ledger: Ledger) -> None:
    recall_id = ledger.owe(ledger.program("tell"), ["one", "two"])
    outcome = ledger.run_one()
    assert outcome.state is ActionState.DONE
    assert (outcome.exit_status, outcome.attempt, outcome.interruptions) == (0, 1, 0)
    assert arguments_in(outcome) == ["one", "two"]
    assert outcome.started_at is not None
    assert outcome.ended_at is not None
    assert outcome.started_at < outcome.ended_at
    assert str(os.getpid()) in str(outcome.claimed_by)
    assert ledger.outcome(recall_id) == outcome


def test_an_action_names_the_version_that_its_recall_names(ledger: Ledger) -> None:
    recall_id = ledger.owe(ledger.program("tell"))
    record_id = ledger.outcome(recall_id).record_id
    Laboratory(ledger.store).edit(record_id, name="named otherwise since")
    recall = ledger.store.read(lambda tx: get_recall(tx, recall_id)).recall
    assert ledger.run_one().version == ledger.outcome(recall_id).version == recall.version == 2


def test_what_was_done_is_not_run_again(ledger: Ledger) -> None:
    ledger.owe(ledger.program("tell"))
    assert len(ledger.run()) == 1
    assert ledger.run() == []


def test_a_failed_action_is_tried_again_until_the_limit(ledger: Ledger) -> None:
    ledger.settings = replace(ledger.settings, action_attempts=3)
    ledger.owe(ledger.program("fail", FAIL))
    states = [(one.state, one.attempt) for _ in range(3) for one in ledger.run()]
    assert states == [("retry", 1), ("retry", 2), ("failed", 3)]
    assert ledger.run() == []


def test_the_ledger_tells_why_an_action_failed(ledger: Ledger) -> None:
    ledger.owe(ledger.program("fail", FAIL))
    outcome = ledger.run_one()
    assert (outcome.exit_status, outcome.output) == (3, "it went wrong\n")


def test_the_wait_before_another_attempt_doubles_and_has_a_limit(ledger: Ledger) -> None:
    ledger.settings = replace(ledger.settings, action_backoff_s=30000.0)
    recall_id = ledger.owe(ledger.program("fail", FAIL))
    waits = []
    for _ in range(3):
        ledger.let_time_pass()
        before = datetime.now(UTC)
        [outcome] = ledger.run()
        assert ledger.run() == []
        waits.append(datetime.fromisoformat(str(outcome.due_at)) - before)
    assert ledger.outcome(recall_id).state is ActionState.RETRY
    expected = [timedelta(seconds=seconds) for seconds in (30000, 60000, 86400)]
    slack = timedelta(seconds=60)
    assert all(0 * slack <= wait - want < slack for wait, want in zip(waits, expected, strict=True))


def test_a_command_that_is_not_allowed_never_starts_and_stays_owed_with_the_reason(
    ledger: Ledger, tmp_path: Path
) -> None:
    mark = tmp_path / "started"
    path = ledger.program("touch", f"#!/bin/sh\n: > {mark}\n", allow=False)
    recall_id = ledger.owe(path)
    for _ in range(2):
        outcome = ledger.run_one()
        assert (outcome.state, outcome.attempt, outcome.started_at) == ("owed", 0, None)
        assert f"Not started: the command '{path[:40]}" in str(outcome.output)
        assert "not allowed; the owner of the database can add it to the setting" in str(
            outcome.output
        )
        assert ledger.outcome(recall_id) == outcome
    assert not mark.exists()
    ledger.allow(path)
    assert ledger.run_one().state is ActionState.DONE
    assert mark.exists()


def test_what_may_not_start_keeps_nothing_else_from_starting(ledger: Ledger) -> None:
    forbidden = ledger.action("/bin/forbidden")
    records = [ledger.record(name=str(number)) for number in range(3)]
    ledger.owe_runs(records, forbidden)
    ledger.owe_runs(records, ledger.action(ledger.program("tell")))
    assert [one.state for one in ledger.run()] == ["owed"] * 3 + ["done"] * 3


def test_all_that_is_due_is_run_though_it_is_read_in_parts(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_AT_ONCE", 2)
    records = [ledger.record(name=str(number)) for number in range(5)]
    ledger.owe_runs(records, ledger.action("/bin/forbidden"))
    recall_id = ledger.owe_runs(records, ledger.action(ledger.program("tell"), ["{name}"]))
    outcomes = [one for one in ledger.run() if one.state != "owed"]
    assert [one.record_id for one in outcomes] == records
    assert ledger.outcomes(recall_id) == outcomes


def test_only_the_runs_of_one_recall_are_started_if_it_is_named(ledger: Ledger) -> None:
    path = ledger.program("tell")
    first, second = ledger.owe(path), ledger.owe(path)
    assert [one.recall_id for one in ledger.run(recall_id=second)] == [second]
    assert ledger.outcome(first).state is ActionState.OWED


def test_no_more_than_the_limit_are_started(ledger: Ledger) -> None:
    path = ledger.program("tell")
    for _ in range(3):
        ledger.owe(path)
    assert [len(ledger.run(limit=2)) for _ in range(3)] == [2, 1, 0]
    assert ledger.run(limit=0) == []


def test_the_due_are_counted(ledger: Ledger) -> None:
    path = ledger.program("tell")
    ledger.owe(path)
    recall_id = ledger.owe(path)
    assert ledger.store.read(count_due) == 2
    assert ledger.store.read(lambda tx: count_due(tx, recall_id)) == 1
    ledger.run(limit=1)
    assert ledger.store.read(count_due) == 1


def test_the_action_of_a_recall_that_was_taken_back_is_cancelled(ledger: Ledger) -> None:
    recall_id = ledger.owe(ledger.program("tell"))
    forbidden_id = ledger.owe("/bin/forbidden")
    ledger.take_back_recalls()
    assert [one.state for one in ledger.run()] == ["cancelled", "cancelled"]
    outcome = ledger.outcome(recall_id)
    assert (outcome.attempt, outcome.output) == (0, "Not started: its recall was taken back.")
    assert ledger.outcome(forbidden_id).state is ActionState.CANCELLED


def test_an_action_that_fails_while_its_recall_is_taken_back_is_not_tried_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    recall_id = ledger.owe(ledger.program("tell"))

    def fail() -> Attempt:
        ledger.take_back_recalls()
        return Attempt(Ending.FAILED, 1, "")

    monkeypatch.setattr(Means, "job_for", lambda *_: fail)
    ledger.run()
    assert ledger.outcome(recall_id).state is ActionState.CANCELLED


def test_an_action_that_leaves_open_what_nobody_knows_fails_without_being_started(
    ledger: Ledger, tmp_path: Path
) -> None:
    mark = tmp_path / "started"
    path = ledger.program("touch", f"#!/bin/sh\n: > {mark}\n")
    ledger.owe(path, ["{name}", "{tag.nosuch}"])
    outcome = ledger.run_one()
    assert (outcome.state, outcome.attempt, outcome.claimed_by) == ("failed", 0, None)
    assert "Not started: '{tag.nosuch}' stands for nothing, as" in str(outcome.output)
    assert not mark.exists()


@pytest.mark.parametrize(
    "params", ["{", "5", "null", '["a", 5]', '{"a": 1}', '["\\ud800"]', '["a\\u0000b"]', "[" * 9999]
)
def test_parameters_that_cannot_be_used_fail_their_action_and_hold_up_nothing(
    ledger: Ledger, params: str
) -> None:
    action_id = ledger.action(ledger.program("tell"))
    ledger.change_params(action_id, params)
    spoilt = ledger.owe_runs([ledger.record(name="it")], action_id)
    ledger.owe(ledger.program("tell"))
    assert [one.state for one in ledger.run()] == ["failed", "done"]
    outcome = ledger.outcome(spoilt)
    assert str(outcome.output).startswith("Not started: ")
    assert len(str(outcome.output)) < 300


def test_an_action_of_a_kind_that_is_not_known_here_stays_owed(ledger: Ledger) -> None:
    from braid_db.store.statements import Statement
    from braid_db.store.tables import invalidation_action

    ledger.owe(ledger.program("tell"))
    change = Statement(invalidation_action.update().values(type="pigeon"))
    ledger.store.write(lambda tx: tx.write(change, [()]))
    outcome = ledger.run_one()
    assert outcome.state is ActionState.OWED
    assert "does not know actions of the type 'pigeon'" in str(outcome.output)


def test_an_executor_that_is_stopped_leaves_its_action_interrupted_and_the_others_owed(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ledger.program("tell")
    first, second = ledger.owe(path), ledger.owe(path)

    def stop() -> Attempt:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Means, "job_for", lambda *_: stop)
        with pytest.raises(KeyboardInterrupt):
            ledger.run()
    outcome = ledger.outcome(first)
    assert (outcome.state, outcome.attempt, outcome.interruptions) == ("interrupted", 1, 1)
    assert "Its executor was stopped meanwhile." in str(outcome.output)
    assert [one.recall_id for one in ledger.run()] == [second]


def test_an_attempt_of_which_nobody_knows_how_it_ended_is_interrupted(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.owe(ledger.program("tell"))
    in_doubt = Attempt(Ending.UNKNOWN, None, "It may or may not have begun.")
    monkeypatch.setattr(Means, "job_for", lambda *_: lambda: in_doubt)
    outcome = ledger.run_one()
    assert (outcome.state, outcome.interruptions) == ("interrupted", 1)
    assert outcome.output == "It may or may not have begun."
    assert ledger.run() == []


def leave_running(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, claimed_by: str) -> int:
    """Leave an action run as it is when its executor dies, and return its recall."""
    recall_id = ledger.owe(ledger.program("tell"))
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "this_executor", lambda: claimed_by)
        executor = outbox.Executor(ledger.store, ledger.settings)
        [[run]] = executor.due(recall_id)
        ledger.store.write(lambda tx: executor._claim(tx, run.action_run_id))
    return recall_id


def dead_executor() -> str:
    """Return the name of an executor of this machine that has ended."""
    name = outbox.this_executor()
    process_id = os.fork()
    if not process_id:
        os._exit(0)
    os.waitpid(process_id, 0)
    return name.replace(f":{os.getpid()}:", f":{process_id}:")


def test_a_run_whose_executor_died_is_interrupted_and_not_run_again_unasked(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = dead_executor()
    recall_id = leave_running(ledger, monkeypatch, dead)
    outcome = ledger.run_one()
    assert (outcome.state, outcome.interruptions, outcome.attempt) == ("interrupted", 1, 1)
    assert f"Its executor {dead} is gone" in str(outcome.output)
    assert ledger.run() == []
    assert ledger.outcome(recall_id) == outcome


def test_a_run_whose_executor_is_at_work_is_left_to_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    recall_id = leave_running(ledger, monkeypatch, outbox.this_executor())
    assert ledger.run() == []
    assert ledger.outcome(recall_id).state is ActionState.RUNNING


def test_a_run_of_another_machine_is_interrupted_when_its_time_is_over(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    recall_id = leave_running(ledger, monkeypatch, "elsewhere:1:5-other.9")
    assert ledger.run() == []
    assert ledger.outcome(recall_id).state is ActionState.RUNNING
    ledger.let_time_pass()
    assert ledger.run_one().state is ActionState.INTERRUPTED


def test_a_run_that_is_retried_after_an_interruption_still_says_so_when_it_is_done(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    recall_id = leave_running(ledger, monkeypatch, dead_executor())
    interrupt_lost(ledger.store)
    [again] = ledger.store.write(lambda tx: retry(tx, recall_id))
    assert (again.state, again.attempt) == ("owed", 1)
    outcome = ledger.run_one()
    assert (outcome.state, outcome.attempt, outcome.interruptions) == ("done", 2, 1)


def test_an_executor_that_was_taken_for_dead_still_tells_how_its_attempt_ended(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    recall_id = ledger.owe(ledger.program("tell"))

    def sleep_long() -> Attempt:
        ledger.let_time_pass()
        assert [one.state for one in interrupt_lost(ledger.store)] == ["interrupted"]
        return Attempt(Ending.DONE, 0, "done after all")

    monkeypatch.setattr(Means, "job_for", lambda *_: sleep_long)
    ledger.run()
    outcome = ledger.outcome(recall_id)
    assert (outcome.state, outcome.interruptions, outcome.output) == ("done", 1, "done after all")


def test_an_executor_whose_run_was_begun_anew_does_not_close_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    recall_id = ledger.owe(ledger.program("tell"))
    attempts: list[ActionState] = []

    def carry_out() -> Attempt:
        attempts.append(ledger.outcome(recall_id).state)
        if len(attempts) == 1:
            ledger.let_time_pass()
            interrupt_lost(ledger.store)
            ledger.store.write(lambda tx: retry(tx, recall_id))
            ledger.run()
            return Attempt(Ending.FAILED, 1, "the first, too late")
        return Attempt(Ending.DONE, 0, "the second")

    monkeypatch.setattr(Means, "job_for", lambda *_: carry_out)
    ledger.run()
    outcome = ledger.outcome(recall_id)
    assert (outcome.state, outcome.attempt, outcome.output) == ("done", 2, "the second")


def test_what_failed_can_be_tried_once_more(ledger: Ledger) -> None:
    ledger.settings = replace(ledger.settings, action_attempts=1)
    recall_id = ledger.owe(ledger.program("fail", FAIL))
    assert ledger.run_one().state is ActionState.FAILED
    ledger.program("fail", allow=False)
    ledger.store.write(lambda tx: retry(tx, recall_id))
    outcome = ledger.run_one()
    assert (outcome.state, outcome.attempt) == ("done", 2)


def test_what_waits_for_its_back_off_can_be_made_due(ledger: Ledger) -> None:
    ledger.settings = replace(ledger.settings, action_backoff_s=1000.0)
    recall_id = ledger.owe(ledger.program("fail", FAIL))
    ledger.run()
    assert ledger.run() == []
    assert len(ledger.store.write(lambda tx: retry(tx, recall_id))) == 1
    assert len(ledger.run()) == 1


def test_what_was_done_or_is_owed_is_not_retried(ledger: Ledger) -> None:
    path = ledger.program("tell")
    done = ledger.owe(path)
    ledger.run()
    owed = ledger.owe(path)
    for recall_id in (done, owed):
        outcome = ledger.outcome(recall_id)
        assert ledger.store.write(lambda tx, one=recall_id: retry(tx, one)) == []
        with pytest.raises(InvalidArgument, match="expected an action run of this recall that"):
            ledger.store.write(
                lambda tx, one=recall_id, run=outcome: retry(tx, one, [run.action_run_id])
            )
        assert ledger.outcome(recall_id) == outcome


def test_only_the_named_runs_are_retried(ledger: Ledger) -> None:
    ledger.settings = replace(ledger.settings, action_attempts=1)
    records = [ledger.record(name=str(number)) for number in range(3)]
    recall_id = ledger.owe_runs(records, ledger.action(ledger.program("fail", FAIL)))
    ledger.run()
    second = ledger.outcomes(recall_id)[1].action_run_id
    ledger.store.write(lambda tx: retry(tx, recall_id, [second]))
    assert [one.state for one in ledger.outcomes(recall_id)] == ["failed", "owed", "failed"]


def test_what_becomes_of_each_run_is_told_at_once(ledger: Ledger) -> None:
    path = ledger.program("tell")
    first, second = ledger.owe(path), ledger.owe(path)
    outcomes = run_each(ledger.store, ledger.settings)
    assert next(outcomes).recall_id == first
    assert ledger.outcome(second).state is ActionState.OWED
    assert next(outcomes).recall_id == second


def test_two_threads_of_one_process_never_run_the_same(ledger: Ledger, tmp_path: Path) -> None:
    told = tmp_path / "told"
    path = ledger.program("tell", f'#!/bin/sh\necho "$1" >> {told}\n')
    records = [ledger.record(name=str(number)) for number in range(20)]
    recall_id = ledger.owe_runs(records, ledger.action(path, ["{record_id}"]))
    threads = [threading.Thread(target=ledger.run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, told.read_text().split())) == records
    assert {one.state for one in ledger.outcomes(recall_id)} == {"done"}


def test_a_program_that_is_stopped_with_its_executor_is_killed(
    ledger: Ledger, tmp_path: Path, costly: Callable[[int], int]
) -> None:
    pid_file = tmp_path / "pid"
    path = ledger.program(
        "sleep",
        f"#!/bin/sh\necho $$ > {pid_file}.new\nmv {pid_file}.new {pid_file}\nexec sleep 600\n",
    )
    recall_id = ledger.owe(path)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def when_it_runs() -> None:
        while not pid_file.exists():
            threading.Event().wait(0.01)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    thread = threading.Thread(target=when_it_runs)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            ledger.run()
    finally:
        thread.join()
        signal.signal(signal.SIGUSR1, before)
    assert ledger.outcome(recall_id).state is ActionState.INTERRUPTED
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
