"""Many calls in flight at once: none is lost, and none is recorded twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.effort import costly
from tests.functions.calls import Endpoint
from tests.globus.conftest import NewAccount, database_of
from tests.globus.served import STEP, Served

CLIENTS = max(2, costly(8))
EACH = costly(200) // CLIENTS

# All four with --full. The functions and the broker are the same in each.
PAIRS = [
    ("ProcessPoolEngine", "postgresql"),
    ("GlobusComputeEngine", "sqlite"),
    ("ProcessPoolEngine", "sqlite"),
    ("GlobusComputeEngine", "postgresql"),
][: costly(10)]


@pytest.fixture(params=PAIRS, ids=" on ".join)
def crowded(request: pytest.FixtureRequest, new_account: NewAccount) -> Iterator[Served]:
    """An endpoint with two workers, on an engine and a kind of database."""
    engine, kind = request.param
    if request.param == PAIRS[0]:
        yield request.getfixturevalue("postgresql_served")
        return
    account = new_account()
    with database_of(kind, request, account) as url:
        yield Served(account, url, "--engine", engine, "--workers", 2)
        account.leave()


def test_two_hundred_calls_of_eight_clients_are_all_recorded_once(crowded: Served) -> None:
    clients = [crowded.client, *(crowded.account.client() for _ in range(CLIENTS - 1))]
    shared = {"name": "calibration", "uris": "file://beamline.example.org/calibration"}
    for number, client in enumerate(clients):
        steps = [f"crowd {number}/{call}" for call in range(EACH)]
        calls = [
            (crowded.ids[STEP], {"step_name": step, "input_record_defs": shared}) for step in steps
        ]
        client.send(crowded.endpoint_id, calls, limit_s=300)
    outcomes = [outcome for client in clients for outcome in client.receive()]
    assert [one for one in outcomes if "result" not in one] == []
    returned = {one["result"]["flow_state_record_id"] for one in outcomes}
    with closing(Endpoint(crowded.database)) as at_work:
        versions = at_work.rows("version")
    recorded = {row.record_id: row.name for row in versions if " crowd " in row.name}
    assert returned == set(recorded)
    assert len(returned) == CLIENTS * EACH
    names = Counter(row.name for row in versions if row.name in {"calibration", *recorded.values()})
    assert names == dict.fromkeys(["calibration", *recorded.values()], 1)
    assert len(names) == CLIENTS * EACH + 1
