"""Tests of what else is run here: delete, ls, stat, mkdir, hello_world, expression_eval, stubs."""

from __future__ import annotations

from typing import Any

import pytest

from braid_db.flows import ActionCall, FlowRun, run_flow
from braid_db.flows.providers import hosted_providers
from tests.flows.providers.doing import HERE, Sites, details, fault

DELETE_KEYS = {"task_id", "type", "status", "files", "directories", "faults", "request_time"}


@pytest.mark.parametrize("form", ["today", "before"])
def test_files_and_folders_are_deleted(sites: Sites, form: str) -> None:
    sites.write("a", "x")
    sites.write("run/b", "x")
    sites.write("kept", "x")
    today = {"endpoint": HERE, "DATA": [{"path": "/a"}, {"path": "/run/"}], "recursive": True}
    before = {"endpoint_id": HERE, "items": ["/a", "/run/"], "recursive": True}
    told = details(sites.act("delete", today if form == "today" else before))
    assert [path.name for path in sites.here.iterdir()] == ["kept"]
    assert set(told) >= DELETE_KEYS
    assert (told["type"], told["files"], told["directories"]) == ("DELETE", 1, 1)


def test_a_delete_that_cannot_be_done_fails_and_deletes_no_collection(sites: Sites) -> None:
    sites.write("run/b", "x")
    body: dict[str, Any] = {"endpoint": HERE, "DATA": [{"path": "/run"}]}
    assert fault(sites.act("delete", body)) == "IS_A_DIRECTORY"
    body["DATA"] = [{"path": "/missing"}]
    assert fault(sites.act("delete", body)) == "FILE_NOT_FOUND"
    details(sites.act("delete", {**body, "ignore_missing": True}))
    for path in ("/", "/~/", "/run/.."):
        whole = sites.act("delete", {**body, "DATA": [{"path": path}], "recursive": True})
        assert whole.error == "ActionUnableToRun"
    assert (sites.here / "run/b").exists()


def test_a_listing_has_entries_by_name_with_limit_and_total(sites: Sites) -> None:
    for name in "cab":
        sites.write(f"run/{name}", name)
    (sites.here / "run/d").mkdir()
    told = details(sites.act("ls", {"endpoint_id": HERE, "path": "/run", "limit": 3, "offset": 1}))
    assert [entry["name"] for entry in told["DATA"]] == ["b", "c", "d"]
    assert [entry["type"] for entry in told["DATA"]] == ["file", "file", "dir"]
    assert (told["length"], told["total"], told["limit"], told["offset"]) == (3, 4, 3, 1)
    assert told["DATA"][0]["size"] == 1
    missing = sites.act("ls", {"endpoint_id": HERE, "path": "/none"})
    assert missing.cause["details"]["code"] == "ClientError.NotFound"


def test_stat_tells_of_a_path_and_one_that_is_not_there_is_no_failure(sites: Sites) -> None:
    # globus-flows-examples, move: a missing destination is asked about by details.code
    sites.write("run/a", "xyz")
    told = details(sites.act("stat", {"endpoint_id": HERE, "path": "/run/a"}))
    assert (told["name"], told["type"], told["size"]) == ("a", "file", 3)
    assert details(sites.act("stat", {"endpoint_id": HERE, "path": "/run/"}))["type"] == "dir"
    assert details(sites.act("stat", {"endpoint_id": HERE, "path": "/no"}))["code"] == "NotFound"


def test_mkdir_makes_one_folder_once(sites: Sites) -> None:
    body = {"endpoint_id": HERE, "path": "/new/"}
    assert details(sites.act("mkdir", body))["code"] == "DirectoryCreated"
    assert (sites.here / "new").is_dir()
    again = sites.act("mkdir", body)
    assert again.cause["details"]["code"] == "ExternalError.MkdirFailed.Exists"
    assert sites.act("mkdir", {**body, "path": "/x/y"}).error == "ActionFailedException"


def hosted(name: str, body: dict[str, Any], slept: list[float] | None = None) -> FlowRun:
    url = f"https://actions.globus.org/{name}"
    state = {"Type": "Action", "ActionUrl": url, "Parameters": body, "WaitTime": 60}
    state |= {"ResultPath": "$.r", "End": True}
    sleep = [].append if slept is None else slept.append
    definition = {"StartAt": "A", "States": {"A": state}}
    return run_flow(definition, {}, actions=hosted_providers(sleep))


def test_hello_world_greets_after_a_while() -> None:
    slept: list[float] = []
    told = details(hosted("hello_world", {"echo_string": "you", "sleep_time": 3}, slept))
    assert told == {"Hello": "World", "hello": "you"}
    assert slept == [3]
    assert hosted("hello_world", {"sleep_time": 61}).error == "ActionTimeout"
    assert hosted("hello_world", {"required_status": "FAILED"}).error == "ActionFailedException"
    assert hosted("hello_world", {"sleep_time": "x"}).error == "ActionUnableToRun"


def test_expression_eval_evaluates_over_its_arguments() -> None:
    # globus-automate-client, examples/flows/complex-hello-world
    body = {"arguments": {"Hellos": []}, "expression": "Hellos == Hellos[0:0]"}
    assert details(hosted("expression_eval", {**body, "result_path": "loop_done"})) == {
        "loop_done": True
    }
    assert details(hosted("expression_eval", body)) == {"result": True}
    assert hosted("expression_eval", {"expression": "no + 1"}).error == "ActionFailedException"
    assert hosted("expression_eval", {"expression": 1}).error == "ActionUnableToRun"


def stubbed(stub: Any, **fields: Any) -> FlowRun:
    state = {"Type": "Action", "Handler": {"Type": "RegisteredAPI", "Id": "x"}, "ResultPath": "$.r"}
    definition = {"StartAt": "A", "States": {"A": {**state, "End": True, **fields}}}
    return run_flow(definition, {"in": 1}, stubs={"A": stub})


def test_a_stub_answers_with_details_or_a_status_document() -> None:
    calls: list[ActionCall] = []

    def stub(call: ActionCall) -> Any:
        calls.append(call)
        return {"id": 7}

    assert details(stubbed(stub)) == {"id": 7}
    assert calls[0].body == {"in": 1}
    document = {"state_name": "Other", "action_id": "old", "status": "FAILED", "details": {"e": 1}}
    failed = stubbed(lambda call: document)
    assert failed.cause["details"] == {"e": 1}
    assert failed.cause["state_name"] == "A"
    assert failed.cause["action_id"] != "old"
    assert stubbed(lambda call: {**document, "status": "ACTIVE"}).error == "ActionTimeout"
