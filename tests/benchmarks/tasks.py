"""What recording takes of a task of Globus Compute: through the real agent and a real broker.

All calls go to one warm endpoint from one client, one after the other, and take turns: a function
that does nothing, whose latency counts, and a step that tells how long it took in the worker. A
task waits for timers of half a second in the agent, so that each call begins after a random pause:
without one, all of them would wait as long as they can. That is also why two latencies are not
compared: how they met the timers differs by more than recording takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.benchmarks.turns import Compared
from tests.databases.shared import SharedServers
from tests.globus.account import Account
from tests.globus.conftest import database_over_tcp
from tests.globus.served import STEP, Served
from tests.globus_cloud.auth import OWNER
from tests.globus_cloud.broker import Broker, is_installed
from tests.globus_cloud.cloud import Cloud

ROUNDS = 40
_WARM_UP = 3
_AGENT_TIMER_S = 0.5
_AT_MOST = 0.05
"""The part of a warm task's latency that recording may take."""

ARGUMENTS: dict[str, Any] = {
    "step_name": "step",
    "tags": {"frame": 1, "fit": {"loss": 0.5}, "sample": "crystal"},
    "uris": ["file:///data/run/image.h5", "file:///data/run/spots.json"],
    "previous_step_output": 1,
}


def sqlite(folder: Path) -> Iterator[Compared]:
    """Return what recording into an SQLite file takes of a task."""
    with ExitStack() as stack:
        if account := _account(folder / "tasks-sqlite", stack):
            yield _compared("SQLite", Served(account, f"sqlite:///{account.home}/braid.db"))


def postgresql(folder: Path, servers: SharedServers) -> Iterator[Compared]:
    """Return what recording into PostgreSQL takes of a task, at full durability."""
    with ExitStack() as stack:
        if account := _account(folder / "tasks-postgresql", stack):
            server = servers.postgresql(durable=True)
            url = stack.enter_context(database_over_tcp(server))
            # Before the database, which is in use.
            stack.callback(account.leave)
            yield _compared("PostgreSQL", Served(account, url))


def _account(folder: Path, stack: ExitStack) -> Account | None:
    """Return somebody who uses a cloud of this benchmark's own."""
    if not is_installed():
        print("RabbitMQ is not installed, so no tasks are run: apt-get install rabbitmq-server")
        return None
    broker = Broker(folder / "broker").start()
    stack.callback(broker.stop)
    cloud = Cloud(folder / "cloud", broker).start()
    stack.callback(cloud.stop)
    account = Account(cloud, folder / "home", OWNER)
    stack.callback(account.leave)
    return account


def _compared(database: str, served: Served) -> Compared:
    first = served.by_sdk(STEP, step_name="the first")
    assert first["flow_state_record_id"] == ARGUMENTS["previous_step_output"]
    turn = [
        (served.ids["do_nothing"], {}),
        (served.ids["time_a_step"], {"arguments": ARGUMENTS}),
    ]
    calls = turn * (_WARM_UP + ROUNDS)
    served.client.send(served.endpoint_id, calls, pause_s=_AGENT_TIMER_S)
    outcomes = served.client.receive()[len(turn) * _WARM_UP :]
    assert all("result" in one for one in outcomes)
    empty = [one["took_s"] for one in outcomes[0::2]]
    own = [one["result"]["took_s"] for one in outcomes[1::2]]
    return Compared(f"a step's own time in a task, {database}", own, empty, _AT_MOST)
