"""Processes killed, and database and broker stopped, while calls are in flight.

Whatever reported success is in the database exactly once. Whatever did not can be sent again with
its idempotency key, and is then there exactly once.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.databases.postgresql import PostgresServer
from tests.databases.shared import SharedServers
from tests.effort import costly, only_whole
from tests.functions.calls import Endpoint
from tests.globus.clients import Call, Client, Outcome
from tests.globus.conftest import NewAccount, database_of, database_over_tcp
from tests.globus.served import STEP, Served
from tests.globus_cloud.cloud import Cloud

PROBE = "record_and_note"

MOST_ROUNDS = 30
"""After how many something is wrong if none of the tasks was delivered twice; most rounds do it."""

TOLD_WHY = ("[database-unreachable]", "[outcome-unknown]")
"""How a call ends whose database is gone; the second where it went while the call was committed."""


@pytest.fixture(params=["sqlite", "postgresql"])
def victim(request: pytest.FixtureRequest, new_account: NewAccount) -> Iterator[Served]:
    """An endpoint that may be harmed: no other test has anything of it."""
    account = new_account()
    with database_of(request.param, request, account) as url:
        yield Served(account, url)
        account.leave()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that may be stopped."""
    with tempfile.TemporaryDirectory(prefix="braid-db-tests-") as folder:
        servers = SharedServers(Path(folder))
        servers.own()
        try:
            yield servers.postgresql()
        finally:
            servers.stop()


def step(name: str) -> dict[str, Any]:
    """Return the arguments of a call that can be sent again."""
    return {"step_name": name, "idempotency_key": name}


def steps_of(database: str) -> Counter[str]:
    """Return how often each step is in a database."""
    with closing(Endpoint(database)) as at_work:
        return Counter(row.name.removeprefix("Action Step ") for row in at_work.rows("version"))


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def send_again(
    client: Client, endpoint_id: str, calls: Sequence[Call], outcomes: Sequence[Outcome]
) -> int:
    """Send the calls again that did not report success, all of which now do; return how many."""
    left = [call for call, outcome in zip(calls, outcomes, strict=True) if "result" not in outcome]
    if left:
        client.send(endpoint_id, left)
        again = client.receive()
        assert all("result" in outcome for outcome in again), again
    return len(left)


def test_a_task_that_runs_twice_since_its_process_was_killed_is_recorded_once(
    victim: Served, tmp_path: Path
) -> None:
    victim.by_sdk(STEP, **step("killed"))
    run_by: dict[str, set[str]] = defaultdict(set)
    expected = {"killed"}
    other = victim.account.client()
    for number in count():
        twice = sum(len(processes) == 2 for processes in run_by.values())
        assert number < MOST_ROUNDS, f"of {number} rounds' tasks {twice} ran twice"
        if number >= costly(10) and twice >= costly(10) / 2:
            break
        notes = tmp_path / f"notes {number}"
        # One is known by its task alone, as nobody gave it a key.
        names = [f"killed {number}/{call}" for call in range(3)]
        calls = [(victim.ids[PROBE], {"path": str(notes), "arguments": step(n)}) for n in names]
        del calls[0][1]["arguments"]["idempotency_key"]
        victim.client.send(victim.endpoint_id, calls, limit_s=6)
        until(lambda notes=notes: lines(notes))
        victim.account.kill_processes_of_functions()
        # The next call that is sent makes the agent start another one.
        alive = other.call(victim.endpoint_id, victim.ids[STEP], **step(f"killed {number}/alive"))
        assert "result" in alive, alive
        outcomes = victim.client.receive()
        send_again(other, victim.endpoint_id, calls[1:], outcomes[1:])
        expected |= {*names[1:], f"killed {number}/alive"}
        if "result" in outcomes[0]:
            expected.add(names[0])
        for task, process in lines(notes):
            run_by[task].add(process)
    found = {name: n for name, n in steps_of(victim.database).items() if "killed" in name}
    assert set(found.values()) == {1}
    assert expected <= set(found)


@only_whole("GlobusComputeEngine starts slowly")
def test_a_task_that_runs_twice_since_its_worker_was_killed_is_recorded_once(
    new_account: NewAccount, tmp_path: Path
) -> None:
    account, notes = new_account(), tmp_path / "notes"
    served = Served(account, f"sqlite:///{account.home}/braid.db", "--engine=GlobusComputeEngine")
    arguments = {"path": str(notes), "arguments": {"step_name": "twice"}, "then_s": 60}
    served.client.send(served.endpoint_id, [(served.ids[PROBE], arguments)])
    until(lambda: lines(notes))
    os.kill(int(lines(notes)[0][1]), signal.SIGKILL)
    [outcome] = served.client.receive()
    account.leave()
    assert "result" in outcome, outcome
    [first, second] = lines(notes)
    assert first[0] == second[0]
    assert first[1] != second[1]
    assert steps_of(served.database) == {"twice": 1}


@only_whole("a database is away for 20 s")
def test_while_the_database_is_stopped_a_call_is_recorded_once_or_says_why_not(
    new_account: NewAccount, server: PostgresServer
) -> None:
    with database_over_tcp(server) as url:
        account = new_account()
        served = Served(account, url)
        served.by_sdk(STEP, **step("before"))
        calls = [(served.ids[STEP], step(f"call {number}")) for number in range(12)]
        served.client.send(served.endpoint_id, calls[:4])
        server.stop()
        meanwhile = account.client()
        meanwhile.send(served.endpoint_id, calls[4:8])
        time.sleep(20)
        server.start_again()
        afterwards = account.client()
        afterwards.send(served.endpoint_id, calls[8:])
        outcomes = [*served.client.receive(), *meanwhile.receive(), *afterwards.receive()]
        told = [one["failed"].strip().splitlines()[-1] for one in outcomes if "failed" in one]
        assert [line for line in told if not line.endswith(TOLD_WHY)] == []
        assert not any("pending" in one for one in outcomes)
        assert all("result" in one for one in outcomes[8:])
        send_again(account.client(), served.endpoint_id, calls, outcomes)
        account.leave()
        assert steps_of(url) == {"before": 1, **{f"call {number}": 1 for number in range(12)}}


@only_whole("a broker is restarted")
def test_calls_in_flight_when_the_broker_is_restarted_are_recorded_once(
    new_account: NewAccount, breakable_cloud: Cloud, tmp_path: Path
) -> None:
    account, notes = new_account(cloud=breakable_cloud), tmp_path / "notes"
    served = Served(account, f"sqlite:///{account.home}/braid.db")
    names = [f"broker {number}" for number in range(6)]
    calls = [
        (served.ids[PROBE], {"path": str(notes), "arguments": step(n), "then_s": 1}) for n in names
    ]
    client = account.client()
    client.send(served.endpoint_id, calls, limit_s=30)
    until(lambda: lines(notes))
    breakable_cloud.broker.stop()
    breakable_cloud.broker.start()
    outcomes = client.receive()
    again = send_again(account.client(), served.endpoint_id, calls, outcomes)
    account.leave()
    found = steps_of(served.database)
    assert {name: found[name] for name in names} == dict.fromkeys(names, 1), again
