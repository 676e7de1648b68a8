"""Tests that a recall is there whole or not at all, though its process is killed at any moment.

The same holds where it is taken back. Every owed action is run, and none is run twice unless the
ledger says that it was interrupted.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from braid_db.model import Kind, Reference, Role
from braid_db.recall.recalls import invalidate, list_recalls
from braid_db.recall.reinstate import reinstate
from braid_db.recall.targets import Targets
from braid_db.recall.views import RecallView
from braid_db.records.views import get_record
from braid_db.steps.invalidation import add_invalidation_action_to_record
from tests.functions.proxies import Proxy
from tests.functions.victims import Victims
from tests.recall.actions.errands import RUNS, Errands, wait_for
from tests.recall.actions.ledger import Ledger
from tests.recall.mortals import FAULTS
from tests.records.planting import plant_edges, plant_records

LENGTH = 300
AFTER_COMMIT = 4
"""How many are killed after their recall was committed, where it is known at which statement."""


@pytest.fixture(scope="module")
def mortals() -> Iterator[Victims]:
    """A process that those who recall are forked off."""
    with Victims("tests.recall.mortals") as mortals:
        yield mortals


class Scene:
    """A chain of contents, the last of which have actions, and recalls of its beginning."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self.ledger = ledger
        self.began = folder / "began"
        ids = ledger.store.write(lambda tx: plant_records(tx, [Kind.DATA] * LENGTH))
        edges = [(ids[n], ids[n + 1], Role.DERIVED) for n in range(LENGTH - 1)]
        ledger.store.write(lambda tx: plant_edges(tx, edges))
        self.records, self.root = ids, ids[0]
        self.errands = Errands(ledger, folder, ids[-RUNS:])
        for record_id in ids[-RUNS:]:
            link = {"record_id": record_id, "invalidation_action_id": self.errands.action}
            add_invalidation_action_to_record(link)
        self._file = self.errands.new_file()

    def order(self, **more: Any) -> dict[str, Any]:
        """Return the order to recall the chain, for a file of its own."""
        self.began.unlink(missing_ok=True)
        self._file = self.errands.new_file()
        allowed = list(self.ledger.settings.allowed_commands)
        told = {"record_id": self.root, "cause": str(self._file), "began": str(self.began)}
        return {"url": self.ledger.url, "allowed": allowed} | told | more

    def check(self) -> bool:
        """Check that the recall is there whole or not at all; return whether it is.

        What it owes is run then, and it is taken back.
        """
        recall = self._find()
        valid = recall is None or not recall.is_standing
        self.check_views(valid=valid)
        if recall is None:
            return False
        assert sum(recall.reached.values()) == LENGTH
        assert sum(recall.actions.values()) == RUNS
        self.errands.tell_into(self._file, recall.recall_id)
        self.errands.check(recall.recall_id)
        self.ledger.store.write(lambda tx: reinstate(tx, recall.recall_id))
        return True

    def recall(self) -> int:
        """Recall the chain, and run nothing."""
        targets = Targets(records=(Reference(self.root),))
        write = self.ledger.store.write
        return write(lambda tx: invalidate(tx, targets, cause="wrong"))[0].recall_id

    def check_taken_back(self, recall_id: int) -> bool:
        """Check that a recall was taken back whole or not at all; return whether it was."""
        [recall] = [one for one in self._recalls() if one.recall_id == recall_id]
        owed = Counter({"owed" if recall.is_standing else "cancelled": RUNS})
        assert Counter(one.state for one in self.ledger.outcomes(recall_id)) == owed
        assert sum(recall.reached.values()) == LENGTH
        self.check_views(valid=not recall.is_standing)
        if recall.is_standing:
            self.ledger.store.write(lambda tx: reinstate(tx, recall_id))
        return not recall.is_standing

    def check_views(self, *, valid: bool) -> None:
        """Check that the beginning, the middle and the end are shown alike."""
        for record_id in (self.root, self.records[LENGTH // 2], self.records[-1]):
            view = self.ledger.store.read(lambda tx, one=record_id: get_record(tx, one))
            assert view.valid == valid

    def _find(self) -> RecallView | None:
        found = [one for one in self._recalls() if one.cause == str(self._file)]
        assert len(found) <= 1
        return found[0] if found else None

    def _recalls(self) -> tuple[RecallView, ...]:
        # Waits until the server has noticed that the last one is dead.
        self.ledger.store.write(lambda tx: None, alone=True)
        return self.ledger.store.read(lambda tx: list_recalls(tx, limit=2)).items


@pytest.fixture
def small(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A new SQLite database with an outbox."""
    monkeypatch.setenv("BRAID_DB_URL", sqlite_url)
    with closing(Ledger(sqlite_url, tmp_path)) as ledger:
        yield ledger


@pytest.fixture
def large(postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A new PostgreSQL database with an outbox."""
    monkeypatch.setenv("BRAID_DB_URL", postgresql_url)
    with closing(Ledger(postgresql_url, tmp_path)) as ledger:
        yield ledger


@pytest.fixture(params=["small", "large"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """A new database with an outbox; the test is run once on each kind."""
    ledger: Ledger = request.getfixturevalue(request.param)
    return ledger


def test_a_recall_that_is_killed_at_random_is_there_whole_or_not_at_all(
    ledger: Ledger, mortals: Victims, costly: Callable[[int], int], tmp_path: Path
) -> None:
    scene, chance = Scene(ledger, tmp_path), random.Random(1)
    kills, there, longest_s = costly(200), 0, 0.03
    for _ in range(kills):
        victim = mortals.start(**scene.order())
        wait_for(scene.began.exists)
        time.sleep(chance.uniform(0, longest_s))
        mortals.kill(victim)
        was_late = scene.check()
        there += was_late
        # So that about half are killed before they commit, however fast this machine is.
        longest_s *= 0.8 if was_late else 1.25
    assert 0 < there < kills


def kill_recalls_before_each_statement(
    scene: Scene, mortals: Victims, fault: str | None = None
) -> int:
    """Kill one that recalls before its first statement, the next before its second, and so on.

    Those that have begun to run what is owed are left to the tests of executors.

    :returns: how many were killed.
    """
    statement, there = 0, 0
    while there < AFTER_COMMIT:
        statement += 1
        victim = mortals.start(**scene.order(stop_at=statement, fault=fault))
        assert mortals.next_news() == "stopped"
        mortals.kill(victim)
        there += scene.check()
    return statement


def kill_reinstatements_before_each_statement(
    scene: Scene, mortals: Victims, fault: str | None = None
) -> int:
    """Do the same with those that take a recall back, until one lives on."""
    statement = 0
    while True:
        statement += 1
        recall_id = scene.recall()
        order = scene.order(take_back=recall_id, stop_at=statement, fault=fault)
        victim = mortals.start(**order)
        if mortals.next_news() == "done":
            assert scene.check_taken_back(recall_id)
            return statement
        mortals.kill(victim)
        scene.check_taken_back(recall_id)


def test_a_recall_that_is_killed_before_any_statement_on_sqlite_is_there_whole_or_not_at_all(
    small: Ledger, mortals: Victims, tmp_path: Path
) -> None:
    killed = kill_recalls_before_each_statement(Scene(small, tmp_path), mortals)
    assert killed > AFTER_COMMIT + 10


def test_a_recall_whose_taking_back_is_killed_before_any_statement_on_sqlite_stands_or_does_not(
    small: Ledger, mortals: Victims, tmp_path: Path
) -> None:
    scene = Scene(small, tmp_path)
    assert kill_reinstatements_before_each_statement(scene, mortals) > 10


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_the_law_of_the_killed_is_seen_to_fail_on_a_planted_fault(
    small: Ledger, mortals: Victims, tmp_path: Path, fault: str
) -> None:
    kill_each = (
        kill_reinstatements_before_each_statement
        if fault.startswith("what_is_cancelled")
        else kill_recalls_before_each_statement
    )
    scene = Scene(small, tmp_path)
    with pytest.raises(AssertionError):
        kill_each(scene, mortals, fault)


@pytest.mark.parametrize("deliver", [False, True], ids=["unsent", "unanswered"])
def test_a_recall_that_is_killed_at_any_statement_on_postgresql_is_there_whole_or_not_at_all(
    large: Ledger, mortals: Victims, tmp_path: Path, deliver: bool
) -> None:
    scene, statement, there = Scene(large, tmp_path), 0, 0
    url = make_url(large.url)
    while there < AFTER_COMMIT:
        statement += 1
        with Proxy(Path(str(url.query["host"])), statement, deliver=deliver) as proxy:
            through = url.update_query_dict({"host": str(proxy.folder)})
            order = scene.order(url=through.render_as_string(hide_password=False))
            victim = mortals.start(**order)
            assert proxy.held.wait(60)
            mortals.kill(victim)
        there += scene.check()
    assert statement > AFTER_COMMIT + 10
