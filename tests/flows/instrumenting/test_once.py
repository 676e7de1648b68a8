"""What stands in a flow's records when its run is recorded at its end."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from braid_db.flows.instrumenting import instrument, strip
from tests.flows.instrumenting.published_runs import Failure
from tests.flows.instrumenting.published_runs import run as run_published
from tests.flows.instrumenting.test_each import action, flow, ids, roles, transfer
from tests.flows.instrumenting.world import INPUT, REGISTERED, Outcome, run
from tests.functions.calls import Endpoint, document, refused


def woven(definition: dict[str, Any], **options: Any) -> dict[str, Any]:
    return instrument(definition, mode="once", **options).definition


def three() -> dict[str, Any]:
    """Return a flow of which every record can be known at its end."""
    send = transfer("Send", {"source_path.=": "'/data/' + `$.Scan.details.token`"})
    read = {"scan.$": "$.Scan.details", "n": [{"k.=": "a + 1"}]}
    return flow(Scan=action("Scan"), Send=send, Fit=action("Fit", Parameters=read))


def test_one_call_records_order_data_files_and_what_was_given(endpoint: Endpoint) -> None:
    ran = run(woven(three()))
    assert [name for name, _ in ran.here.calls] == ["record_flow_run"]
    at, found = ids(endpoint), roles(endpoint)
    names = {endpoint.record(row.record_id).name for row in endpoint.rows("record")}
    assert {(a, role, b) for a, role, b in found if role == "followed"} == {
        (at["Scan"], "followed", at["transfer"]),
        (at["transfer"], "followed", at["Fit"]),
    }
    assert (at["Scan"], "informed", at["Fit"]) in found
    assert (at["Scan"], "informed", at["transfer"]) in found
    assert "Globus transfer source 0e8a4f9c:/data/token-0-" in names
    assert endpoint.record(at["Fit"]).tags["parameters.n"] == [{"k": 2}]
    result = ran.run.state["braid_db"]["record"]["details"]["result"][0]
    assert (result["records"], result["flow_state_record_id"]) == (3, at["Fit"])


@pytest.mark.parametrize("how", ["failed", "refused", "late"])
def test_a_run_that_would_die_is_recorded_and_fails_with_its_own_error(
    endpoint: Endpoint, how: str
) -> None:
    told = flow(A=action("A"), B=action("B"), C=action("C"))
    plain = run(told, [Outcome(), Outcome(how)])
    ran = run(woven(told), [Outcome(), Outcome(how)])
    assert (ran.run.status, ran.run.error) == ("FAILED", plain.run.error)
    assert set(ids(endpoint)) == {"A", "B"}
    tags = endpoint.record(ids(endpoint)["B"]).tags
    assert (tags["status"], tags["error"]) == ("FAILED", plain.run.error)


def test_what_ended_a_run_is_its_last_record_wherever_the_definition_has_it(
    endpoint: Endpoint,
) -> None:
    told = flow(B=action("B", End=True), A=action("A", Next="B"))
    run(woven({**told, "StartAt": "A"}), [Outcome(), Outcome("refused")])
    at = ids(endpoint)
    assert (at["A"], "followed", at["B"]) in roles(endpoint)


def test_a_way_out_that_nothing_ran_before_has_no_step(endpoint: Endpoint) -> None:
    rule = {"Variable": "$.a", "NumericEquals": 1, "Next": "Stop"}
    told = flow(
        Ask={"Type": "Choice", "Choices": [rule], "Default": "A"},
        A=action("A", Next="Done"),
        Stop={"Type": "Fail"},
        Done={"Type": "Pass", "End": True},
    )
    del told["States"]["Ask"]["Next"]
    done = instrument(told, mode="once")
    assert [name for name in done.added if name.startswith("RecordRun")] == ["RecordRun_Done"]
    assert run(done.definition).here.calls == []


def test_a_last_state_that_replaces_the_whole_state_is_recorded_first(endpoint: Endpoint) -> None:
    told = flow(A=action("A"), Done={"Type": "Pass", "Result": {"well": True}})
    ran = run(woven(told))
    assert ran.run.state == {"well": True}
    assert set(ids(endpoint)) == {"A"}


ELSEWHERE = {"x.=": "only_then.details.token"}
CAUGHT = [{"ErrorEquals": ["States.ALL"], "Next": "Done", "ResultPath": "$.error"}]
TWO: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one path": ({"ResultPath": "$.x"}, {"ResultPath": "$.x"}),
    "the whole state": ({"ResultPath": "$", "End": True}, {"ResultPath": "$", "End": True}),
    "the path of an error": ({"Catch": CAUGHT}, {"Catch": CAUGHT}),
}


@pytest.mark.parametrize("how", ["done", "failed", "refused"])
@pytest.mark.parametrize("what", TWO)
def test_what_one_of_two_actions_that_leave_it_at_one_place_was_given_is_not_read_for_the_other(
    endpoint: Endpoint, what: str, how: str
) -> None:
    mine, its = TWO[what]
    rule = {"Variable": "$.a", "NumericEquals": 1, "Next": "Mine"}
    told = flow(
        Ask={"Type": "Choice", "Choices": [rule], "Default": "Before"},
        Before=action("only_then"),
        Its=action("Its", Parameters=ELSEWHERE, **{"Next": "Done"} | its),
        Mine=action("Mine", **{"Next": "Done"} | mine),
        Done={"Type": "Pass", "End": True},
    )
    del told["States"]["Ask"]["Next"]
    for fields in told["States"].values():
        if "End" in fields:
            fields.pop("Next", None)
    plain = run(told, [Outcome(how)])
    ran = run(woven(told), [Outcome(how)])
    assert (ran.run.status, ran.run.error) == (plain.run.status, plain.run.error)
    assert len(ran.here.calls) == 1


def test_what_cannot_be_known_is_told_by_name() -> None:
    def warned(told: dict[str, Any]) -> dict[str, str]:
        done = instrument(told, mode="once")
        return {one.state: one.sentence for one in done.warnings}

    over = flow(A=action("A"), Move={"Type": "Pass", "InputPath": "$.A.x", "ResultPath": "$.A"})
    assert "overwritten by Move" in warned(over)["A"]
    assert "flow reconcile" in warned(over)["A"]
    rule = {"Variable": "$.A.details.again", "BooleanEquals": True, "Next": "A"}
    end = {"Type": "Pass", "End": True}
    loop = flow(
        A=action("A"), Again={"Type": "Choice", "Choices": [rule], "Default": "End"}, End=end
    )
    del loop["States"]["Again"]["Next"]
    assert "last round" in warned(loop)["A"]
    given = flow(A=action("A"), Set={"Type": "Pass", "Result": {"b": 1}, "ResultPath": "$.a"})
    assert "in part" in warned(given)["A"]
    assert warned(flow(A=action("A"), B=action("B"))) == {}


def test_a_broken_database_fails_no_run_unless_the_flow_is_strict(endpoint: Endpoint) -> None:
    assert run(woven(three()), broken=1).run.succeeded
    ran = run(woven(three(), strict=True), broken=1)
    assert ran.run.failed_state == "RecordRun_Fit"


def test_what_each_action_had_recorded_is_not_recorded_again(endpoint: Endpoint) -> None:
    run(instrument(three()).definition, run_id="one")
    before = endpoint.counts()
    run(woven(three()), run_id="one")
    after = endpoint.counts()
    del before["receipt"], after["receipt"]
    assert after == before


def test_a_call_that_comes_twice_records_once_and_one_that_is_refused_nothing(
    endpoint: Endpoint,
) -> None:
    begun = document(action_id="a", start_time="2026-01-01T00:00Z")
    told = [
        {"step_name": "B", "outcomes": [{"document": document(action_id="b")}], "after": ["A"]},
        {
            "step_name": "A",
            "outcomes": [{"document": begun}],
        },
        {"step_name": "C", "outcomes": [{"document": None}, {"error": {"Error": None}}, {}]},
    ]
    first = endpoint.flow_run(told, run_id="one")
    assert first["records"] == 2
    assert endpoint.flow_run(told, run_id="one") == first
    assert (first["record_ids"][0], "informed", first["record_ids"][1]) in roles(endpoint)
    for wrong in ({"steps": 3}, {"steps": [3]}, {"steps": [{"step_name": "A"}]}, {"steps": [{}]}):
        refused(endpoint, lambda wrong=wrong: endpoint.flow_run(**wrong), "invalid-argument")
    bad = {"step_name": "D", "outcomes": [{"document": {"action_id": "d"}}], "is_transfer": True}
    line = refused(
        endpoint,
        lambda: endpoint.flow_run([*told, bad | {"given": {"DATA": 3}}], run_id="two"),
    )
    assert "transfer_input" in line


def test_where_a_run_may_end_unrecorded_is_told() -> None:
    rule = {"Variable": "$.a", "IsPresent": True, "Next": "B"}
    told = flow(A=action("A"), Decide={"Type": "Choice", "Choices": [rule]}, B=action("B"))
    del told["States"]["Decide"]["Next"]
    warned = {w.state: w.sentence for w in instrument(told, mode="once").warnings}
    assert "no rule matches" in warned["Decide"]


def test_a_run_that_nobody_answers_is_recorded_as_it_dies(endpoint: Endpoint) -> None:
    asking = {
        "A": action("A"),
        "Ask": {
            "Type": "CreateWebInput",
            "Parameters": {"Options": [{"Value": "yes"}]},
            "ResultPath": "$.asked",
        },
        "Await": {"Type": "AwaitWebInput", "InputPath": "$.asked", "ResultPath": "$.said"},
        "B": action("B"),
    }
    told = flow(**asking)
    done = instrument(told, mode="once")
    assert strip(done.definition) == told
    assert done.warnings == []
    unanswered = [Failure("Await", "unanswered")]
    ran = run_published(done.definition, dict(INPUT), str(uuid.uuid4()), "/made", unanswered)
    assert (ran.done.failed_state, ran.done.error) == ("Await", "Flows.WebInputExpired")
    assert "Nobody answered" in str(ran.done.explanation)
    assert set(ids(endpoint)) == {"A"}


def test_a_transfer_whose_files_were_lost_makes_no_records_without_a_name(
    endpoint: Endpoint,
) -> None:
    ends = {"source_endpoint": "s", "destination_endpoint": "d"}
    whole = {"source_path": "/a", "destination_path": "/b"}
    for number, given in enumerate(
        ({"DATA": [{}]}, {"DATA": [whole]}, {**ends, "DATA": [{"source_path": "/a"}, whole]})
    ):
        left = document(action_id=str(number), details={"task_id": f"task-{number}"})
        step = {"step_name": "T", "is_transfer": True, "given": given}
        endpoint.flow_run([{**step, "outcomes": [{"document": left}]}], run_id=f"run {number}")
    names = [endpoint.record(row.record_id).name for row in endpoint.rows("record")]
    assert len([name for name in names if "task" in name]) == 3
    assert len(names) == 5


def test_an_error_that_replaced_the_whole_state_is_recorded_at_the_end(
    endpoint: Endpoint,
) -> None:
    told = flow(A=action("A", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "F"}]))
    told["States"]["F"] = {"Type": "Fail", "Error": "Stopped", "Cause": "A failed."}
    ran = run(woven(told, registered=REGISTERED), [Outcome("failed")])
    assert ran.run.error == "Stopped"
    [name] = ids(endpoint)
    assert name == "A"
    assert endpoint.record(ids(endpoint)["A"]).tags["status"] == "FAILED"


def test_a_document_of_another_state_at_the_same_path_is_not_taken_for_ones_own(
    endpoint: Endpoint,
) -> None:
    told = flow(A=action("A", ResultPath="$.x"), B=action("B", ResultPath="$.x"))
    run(woven(told))
    assert set(ids(endpoint)) == {"B"}


def test_nothing_private_is_told_at_the_end(endpoint: Endpoint) -> None:
    hidden = {"x.$": "$._private_key", "y": "secret-word", "__Private_Parameters": ["y"]}
    ran = run(woven(flow(A=action("_private_a", Parameters=hidden))))
    told = json.dumps(ran.here.calls)
    assert "secret" not in told
    assert "token" not in told
    assert set(ids(endpoint)) == {"A"}
