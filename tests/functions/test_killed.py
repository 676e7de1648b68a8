"""Tests that a call is written whole or not at all, though its process is killed by another."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.functions.calls import Endpoint
from tests.functions.proxies import Proxy
from tests.functions.victims import Victims, call_of

LONGEST_WAIT_S = 60


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    """A process that victims are forked off."""
    with Victims() as victims:
        yield victims


class Books:
    """Knows how many rows each table must have after so many calls of the loop.

    The first call makes what all of them share; from then on each writes the same number of rows.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.calls = 3
        counts = [self._after(number) for number in range(self.calls)]
        first, second = (
            {table: after[table] - before[table] for table in after}
            for before, after in pairwise(counts)
        )
        assert first == second
        assert first["record"] == 3
        assert first["derivation"] == 4
        self._each, self._all = first, counts[-1]

    def _after(self, number: int) -> dict[str, int]:
        self.endpoint.step(**call_of(number))
        return self.endpoint.counts()

    def count_calls(self) -> int:
        """Return how many calls were written; each must be there whole."""
        now = self.endpoint.counts()
        more = (now["receipt"] - self._all["receipt"]) // self._each["receipt"]
        assert now == {table: self._all[table] + more * self._each[table] for table in now}
        return self.calls + more

    def check(self, told: int) -> int:
        """Check after a victim's death that all calls it was answered are there, and one more
        at most; let the next call be delivered again. Return how many there are now."""
        found = self.count_calls()
        assert found in (told, told + 1)
        self.endpoint.step(**call_of(told))
        assert self.count_calls() == told + 1
        return told + 1


def test_calls_of_processes_that_are_killed_at_random_are_there_whole_or_not_at_all(
    endpoint: Endpoint, victims: Victims, costly: Callable[[int], int], tmp_path: Path
) -> None:
    books, chance = Books(endpoint), random.Random(1)
    done, answered = books.calls, 0
    for number in range(costly(200)):
        progress = tmp_path / str(number)
        victim = victims.start(url=endpoint.url, first=done, progress=str(progress))
        if chance.random() < 0.8:
            wait_for(lambda progress=progress: progress.exists() and progress.stat().st_size > 0)
        time.sleep(chance.uniform(0, 0.03))
        victims.kill(victim)
        told = progress.stat().st_size if progress.exists() else 0
        answered += told
        done = books.check(done + told)
    assert answered > 0


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + LONGEST_WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_call_that_is_killed_before_any_statement_on_sqlite_is_there_whole_or_not_at_all(
    sqlite_endpoint: Endpoint, victims: Victims, tmp_path: Path
) -> None:
    books, done, statement = Books(sqlite_endpoint), 3, 0
    while True:
        statement += 1
        order = {"first": done, "progress": str(tmp_path / "told"), "stop_at": statement}
        victim = victims.start(url=sqlite_endpoint.url, **order)
        if victims.next_news() == "done":
            break
        victims.kill(victim)
        assert books.count_calls() == done
        done = books.check(done)
    assert statement > 15
    assert books.count_calls() == done + 1


@pytest.mark.parametrize("deliver", [False, True], ids=["unsent", "unanswered"])
def test_a_call_that_is_killed_at_any_statement_on_postgresql_is_there_whole_or_not_at_all(
    postgresql_endpoint: Endpoint, victims: Victims, tmp_path: Path, deliver: bool
) -> None:
    books, done, statement, unanswered = Books(postgresql_endpoint), 3, 0, 0
    url = make_url(postgresql_endpoint.url)
    while True:
        statement += 1
        with Proxy(Path(str(url.query["host"])), statement, deliver=deliver) as proxy:
            through = url.update_query_dict({"host": str(proxy.folder)})
            progress = tmp_path / str(statement)
            order = {"first": done, "progress": str(progress), "stop_at": statement}
            victim = victims.start(url=through.render_as_string(hide_password=False), **order)
            wait_for(lambda proxy=proxy, path=progress: proxy.held.is_set() or path_is_told(path))
            if not proxy.held.is_set():
                assert victims.next_news() == "done"
                break
            victims.kill(victim)
        found = books.count_calls()
        unanswered += found - done
        done = books.check(done)
    assert statement > 15
    assert books.count_calls() == done + 1
    # Of all that were never answered, one call's last statement was its commit.
    assert unanswered == (1 if deliver else 0)


def path_is_told(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
