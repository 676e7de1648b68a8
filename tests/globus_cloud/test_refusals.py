"""What the stand-in refuses, as the service does; and that nothing is sent on then."""

from __future__ import annotations

import json

import pytest

from tests.globus_cloud.auth import GROUP, OWNER, VISITOR
from tests.globus_cloud.client import Client, orders
from tests.globus_cloud.cloud import Cloud


@pytest.fixture
def owner(globus_cloud: Cloud) -> Client:
    client = Client(globus_cloud)
    assert client.log_in(OWNER) == 200
    return client


@pytest.fixture
def visitor(globus_cloud: Cloud) -> Client:
    client = Client(globus_cloud)
    assert client.log_in(VISITOR) == 200
    return client


def test_a_wrong_secret_gets_no_token(globus_cloud: Cloud) -> None:
    assert Client(globus_cloud).log_in(OWNER, secret="another") == 401


@pytest.mark.parametrize("token", ["", "made-up"])
def test_nothing_runs_for_a_token_that_was_never_given(owner: Client, token: str) -> None:
    endpoint_id, function_id = owner.register_endpoint(), owner.register_function()
    owner.token = token
    assert owner.submit(endpoint_id, function_id)[0] == 401
    assert orders(owner.cloud, endpoint_id) == 0


def test_what_is_allowed_is_sent_to_the_agent(owner: Client) -> None:
    endpoint_id, function_id = owner.register_endpoint(), owner.register_function()
    assert owner.submit(endpoint_id, function_id)[0] == 200
    assert orders(owner.cloud, endpoint_id) == 1


def test_a_function_runs_for_others_only_if_it_is_public(owner: Client, visitor: Client) -> None:
    endpoint_id = visitor.register_endpoint()
    private, public = owner.register_function(), owner.register_function(public=True)
    assert visitor.submit(endpoint_id, private)[0] == 403
    assert orders(owner.cloud, endpoint_id) == 0
    assert visitor.submit(endpoint_id, public)[0] == 200


def test_the_members_of_a_functions_group_may_run_it(owner: Client, visitor: Client) -> None:
    endpoint_id = visitor.register_endpoint()
    others = owner.register_function(group="0aa1c5d2-52c3-4c5e-9c43-6f0f8a1d1002")
    assert visitor.submit(endpoint_id, others)[0] == 403
    assert orders(owner.cloud, endpoint_id) == 0
    assert visitor.submit(endpoint_id, owner.register_function(group=GROUP))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"tasks": {}},
        {"tasks": ["payload"]},
        {"tasks": {"FUNCTION": []}},
        {"tasks": {"FUNCTION": "payload"}},
        {"tasks": {"FUNCTION": [{}]}},
        {"tasks": {"FUNCTION": [""]}, "task_group_id": 1},
        {"tasks": {"FUNCTION": [""]}, "user_endpoint_config": []},
    ],
    ids=str,
)
def test_a_submission_of_another_form_is_refused(owner: Client, body: object) -> None:
    endpoint_id, function_id = owner.register_endpoint(), owner.register_function()
    named = json.loads(json.dumps(body).replace("FUNCTION", function_id))
    assert owner.post(f"/v3/endpoints/{endpoint_id}/submit", named)[0] == 400
    assert orders(owner.cloud, endpoint_id) == 0


def test_only_functions_on_the_endpoints_list_are_sent(owner: Client) -> None:
    listed, other = owner.register_function(), owner.register_function()
    endpoint_id = owner.register_endpoint(allowed_functions=[listed])
    assert owner.submit(endpoint_id, other)[0] == 403
    assert orders(owner.cloud, endpoint_id) == 0
    assert owner.submit(endpoint_id, listed)[0] == 200


def test_an_empty_list_allows_nothing(owner: Client) -> None:
    endpoint_id = owner.register_endpoint(allowed_functions=[])
    assert owner.submit(endpoint_id, owner.register_function())[0] == 403
    assert orders(owner.cloud, endpoint_id) == 0


def test_a_payload_of_11_mb_is_refused(owner: Client) -> None:
    endpoint_id, function_id = owner.register_endpoint(), owner.register_function()
    assert owner.submit(endpoint_id, function_id, "x" * (11 * 1024 * 1024))[0] == 413
    assert orders(owner.cloud, endpoint_id) == 0


def test_a_task_is_told_to_its_sender_alone(owner: Client, visitor: Client) -> None:
    _, sent = owner.submit(owner.register_endpoint(), function_id := owner.register_function())
    task_id = sent["tasks"][function_id][0]
    assert owner.get(f"/v2/tasks/{task_id}")[0] == 200
    assert visitor.get(f"/v2/tasks/{task_id}")[0] == 404
