"""The action provider's status documents, and what is left of them after restarts."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest
from globus_compute_sdk.serialize import ComputeSerializer, JSONData

from tests.globus_cloud.auth import OWNER
from tests.globus_cloud.client import Client, finish, orders, report
from tests.globus_cloud.cloud import Cloud


@pytest.fixture
def owner(globus_cloud: Cloud) -> Client:
    client = Client(globus_cloud)
    client.log_in(OWNER)
    return client


def begin(client: Client, count: int) -> dict[str, Any]:
    tasks = [{"function_id": client.register_function(), "args": [n]} for n in range(count)]
    return run(client, "/v3", {"endpoint_id": client.register_endpoint(), "tasks": tasks})


def run(client: Client, version: str, body: dict[str, Any]) -> dict[str, Any]:
    status, document = client.post(
        f"{version}/run", {"request_id": str(uuid.uuid4()), "body": body}
    )
    assert status == 200, document
    return dict(document)


def end(client: Client, action_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        document: dict[str, Any] = client.get(f"/v3/{action_id}/status")[1]
        if document["status"] != "ACTIVE":
            return document
        time.sleep(0.05)
    raise AssertionError(f"{action_id} is still active")


def task_ids(client: Client, action_id: str) -> list[str]:
    _, group = client.get(f"/v2/taskgroup/{action_id.removeprefix('tg_')}")
    return [task["id"] for task in group["tasks"]]


def packed(value: object) -> str:
    return str(ComputeSerializer(strategy_data=JSONData).serialize(value))


def test_results_stand_in_the_document_in_the_order_of_the_tasks(owner: Client) -> None:
    begun = begin(owner, 2)
    assert (begun["status"], begun["details"]) == ("ACTIVE", {})
    for task_id in task_ids(owner, begun["action_id"]):
        finish(owner.cloud, task_id, packed({"task": task_id}))
    ended = end(owner, begun["action_id"])
    assert ended["status"] == "SUCCEEDED"
    assert ended["details"]["result"] == [one["output"] for one in ended["details"]["results"]]
    for one in ended["details"]["results"]:
        assert one["output"] == {"task": one["task_id"]}


def test_a_failed_task_fails_its_action_with_its_text_as_the_result(owner: Client) -> None:
    begun = begin(owner, 1)
    finish(owner.cloud, task_ids(owner, begun["action_id"])[0], "no luck", is_error=True)
    ended = end(owner, begun["action_id"])
    assert (ended["status"], ended["details"]["result"]) == ("FAILED", ["no luck"])


def test_when_an_action_was_completed_is_told_the_same_for_ever(owner: Client) -> None:
    begun = begin(owner, 1)
    finish(owner.cloud, task_ids(owner, begun["action_id"])[0], packed(None))
    ended = end(owner, begun["action_id"])
    time.sleep(0.01)
    assert end(owner, begun["action_id"]) == ended
    assert begun["start_time"] <= ended["completion_time"]


def test_an_action_of_the_older_form_may_name_several_endpoints(owner: Client) -> None:
    endpoints, function_id = (
        [owner.register_endpoint() for _ in range(2)],
        owner.register_function(),
    )
    tasks = [
        {"endpoint": endpoints[n % 2], "function": function_id, "payload": {"n": n}}
        for n in range(3)
    ]
    begun = run(owner, "", {"tasks": tasks})
    for task_id in task_ids(owner, begun["action_id"]):
        finish(owner.cloud, task_id, packed(task_id))
    ended = end(owner, begun["action_id"])
    assert [one["task_id"] for one in ended["details"]["results"]] == ended["details"]["result"]
    assert [orders(owner.cloud, endpoint_id) for endpoint_id in endpoints] == [1, 1]


def test_one_call_of_the_older_form_needs_no_list(owner: Client) -> None:
    call = {"endpoint": owner.register_endpoint(), "function": owner.register_function()}
    begun = run(owner, "", {**call, "args": "only"})
    finish(owner.cloud, task_ids(owner, begun["action_id"])[0], packed("done"))
    assert end(owner, begun["action_id"])["details"]["result"] == ["done"]


@pytest.mark.parametrize(
    "change",
    [
        {"tasks": []},
        {"tasks": {}},
        {"tasks": ["text"]},
        {"tasks": [{}]},
        {"tasks": [{"function_id": "f", "kwargs": []}]},
        {"endpoint_id": None},
        {"unknown": 1},
    ],
    ids=str,
)
def test_an_action_of_another_form_is_refused(owner: Client, change: dict[str, Any]) -> None:
    endpoint_id, function_id = owner.register_endpoint(), owner.register_function()
    body = {"endpoint_id": endpoint_id, "tasks": [{"function_id": function_id}], **change}
    assert owner.post("/v3/run", {"request_id": str(uuid.uuid4()), "body": body})[0] == 422
    assert orders(owner.cloud, endpoint_id) == 0


def test_a_cancelled_action_has_failed_whatever_its_task_returns_then(owner: Client) -> None:
    begun = begin(owner, 2)
    first, second = task_ids(owner, begun["action_id"])
    finish(owner.cloud, first, packed("in time"))
    while owner.get(f"/v2/tasks/{first}")[1]["status"] != "success":
        time.sleep(0.05)
    status, cancelled = owner.post(f"/v3/{begun['action_id']}/cancel", {})
    assert (status, cancelled["status"]) == (200, "FAILED")
    finish(owner.cloud, second, packed("too late"))
    later = begin(owner, 1)
    # The queue keeps its order: when this has come, the late result has too.
    finish(owner.cloud, task_ids(owner, later["action_id"])[0], packed(None))
    end(owner, later["action_id"])
    assert end(owner, begun["action_id"]) == cancelled
    assert sorted(cancelled["details"]["result"]) == [f"cancelled by {OWNER.username}", "in time"]


def test_of_a_task_that_ran_twice_the_first_result_counts(owner: Client) -> None:
    begun = begin(owner, 1)
    task_id = task_ids(owner, begun["action_id"])[0]
    for word in ("first", "second"):
        finish(owner.cloud, task_id, packed(word))
        end(owner, begun["action_id"])
    later = begin(owner, 1)
    # The queue keeps its order: when this has come, the second result has too.
    finish(owner.cloud, task_ids(owner, later["action_id"])[0], packed(None))
    end(owner, later["action_id"])
    assert end(owner, begun["action_id"])["details"]["result"] == ["first"]


def test_an_agent_that_starts_no_process_harms_nobody_elses_actions(owner: Client) -> None:
    log = owner.cloud.folder / "cloud.log"
    before = log.stat().st_size
    endpoint_id = owner.register_endpoint()
    report(owner.cloud, endpoint_id, error="exit code: 83")
    deadline = time.monotonic() + 60
    while not owner.get(f"/v2/endpoints/{endpoint_id}/status")[1]["details"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    begun = begin(owner, 1)
    finish(owner.cloud, task_ids(owner, begun["action_id"])[0], packed("of another"))
    assert end(owner, begun["action_id"])["details"]["result"] == ["of another"]
    assert "the broker is lost" not in log.read_text()[before:]


def test_an_action_outlives_a_killed_cloud_and_a_restarted_broker(breakable_cloud: Cloud) -> None:
    cloud = breakable_cloud
    client = Client(cloud)
    client.log_in(OWNER)
    begun = begin(client, 1)
    task_id = task_ids(client, begun["action_id"])[0]
    cloud.stop()
    finish(cloud, task_id, packed("while it was away"))
    cloud.start()
    assert end(client, begun["action_id"])["details"]["result"] == ["while it was away"]
    cloud.broker.stop()
    cloud.broker.start()
    again = begin(client, 1)
    finish(cloud, task_ids(client, again["action_id"])[0], packed("after the broker's"))
    assert end(client, again["action_id"])["details"]["result"] == ["after the broker's"]
