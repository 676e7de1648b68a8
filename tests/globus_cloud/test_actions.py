"""The action provider's status documents, and what is left of them after restarts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from globus_compute_sdk.serialize import ComputeSerializer, JSONData

from tests.globus_cloud.auth import OWNER
from tests.globus_cloud.broker import Broker, is_installed
from tests.globus_cloud.client import Client, finish
from tests.globus_cloud.cloud import Cloud


@pytest.fixture
def owner(globus_cloud: Cloud) -> Client:
    client = Client(globus_cloud)
    client.log_in(OWNER)
    return client


def begin(client: Client, count: int) -> dict[str, Any]:
    tasks = [{"function_id": client.register_function(), "args": [n]} for n in range(count)]
    body = {"endpoint_id": client.register_endpoint(), "tasks": tasks}
    status, document = client.post("/v3/run", {"request_id": "r", "body": body})
    assert status == 200
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


def test_an_action_outlives_a_killed_cloud_and_a_restarted_broker(tmp_path: Path) -> None:
    if not is_installed():
        pytest.skip("RabbitMQ is not installed: apt-get install rabbitmq-server")
    broker = Broker(tmp_path / "broker")
    cloud = Cloud(tmp_path / "cloud", broker)
    try:
        broker.start()
        client = Client(cloud.start())
        client.log_in(OWNER)
        begun = begin(client, 1)
        task_id = task_ids(client, begun["action_id"])[0]
        cloud.stop()
        finish(cloud, task_id, packed("while it was away"))
        cloud.start()
        assert end(client, begun["action_id"])["details"]["result"] == ["while it was away"]
        broker.stop()
        broker.start()
        again = begin(client, 1)
        finish(cloud, task_ids(client, again["action_id"])[0], packed("after the broker's"))
        assert end(client, again["action_id"])["details"]["result"] == ["after the broker's"]
    finally:
        cloud.stop()
        broker.stop()
