"""The stand-in itself: what it refuses, and that it forgets nothing."""

from __future__ import annotations

import pytest

from tests.globus.web import Refusal, Web
from tests.globus_cloud.auth import VISITOR
from tests.globus_cloud.cloud import Cloud

SOURCE = {"function_name": "tell", "function_code": "def tell(): pass", "serialized": False}


def refused(status: int, call: object, *arguments: object) -> None:
    assert callable(call)
    with pytest.raises(Refusal) as caught:
        call(*arguments)
    assert caught.value.status == status


@pytest.fixture
def web(globus_cloud: Cloud) -> Web:
    return Web(globus_cloud)


def new_function(web: Web) -> str:
    return str(web.post("/v3/functions", SOURCE)["function_uuid"])


def new_endpoint(web: Web, **told: object) -> str:
    return str(web.post("/v3/endpoints", {"endpoint_name": "any", **told})["endpoint_id"])


def test_a_token_of_nobodys_is_refused(globus_cloud: Cloud) -> None:
    nobody = Web(globus_cloud, token="nobodys")
    refused(401, nobody.post, "/v3/functions", SOURCE)
    refused(401, nobody.get, "/v2/endpoints")


def test_the_function_of_somebody_else_is_refused(globus_cloud: Cloud, web: Web) -> None:
    function_id, endpoint_id = new_function(web), new_endpoint(web)
    visitor = Web(globus_cloud, VISITOR)
    body = {"tasks": {function_id: ["any"]}}
    refused(403, visitor.post, f"/v3/endpoints/{endpoint_id}/submit", body)


def test_a_function_that_is_not_on_an_endpoints_list_is_refused(web: Web) -> None:
    allowed, other = new_function(web), new_function(web)
    endpoint_id = new_endpoint(web, allowed_functions=[allowed])
    web.post(f"/v3/endpoints/{endpoint_id}/submit", {"tasks": {allowed: ["any"]}})
    refused(403, web.post, f"/v3/endpoints/{endpoint_id}/submit", {"tasks": {other: ["any"]}})


def test_a_request_of_eleven_megabytes_is_refused(web: Web) -> None:
    endpoint_id, function_id = new_endpoint(web), new_function(web)
    body = {"tasks": {function_id: ["x" * 11_000_000]}}
    refused(413, web.post, f"/v3/endpoints/{endpoint_id}/submit", body)


def test_what_it_knew_it_knows_after_a_restart(globus_cloud: Cloud, web: Web) -> None:
    function_id, endpoint_id = new_function(web), new_endpoint(web, display_name="Mine")
    submitted = web.post(f"/v3/endpoints/{endpoint_id}/submit", {"tasks": {function_id: ["any"]}})
    [task_id] = submitted["tasks"][function_id]
    globus_cloud.stop()
    globus_cloud.start()
    assert web.get(f"/v2/functions/{function_id}")["function_name"] == "tell"
    assert web.get(f"/v2/endpoints/{endpoint_id}")["display_name"] == "Mine"
    assert web.get(f"/v2/tasks/{task_id}")["status"] == "waiting-for-ep"
