"""Tests that executors that are killed, or work side by side, run each owed action once.

None is lost, and none is run twice unless the ledger says that it was interrupted.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.functions.victims import Victims
from tests.recall.actions.errands import RUNS, Errands, wait_for
from tests.recall.actions.faults import (
    FAULTS_OF_THE_KILLED,
    Plant,
    a_claim_trusts_what_was_read_before,
)
from tests.recall.actions.ledger import Ledger
from tests.recall.actions.mortals import execute_beside_others
from tests.store.processes import at_once


@pytest.fixture(scope="module")
def mortals() -> Iterator[Victims]:
    """A process that executors are forked off."""
    with Victims("tests.recall.actions.mortals") as mortals:
        yield mortals


def test_executors_that_are_killed_at_random_lose_nothing_and_repeat_nothing_in_secret(
    ledger: Ledger, mortals: Victims, costly: Callable[[int], int], tmp_path: Path
) -> None:
    errands, chance, interrupted = Errands(ledger, tmp_path), random.Random(1), 0
    began, left, longest_s = tmp_path / "began", costly(100), 0.06
    allowed = list(ledger.settings.allowed_commands)
    while left > 0 or not interrupted:
        # On a busy machine they may all be killed before they run anything: then give them longer.
        longest_s *= 1 if left > 0 else 1.2
        assert longest_s < 10
        recall_id = errands.owe()
        victim = mortals.start(url=ledger.url, allowed=allowed, began=str(began))
        wait_for(began.exists)
        time.sleep(chance.uniform(0, longest_s))
        mortals.kill(victim)
        began.unlink()
        interrupted += errands.check(recall_id)
        left -= 1


@pytest.fixture
def small(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A new SQLite database with an outbox."""
    monkeypatch.setenv("BRAID_DB_URL", sqlite_url)
    with closing(Ledger(sqlite_url, tmp_path)) as ledger:
        yield ledger


def kill_before_each_statement(
    ledger: Ledger, mortals: Victims, folder: Path, fault: str | None = None
) -> tuple[int, int]:
    """Kill an executor before its first statement, the next before its second, and so on.

    :returns: how many statements one has that lives on, and how many runs were interrupted.
    """
    errands, statement, interrupted = Errands(ledger, folder), 0, 0
    order = {"url": ledger.url, "allowed": list(ledger.settings.allowed_commands), "fault": fault}
    while True:
        statement += 1
        recall_id = errands.owe()
        victim = mortals.start(**order, began=str(folder / "began"), stop_at=statement)
        if mortals.next_news() == "done":
            assert errands.check(recall_id) == 0
            return statement, interrupted
        mortals.kill(victim)
        interrupted += errands.check(recall_id)


def test_an_executor_that_is_killed_before_any_statement_loses_and_repeats_nothing_in_secret(
    small: Ledger, mortals: Victims, tmp_path: Path
) -> None:
    statements, interrupted = kill_before_each_statement(small, mortals, tmp_path)
    assert statements > 10 * RUNS
    # Of the statements of each run, those between its claim's commit and its closing's.
    assert interrupted >= RUNS


@pytest.mark.parametrize("fault", FAULTS_OF_THE_KILLED, ids=lambda fault: fault.__name__)
def test_the_law_of_the_killed_is_seen_to_fail_on_a_planted_fault(
    small: Ledger,
    mortals: Victims,
    tmp_path: Path,
    fault: Plant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        kill_before_each_statement(small, mortals, tmp_path, fault.__name__)


def work_side_by_side(
    ledger: Ledger, folder: Path, recalls: int, fault: str | None = None
) -> list[int]:
    """Let three executors run what is owed, and return how many runs each started."""
    errands = Errands(ledger, folder)
    owed = [errands.owe() for _ in range(recalls)]
    allowed = list(ledger.settings.allowed_commands)
    started = at_once(3, execute_beside_others, ledger.url, allowed, fault)
    for recall_id in owed:
        errands.check_counts(recall_id)
        assert {one.attempt for one in ledger.outcomes(recall_id)} == {1}
    return started


def test_executors_side_by_side_run_each_action_once(
    ledger: Ledger, tmp_path: Path, costly: Callable[[int], int]
) -> None:
    recalls = costly(100)
    started = work_side_by_side(ledger, tmp_path, recalls)
    assert sum(started) == RUNS * recalls
    assert min(started) > 0


def test_the_law_of_those_side_by_side_is_seen_to_fail_on_a_planted_fault(
    ledger: Ledger, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError):
        work_side_by_side(ledger, tmp_path, 5, a_claim_trusts_what_was_read_before.__name__)
