"""What stands in a flow's records when each of its actions is recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from braid_db.flows.errors import FlowDefinitionInvalid, FlowInputInvalid
from braid_db.flows.instrumenting import Registered, grow_schema, instrument, strip
from tests.flows.instrumenting.world import (
    COLLECTIONS,
    INPUT,
    OTHER,
    REGISTERED,
    TRANSFER,
    Outcome,
    Ran,
    run,
)
from tests.functions.calls import Endpoint

COMPUTE = "https://compute.actions.globus.org"


def flow(**states: dict[str, Any]) -> dict[str, Any]:
    """Return a definition whose states follow one another unless they say otherwise."""
    names = list(states)
    for name, following in zip(names, [*names[1:], None], strict=True):
        if not states[name].keys() & {"Next", "End"} and states[name]["Type"] != "Fail":
            states[name] |= {"Next": following} if following else {"End": True}
    return {"StartAt": names[0], "States": states}


def action(name: str, **fields: Any) -> dict[str, Any]:
    fields.setdefault("Parameters", {"a.$": "$.a"})
    return {"Type": "Action", "ActionUrl": OTHER, "ResultPath": f"$.{name}", **fields}


def transfer(name: str, source: dict[str, str], **fields: Any) -> dict[str, Any]:
    item = {**source, "destination_path": "/archive/x"}
    parameters = {**COLLECTIONS, "DATA": [item]}
    return action(name, ActionUrl=TRANSFER, Parameters=parameters, **fields)


def woven(definition: dict[str, Any], **options: Any) -> dict[str, Any]:
    return instrument(definition, **options).definition


def kwargs_of(definition: dict[str, Any], state: str) -> dict[str, Any]:
    kwargs: dict[str, Any] = definition["States"][state]["Parameters"]["tasks"][0]["kwargs"]
    return kwargs


def ids(endpoint: Endpoint) -> dict[str, int]:
    """Return the record of each step by its name, and of each transfer by the word."""
    names = {row.record_id: endpoint.record(row.record_id).name for row in endpoint.rows("record")}
    return {
        "transfer" if "task" in name else name.removeprefix("Action Step "): record_id
        for record_id, name in names.items()
    }


def roles(endpoint: Endpoint) -> set[tuple[int, str, int]]:
    return {(a, role, b) for (a, _), role, (b, _) in endpoint.edges()}


def test_a_flow_is_recorded_with_its_order_its_data_and_what_its_actions_were_given(
    endpoint: Endpoint,
) -> None:
    told = flow(
        Scan=action("Scan"),
        Calibrate=action("Calibrate"),
        Fit=action("Fit", Parameters={"scan.$": "$.Scan.details", "n": [{"k.=": "a + 1"}]}),
    )
    ran = run(woven(told))
    at, found = ids(endpoint), roles(endpoint)
    assert (at["Scan"], "followed", at["Calibrate"]) in found
    assert (at["Calibrate"], "followed", at["Fit"]) in found
    assert (at["Scan"], "informed", at["Fit"]) in found
    assert (at["Calibrate"], "informed", at["Fit"]) not in found
    tags = endpoint.record(at["Fit"]).tags
    assert tags["parameters.n"] == [{"k": 2}]
    assert tags["status"] == "SUCCEEDED"
    [run_row] = endpoint.rows("run")
    assert run_row.run_id == ran.run.run_id
    assert run_row.started_by == ran.here.calls[0][1]["started_by"]


def test_data_goes_through_states_that_are_no_actions(endpoint: Endpoint) -> None:
    told = flow(
        A=action("A"),
        Path={
            "Type": "ExpressionEval",
            "Parameters": {"deep": {"x.=": "'/' + A.details.token"}, "y": 1},
            "ResultPath": "$.path",
        },
        B=action("B", Parameters={"x.=": "str(`$.path.y`)"}),
        C=action("C", Parameters={"x.$": "$.path.deep.x"}),
    )
    run(woven(told))
    at = ids(endpoint)
    informed = {(a, b) for a, role, b in roles(endpoint) if role == "informed"}
    assert informed == {(at["A"], at["C"])}


def test_a_recall_of_a_computation_reaches_what_was_transferred_because_of_it(
    endpoint: Endpoint,
) -> None:
    source = {"source_path.=": "'/data/' + Pack.details.token"}
    told = flow(Pack=action("Pack"), Check=action("Check"), Send=transfer("Send", source))
    run(woven(told))
    at = ids(endpoint)
    assert (at["Pack"], "informed", at["transfer"]) in roles(endpoint)
    [arrived] = [b for a, role, b in roles(endpoint) if role == "generated"]
    endpoint.recall(record_id=at["Pack"], cause="wrong")
    assert endpoint.check(record_ids=arrived)["valid"] is False


def test_a_failure_that_nothing_catches_is_recorded_and_ends_the_run_as_it_would(
    endpoint: Endpoint,
) -> None:
    told = flow(A=action("A"), B=action("B"))
    plain = run(told, [Outcome(), Outcome("failed")])
    ran = run(woven(told), [Outcome(), Outcome("failed")])
    assert (ran.run.status, ran.run.error) == ("FAILED", plain.run.error)
    assert "token-1-" in str(ran.run.cause)
    tags = endpoint.record(ids(endpoint)["B"]).tags
    assert (tags["status"], tags["error"]) == ("FAILED", "ActionFailedException")
    assert "token-1-" in str(tags["cause"])


@pytest.mark.parametrize("broken", [1, 2, 9])
def test_provenance_that_cannot_be_recorded_fails_no_run(endpoint: Endpoint, broken: int) -> None:
    told = flow(A=action("A"), B=action("B"), C=action("C", Parameters={"x.$": "$.A"}))
    ran = run(woven(told), broken=broken)
    assert ran.run.succeeded
    assert ran.users_state() == run(told).users_state()
    if broken < 3:
        assert len(endpoint.rows("record")) == 3 - broken
        assert "missing_predecessors" in endpoint.record(1).tags


def test_a_strict_flow_fails_where_it_is_not_recorded(endpoint: Endpoint) -> None:
    ran = run(woven(flow(A=action("A"), B=action("B")), strict=True), broken=1)
    assert (ran.run.status, ran.run.failed_state) == ("FAILED", "Record_A")
    assert ran.trace == ["A"]
    assert "if_missing" not in ran.here.calls[0][1]


def test_a_run_without_the_ids_of_the_functions_goes_on(endpoint: Endpoint) -> None:
    ran = run(woven(flow(A=action("A"))), run_input={"a": 1})
    assert ran.run.succeeded
    assert ran.here.calls == []


def test_a_state_that_is_replaced_is_recorded_with_what_was_read_before(
    endpoint: Endpoint,
) -> None:
    told = flow(Send=transfer("Send", {"source_path.$": "$.folder.path"}))
    del told["States"]["Send"]["ResultPath"]
    ran = run(woven(told))
    assert ran.users_state() == run(told).users_state()
    names = {endpoint.record(row.record_id).name for row in endpoint.rows("record")}
    assert "Globus transfer source 0e8a4f9c:/data" in names


def test_a_result_that_overwrites_what_was_read_comes_with_a_warning_and_the_right_answer(
    endpoint: Endpoint,
) -> None:
    told = flow(A=action("a", Parameters={"x.$": "$.a"}))
    done = instrument(told)
    assert [warned.state for warned in done.warnings] == ["A"]
    assert "overwrites" in done.warnings[0].sentence
    run(done.definition)
    assert endpoint.record(ids(endpoint)["A"]).tags["parameters.x"] == 1


def test_what_is_private_is_told_to_nobody(endpoint: Endpoint) -> None:
    told = flow(
        A=action(
            "_private_a",
            Parameters={
                "x": {"word.$": "$._private_key", "seen": 1, "__Private_Parameters": ["more.$"]},
                "folder.$": "$.folder",
            },
        )
    )
    told["States"]["A"]["Parameters"]["x"]["more.="] = "'secret-word'"
    ran = run(woven(told))
    assert not [w for w in ("secret-key", "secret-word") if w in json.dumps(ran.here.calls)]
    tags = dict(endpoint.record(ids(endpoint)["A"]).tags)
    assert tags == {
        "status": "SUCCEEDED",
        "parameters.x.seen": 1,
        "parameters.folder.path": "/data",
    }


@pytest.mark.parametrize(
    ("key", "reads"),
    [
        ("x.$", "$.list[0]._private_token"),
        ("x.=", "`$.list[0]._private_token` + ''"),
        ("x.=", "list[0]['_private_token']"),
        ("x.=", "[each['_private_token'] for each in list][0]"),
        ("x.=", "folder['_private_token']"),
        ("x.=", "getattr('folder._private_token', '')"),
    ],
)
@pytest.mark.parametrize("mode", ["each", "once"])
def test_what_is_private_is_told_to_nobody_however_it_is_read(
    endpoint: Endpoint, mode: str, key: str, reads: str
) -> None:
    told = flow(A=action("A", Parameters={key: reads, "seen": 1}))
    given = {**INPUT, "list": [{"_private_token": "secret-token"}]}
    ran = run(woven(told, mode=mode), run_input=given)
    assert ran.executions[0].body["x"] == "secret-token"
    assert ran.here.calls
    assert "secret-token" not in json.dumps(ran.here.calls)


def test_an_action_that_takes_the_whole_state_in_every_round_outgrows_nothing(
    endpoint: Endpoint,
) -> None:
    told = flow(
        A=action("A", Parameters={"state.$": "$", "n": 1}, Next="Again"),
        Again={
            "Type": "Choice",
            "Choices": [{"Variable": "$.A.details.again", "BooleanEquals": True, "Next": "A"}],
            "Default": "End",
        },
        End={"Type": "Pass", "End": True},
    )
    del told["States"]["Again"]["Next"]
    done = instrument(told)
    assert [w.state for w in done.warnings if "whole state" in w.sentence] == ["A", "A"]
    large = {**INPUT, "large": "x" * 20_000}
    ran = run(done.definition, [Outcome(again=True)] * 12, run_input=large)
    assert ran.run.succeeded, ran.run.explanation
    assert len(ran.here.calls) == 13
    tags = endpoint.record(ids(endpoint)["A"]).tags
    assert {key for key in tags if key.startswith("parameters")} == {"parameters.n"}


@pytest.mark.parametrize("mode", ["each", "once"])
def test_where_the_ids_of_the_functions_are_lost_is_told(mode: str) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
    told = flow(A=action("A", Catch=catch), B=action("B"))
    [warned] = [w for w in instrument(told, mode=mode).warnings if "the ids in" in w.sentence]
    assert warned.state == "A"
    assert "Catch" in warned.sentence
    known = instrument(told, mode=mode, registered=REGISTERED)
    assert not [w for w in known.warnings if "the ids in" in w.sentence]


def test_actions_are_chosen_and_calls_of_provenance_are_none() -> None:
    own = {"endpoint_id": "e", "tasks": [{"function_id.$": "$.functions.add_records"}]}
    told = flow(
        A=action("A"),
        B=action("B"),
        Own=action("Own", ActionUrl=f"{COMPUTE}/v3", Parameters=own),
    )
    assert instrument(told).recorded == ["A", "B"]
    assert instrument(told, only=["B"]).recorded == ["B"]
    assert instrument(told, skip=["A"]).recorded == ["B"]
    with pytest.raises(FlowDefinitionInvalid, match="no Action 'C' to record"):
        instrument(told, skip=["C"])


@pytest.mark.parametrize(
    ("url", "function"),
    [
        (f"{COMPUTE}/v3", "add_record_for_action_step"),
        (COMPUTE, "add_record_for_action_step"),
        (f"{COMPUTE}/fxap", "add_record_for_action_step"),
        (TRANSFER, "add_transfer_request"),
        (f"{TRANSFER}/", "add_transfer_request"),
        ("https://actions.globus.org/transfer/transfer", "add_transfer_request"),
        ("https://actions.automate.globus.org/transfer/transfer", "add_transfer_request"),
        ("https://transfer.actions.globus.org/delete", "add_record_for_action_step"),
    ],
)
def test_a_transfer_is_recorded_as_one_whatever_its_providers_generation(
    url: str, function: str
) -> None:
    by_url = flow(A=action("A", ActionUrl=url))
    by_handler = flow(A=action("A", Handler={"Type": "ActionProvider", "Url": url}))
    del by_handler["States"]["A"]["ActionUrl"]
    for told in (by_url, by_handler):
        assert instrument(told).functions == [function]


def test_an_action_of_a_registered_api_is_recorded_as_a_step() -> None:
    handler = {"Type": "RegisteredAPI", "Id": "11111111-2222-3333-4444-555555555555"}
    told = flow(A={"Type": "Action", "Handler": handler, "ResultPath": "$.A"})
    assert instrument(told).functions == ["add_record_for_action_step"]


def test_a_flow_that_is_instrumented_is_not_instrumented_again() -> None:
    with pytest.raises(FlowDefinitionInvalid, match="instrumented already"):
        instrument(woven(flow(A=action("A"))))


def test_an_empty_catch_is_an_empty_catch_again() -> None:
    told = flow(A=action("A", Catch=[]), B=action("B"))
    assert strip(woven(told)) == told
    assert "Catch" not in strip(woven(told))["States"]["B"]


def test_names_that_are_taken_are_left_alone(endpoint: Endpoint) -> None:
    other = {"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.braid_db"}
    told = flow(A=action("A"), Record_A=other)
    done = instrument(told)
    assert "Record_A_2" in done.added
    ran = run(done.definition)
    assert ran.users_state("braid_db_") == run(told).users_state("braid_db_")
    assert strip(done.definition) == told


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ({"States": {}}, "StartAt and States"),
        ([], "StartAt and States"),
        ({"StartAt": "A", "States": {"A": {"Type": "ActionWait"}}}, "State 'A' has the Type"),
        ({"StartAt": "B", "States": {"A": {"Type": "Fail"}}}, "the state 'B', which is not there"),
        ({"StartAt": ["A"], "States": {"A": {"Type": "Fail"}}}, "the state ['A'], which is not"),
        ({"StartAt": "A", "States": {"A": {"Type": ["Fail"]}}}, "has the Type ['Fail']"),
        ({"StartAt": "A", "States": {"A": action("A", Catch=[{"Next": "A"}])}}, "its ErrorEquals"),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}, "needs either"),
        ({"StartAt": "A", "States": {"A": {"Type": "Fail", "Catch": 3}}}, "its Catch is 3"),
        ({"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [3]}}}, "its entry is 3"),
        ({"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [{}]}}}, "its Next is"),
    ],
)
def test_what_is_no_definition_is_refused_by_one_sentence(broken: Any, complaint: str) -> None:
    with pytest.raises(FlowDefinitionInvalid) as caught:
        instrument(broken)
    assert complaint in caught.value.message
    assert "\n" not in str(caught.value)


def test_a_schema_grows_by_what_is_needed_with_what_is_known_as_defaults() -> None:
    own = {"type": "object", "properties": {"a": {}}, "required": ["a"]}
    names = ["add_record_for_action_step", "add_transfer_request"]
    grown = grow_schema(own, names)
    assert grown["required"] == ["a", "provenance_endpoint_id", "functions"]
    assert grown["properties"]["functions"]["required"] == names
    assert grow_schema(grown, names) == grown
    known = Registered("e", {"add_record_for_action_step": "f"})
    grown = grow_schema(own, names[:1], known)
    assert grown["required"] == ["a"]
    assert grown["properties"]["functions"]["properties"][names[0]]["default"] == "f"
    with pytest.raises(FlowInputInvalid, match="'functions' of type 'array'"):
        grow_schema({"properties": {"functions": {"type": "array"}}}, names)


def test_a_run_that_is_started_again_doubles_no_record(endpoint: Endpoint) -> None:
    told = woven(flow(A=action("A"), B=action("B")))
    first: Ran = run(told, run_id="one")
    assert first.run.succeeded
    before = endpoint.counts()
    run(told, run_id="one")
    assert endpoint.counts() == before
