"""The Flows service as its own SDK calls it: flows, their runs and logs, and who may do what."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from globus_compute_sdk.serialize import ComputeSerializer, JSONData
from globus_sdk import (
    AccessTokenAuthorizer,
    ConfidentialAppAuthClient,
    FlowsAPIError,
    FlowsClient,
    SpecificFlowClient,
)
from globus_sdk.scopes import FlowsScopes, Scope, SpecificFlowScopes

from tests.globus_cloud.auth import OWNER, VISITOR, Identity
from tests.globus_cloud.client import Client, finish, orders
from tests.globus_cloud.cloud import Cloud
from tests.globus_cloud.runs import COMPUTE_PROVIDER

PASS = {"Type": "Pass", "Result": {"word": "hello"}, "ResultPath": "$.Said", "End": True}
HELLO = {
    "Type": "Action",
    "ActionUrl": "https://actions.globus.org/hello_world",
    "Parameters": {"echo_string.$": "$.word"},
    "ResultPath": "$.Hello",
    "Next": "Say",
}
SCHEMA = {
    "type": "object",
    "required": ["word"],
    "properties": {"word": {"type": "string"}},
    "additionalProperties": False,
}


class Person:
    """Somebody who uses the service through the SDK."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self.flows = self.with_scope(FlowsScopes.all)

    def with_scope(self, scope: Scope) -> FlowsClient:
        return FlowsClient(authorizer=self._authorizer(scope))

    def flow(self, flow_id: str, of: str | None = None) -> SpecificFlowClient:
        scope = SpecificFlowScopes(of or flow_id).user
        return SpecificFlowClient(flow_id, authorizer=self._authorizer(scope))

    def _authorizer(self, scope: Scope) -> AccessTokenAuthorizer:
        with ConfidentialAppAuthClient(self._identity.id, self._identity.secret) as auth:
            told = auth.oauth2_client_credentials_tokens(scope)
            return AccessTokenAuthorizer(told["access_token"])

    def create(self, *states: tuple[str, dict[str, Any]], **told: Any) -> str:
        made = self.flows.create_flow("Greet", definition(*states), SCHEMA, **told)
        return str(made["id"])

    def start(self, flow_id: str, **told: Any) -> str:
        return str(self.flow(flow_id).run_flow({"word": "hello"}, **told)["run_id"])

    def end(self, run_id: str) -> dict[str, Any]:
        run: dict[str, Any] = until(
            lambda: self.flows.get_run(run_id).data, lambda run: run["status"] != "ACTIVE"
        )
        return run

    def codes(self, run_id: str) -> list[str]:
        return [entry["code"] for entry in self.flows.get_run_logs(run_id, limit=100)]


def until(ask: Callable[[], Any], is_so: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 60
    while not is_so(told := ask()):
        assert time.monotonic() < deadline, told
        time.sleep(0.05)
    return told


def definition(*states: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"StartAt": states[0][0], "States": dict(states)}


@pytest.fixture(autouse=True)
def _here(globus_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for service in ("AUTH", "FLOWS"):
        monkeypatch.setenv(f"GLOBUS_SDK_SERVICE_URL_{service}", f"{globus_cloud.url}/")


@pytest.fixture
def owner() -> Person:
    return Person(OWNER)


@pytest.fixture
def visitor() -> Person:
    return Person(VISITOR)


def refused(status: int, code: str, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
    with pytest.raises(FlowsAPIError) as caught:
        call(*given, **named)
    assert (caught.value.http_status, caught.value.code) == (status, code)
    return caught.value.raw_json


SAY = {"Say": PASS}


@pytest.mark.parametrize(
    ("states", "where"),
    [
        ({"Say": {"Type": "Pass"}}, ["States", "Say"]),
        ({"Say": {**PASS, "Next": "Say"}}, ["States", "Say"]),
        ({"Say": {**PASS, "OutputPath": "$"}}, ["States", "Say"]),
        ({"Say": {"Type": "Succeed"}}, ["States", "Say", "Type"]),
        ({"Say": {"Type": "Wait", "Seconds": "1", "End": True}}, ["States", "Say", "Seconds"]),
        ({"Say": {**HELLO, "Next": "Nowhere"}}, ["States", "Say", "Next"]),
        ({"Other": PASS}, ["StartAt"]),
    ],
)
def test_a_definition_that_the_published_schema_does_not_accept_is_told_where(
    owner: Person, states: dict[str, Any], where: list[str]
) -> None:
    flow = {"StartAt": "Say", "States": states}
    told = refused(422, "UNPROCESSABLE_ENTITY", owner.flows.validate_flow, flow, SCHEMA)
    assert [one["loc"] for one in told["error"]["detail"]] == [["definition", *where]]
    refused(422, "UNPROCESSABLE_ENTITY", owner.flows.create_flow, "Greet", flow, SCHEMA)


def test_an_input_schema_that_is_none_is_refused(owner: Person) -> None:
    flow, schema = definition(("Say", PASS)), {"type": "text"}
    refused(422, "UNPROCESSABLE_ENTITY", owner.flows.validate_flow, flow, schema)
    assert owner.flows.validate_flow(flow, SCHEMA).http_status == 200


def test_only_what_is_told_of_a_flow_is_changed(owner: Person) -> None:
    flow_id = owner.create(("Say", PASS), subtitle="once")
    before = owner.flows.get_flow(flow_id).data
    owner.flows.update_flow(flow_id, title="Greet again")
    after = owner.flows.get_flow(flow_id).data
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"title", "updated_at"}
    assert after["user_role"] == "flow_owner"
    owner.flows.delete_flow(flow_id)
    refused(404, "NOT_FOUND", owner.flows.get_flow, flow_id)


def test_others_do_with_a_flow_what_their_role_lets_them(owner: Person, visitor: Person) -> None:
    flow_id = owner.create(("Say", PASS))
    refused(403, "FORBIDDEN", visitor.flows.get_flow, flow_id)
    owner.flows.update_flow(flow_id, flow_viewers=["public"])
    assert visitor.flows.get_flow(flow_id)["user_role"] == "flow_viewer"
    refused(403, "FORBIDDEN", visitor.flow(flow_id).run_flow, {"word": "hello"})
    owner.flows.update_flow(flow_id, flow_starters=[VISITOR.urn])
    run_id = visitor.start(flow_id)
    assert visitor.end(run_id)["run_owner"] == VISITOR.urn
    refused(404, "NOT_FOUND", owner.flows.get_run, run_id)
    owner.flows.update_flow(flow_id, run_monitors=[OWNER.urn])
    assert owner.flows.get_run(run_id)["user_role"] == "flow_run_monitor"
    refused(403, "FORBIDDEN", owner.flows.cancel_run, run_id)
    refused(403, "FORBIDDEN", visitor.flows.update_flow, flow_id, title="Mine")
    wrong = ["not a principal"]
    refused(422, "UNPROCESSABLE_ENTITY", owner.flows.update_flow, flow_id, flow_starters=wrong)


def test_a_token_is_good_for_its_scopes_alone(owner: Person) -> None:
    flow_id, other = owner.create(("Say", PASS)), owner.create(("Say", PASS))
    viewing = owner.with_scope(FlowsScopes.view_flows)
    assert viewing.get_flow(flow_id)["id"] == flow_id
    refused(403, "MISSING_SCOPE", viewing.update_flow, flow_id, title="x")
    refused(403, "MISSING_SCOPE", viewing.list_runs)
    refused(403, "MISSING_SCOPE", owner.flow(flow_id, of=other).run_flow, {"word": "hello"})
    nobody = FlowsClient(authorizer=AccessTokenAuthorizer("made-up"))
    refused(401, "AUTHENTICATION_ERROR", nobody.get_flow, flow_id)


def test_an_input_that_is_not_as_the_schema_wants_it_starts_nothing(owner: Person) -> None:
    flow_id = owner.create(("Say", PASS))
    for call in (owner.flow(flow_id).run_flow, owner.flow(flow_id).validate_run):
        told = refused(400, "FLOW_INPUT_ERROR", call, {"word": 1})
        assert [one["loc"] for one in told["error"]["detail"]] == [["$.word"]]
    assert owner.flow(flow_id).validate_run({"word": "hello"}).http_status == 200
    assert list(owner.flows.list_runs(filter_flow_id=flow_id)) == []


def test_a_run_is_run_and_its_log_says_how(owner: Person) -> None:
    flow_id = owner.create(("Greet", HELLO), ("Say", PASS))
    run_id = owner.start(flow_id, label="a greeting", tags=["test"])
    run = owner.end(run_id)
    assert (run["status"], run["details"]["code"]) == ("SUCCEEDED", "FlowSucceeded")
    output = run["details"]["output"]
    assert output["Hello"]["details"]["hello"] == "hello"
    assert output["Hello"]["creator_id"] == OWNER.urn
    whole = list(owner.flows.get_run_logs(run_id, limit=100))
    assert [entry["code"] for entry in whole] == [
        *("FlowStarted", "ActionStarted", "ActionCompleted"),
        *("PassStarted", "PassCompleted", "FlowSucceeded"),
    ]
    pages = owner.flows.paginated.get_run_logs(run_id, limit=2)
    assert [entry for page in pages for entry in page["entries"]] == whole
    assert list(owner.flows.get_run_logs(run_id, limit=100, reverse_order=True)) == whole[::-1]
    owner.flows.update_flow(flow_id, definition=definition(("Say", PASS)))
    assert set(owner.flows.get_run_definition(run_id)["definition"]["States"]) == {"Greet", "Say"}


def test_runs_are_listed_in_pages_the_newest_first(owner: Person, visitor: Person) -> None:
    flow_id = owner.create(("Say", PASS), flow_starters=["all_authenticated_users"])
    mine = [owner.start(flow_id) for _ in range(6)]
    theirs = visitor.start(flow_id)

    def listed(roles: Iterable[str] = ("run_owner",), **query: Any) -> list[str]:
        pages = owner.flows.paginated.list_runs(
            filter_flow_id=flow_id, filter_roles=roles, query_params=query
        )
        return [run["run_id"] for page in pages for run in page["runs"]]

    assert listed() == mine[::-1]
    assert listed(orderby="start_time ASC") == mine
    owner.flows.update_flow(flow_id, run_monitors=[OWNER.urn])
    assert set(listed(["flow_run_monitor"])) == {*mine, theirs}
    for run_id in mine:
        owner.end(run_id)


def test_a_flow_that_fails_says_where(owner: Person) -> None:
    fail = {"Type": "Fail", "Error": "NoLuck", "Cause": "the die was cast"}
    run = owner.end(owner.start(owner.create(("Say", fail))))
    assert (run["status"], run["details"]["code"]) == ("FAILED", "FlowFailed")
    assert run["details"]["details"]["exception"] == "NoLuck"


def test_a_run_that_is_cancelled_goes_on_no_more(owner: Person) -> None:
    wait = {"Type": "Wait", "Seconds": 3600, "End": True}
    run_id = owner.start(owner.create(("Say", wait)))
    until(lambda: owner.codes(run_id), lambda codes: codes[-1:] == ["WaitStarted"])
    assert owner.flows.cancel_run(run_id)["status"] == "FAILED"
    run = owner.end(run_id)
    assert (run["details"]["code"], owner.codes(run_id)[-1]) == ("FlowCanceled", "FlowCanceled")


def test_a_killed_cloud_goes_on_with_its_runs_and_begins_no_action_twice(
    owner: Person, globus_cloud: Cloud
) -> None:
    client = Client(globus_cloud)
    client.log_in(OWNER)
    endpoint_id, function_id = client.register_endpoint(), client.register_function()
    group = str(uuid.uuid4())
    task = {"function_id": function_id}
    given = {"endpoint_id": endpoint_id, "tasks": [task], "task_group_id": group}
    action = {"Type": "Action", "ActionUrl": COMPUTE_PROVIDER, "Parameters": given, "End": True}
    flow_id = owner.create(("Say", {**action, "ResultPath": "$.Said"}))
    run_id = owner.start(flow_id)
    until(lambda: client.get(f"/v3/tg_{group}/status"), lambda told: told[0] == 200)
    globus_cloud.stop()
    globus_cloud.start()
    assert owner.flows.get_flow(flow_id)["id"] == flow_id
    _, tasks = client.get(f"/v2/taskgroup/{group}")
    [only] = tasks["tasks"]
    packed = ComputeSerializer(strategy_data=JSONData).serialize("done")
    finish(globus_cloud, only["id"], str(packed))
    run = owner.end(run_id)
    assert run["status"] == "SUCCEEDED", run
    assert run["details"]["output"]["Said"]["details"]["result"] == ["done"]
    assert orders(globus_cloud, endpoint_id) == 1
