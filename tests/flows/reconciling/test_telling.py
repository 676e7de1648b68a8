"""What is recorded of logs that are cut off, odd, private, or partly recorded already."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine

from braid_db.errors import InvalidArgument
from braid_db.flows.errors import RunLogInvalid
from braid_db.flows.instrumenting import instrument
from braid_db.flows.reconciling.telling import RunTold
from braid_db.store.tables import metadata
from tests.flows.instrumenting.test_each import action, flow, transfer
from tests.flows.instrumenting.world import COLLECTIONS, INPUT, REGISTERED, Outcome, Ran, run
from tests.flows.reconciling.books import Book, book, read, steps, times
from tests.functions.calls import Endpoint, document

RUN = "run-1"


@pytest.fixture
def kept(endpoint: Endpoint) -> Iterator[Book]:
    """A database on either kind, which the environment names as well."""
    with book(endpoint.url) as opened:
        yield opened


@pytest.fixture
def noted(sqlite_endpoint: Endpoint) -> Iterator[Book]:
    """An SQLite file, which the environment names as well."""
    with book(sqlite_endpoint.url) as opened:
        yield opened


def two() -> dict[str, Any]:
    return flow(A=action("A"), B=action("B", Parameters={"x.$": "$.A.details.token"}))


def entry(code: str, name: str | None = None, number: int = 0, **details: Any) -> dict[str, Any]:
    """Return an entry of a log; its time is its number in seconds after ten."""
    named = {} if name is None else {"state_name": name, "state_type": "Action"}
    time = f"2026-03-01T10:00:{number:02}+00:00"
    return {"time": time, "code": code, "description": "as told", "details": {**named, **details}}


def status_of(kept: Book, record_id: int) -> tuple[Any, Any]:
    tags = kept.endpoint.record(record_id).tags
    return tags["status"], tags.get("error")


def test_a_run_that_goes_on_is_recorded_as_far_as_it_came_and_then_completed(kept: Book) -> None:
    ran = run(two(), run_id=RUN)
    assert [one["code"] for one in ran.log[:4]] == [
        "FlowStarted",
        "ActionStarted",
        "ActionCompleted",
        "ActionStarted",
    ]
    first = kept.reconcile(read(ran.log[:4], two()))
    assert len(first.record_ids) == 1
    last = kept.reconcile(read(ran.log, two()))
    assert last.record_ids[:1] == first.record_ids
    assert kept.endpoint.into(last.record_ids[1]) == {
        ((last.record_ids[0], 1), "followed"),
        ((last.record_ids[0], 1), "informed"),
    }


def there_and_back() -> dict[str, Any]:
    """Return a flow whose second transfer reads what the first one wrote."""
    back = transfer("Back", {"source_path": "/archive/x"})
    back["Parameters"] |= {
        "source_endpoint": COLLECTIONS["destination_endpoint"],
        "destination_endpoint": COLLECTIONS["source_endpoint"],
    }
    return flow(In=transfer("In", {"source_path": "/data/x"}), Back=back)


def test_what_is_told_late_made_what_was_read_after_it(kept: Book) -> None:
    told = read(run(there_and_back(), run_id=RUN).log, there_and_back())
    [back] = kept.reconcile(RunTold(told.run, told.steps[1:])).new
    [((moved, version), _)] = [one for one in kept.endpoint.into(back) if one[1] == "transferred"]
    [new] = kept.reconcile(told).new
    assert ((new, 1), "generated") in kept.endpoint.into(moved, version)
    assert [row.number for row in kept.endpoint.rows("version") if row.record_id == moved] == [1]


def test_what_was_written_twice_before_it_was_read_is_of_the_last_writer(kept: Book) -> None:
    again = transfer("Again", {"source_path": "/data/y"})
    states = there_and_back()["States"]
    definition = flow(In=states["In"] | {"Next": "Again"}, Again=again, Back=states["Back"])
    told = read(run(definition, run_id=RUN).log, definition)
    [back] = kept.reconcile(RunTold(told.run, told.steps[2:])).new
    [((moved, version), _)] = [one for one in kept.endpoint.into(back) if one[1] == "transferred"]
    _, last = kept.reconcile(told).new
    assert ((last, 1), "generated") in kept.endpoint.into(moved, version)


def test_a_step_without_its_input_is_said_to_stay_without_it() -> None:
    made = {"Type": "Pass", "Result": 2, "ResultPath": "$.a"}
    woven = instrument(flow(A=action("A"), Over=made), mode="once", registered=REGISTERED)
    [said] = [one for one in woven.warnings if "only in part" in str(one)]
    assert "reconcile" not in str(said)


def test_what_was_interrupted_and_gone_on_with_is_one_execution(noted: Book) -> None:
    log = run(two(), run_id=RUN).log
    again = [*log[:2], *log[1:]]
    assert len(noted.reconcile(read(again, two())).record_ids) == 2


def test_unknown_codes_are_skipped_with_a_warning(noted: Book) -> None:
    log = run(two(), run_id=RUN).log
    strange = [entry("ActionTeleported", "A"), entry("Weather"), entry("Weather")]
    told = read([*log[:2], *strange, *log[2:]], two())
    assert told.warnings == [
        "1 entries with the unknown code 'ActionTeleported' were skipped.",
        "2 entries with the unknown code 'Weather' were skipped.",
    ]
    assert len(noted.reconcile(told).record_ids) == 2


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        ("ActionFailed", [entry("ActionFailed", "A", 3)]),
        ("Boom", [entry("ActionFailed", "A", 3, error="Boom", cause='{"code": 3}')]),
        ("FlowFailed", [entry("ActionPolled", "A", 2), entry("FlowFailed", "A", 3)]),
        ("Boom", [entry("FlowFailed", "A", 3, exception="Boom", cause="it did")]),
        ("Unknown", [entry("FlowFailed", None, 3)]),
        ("ActionGaveUp", [entry("ActionGaveUp", "A", 2), entry("PassStarted", "P", 3)]),
    ],
)
def test_a_failure_is_recorded_as_such_however_the_log_tells_it(
    noted: Book, error: str, ending: list[Any]
) -> None:
    log = [entry("FlowStarted", input={}), entry("ActionStarted", "A", 1, input={"x": 1}), *ending]
    [record_id] = noted.reconcile(read(log, None, RUN)).record_ids
    assert status_of(noted, record_id) == ("FAILED", error)
    began, _ = times(noted.endpoint, record_id)
    assert began == datetime(2026, 3, 1, 10, 0, 1, tzinfo=UTC)


def test_an_action_of_a_run_that_was_canceled_is_not_said_to_have_failed(noted: Book) -> None:
    log = [
        entry("FlowStarted", input={}),
        entry("ActionStarted", "A", 1, input={"x": 1}),
        entry("FlowCanceled", None, 2),
    ]
    [record_id] = noted.reconcile(read(log, None, RUN)).record_ids
    assert status_of(noted, record_id) == ("ACTIVE", "FlowCanceled")


def test_an_action_whose_input_could_not_be_made_did_not_run(noted: Book) -> None:
    told = flow(A=action("A", Parameters={"x.$": "$.nowhere"}))
    ran = run(told, run_id=RUN)
    assert ran.run.error == "States.Runtime"
    assert noted.reconcile(read(ran.log, told)).record_ids == []


def test_executions_that_were_refused_are_told_apart(kept: Book) -> None:
    rule = {"Variable": "$.n", "NumericLessThan": 3, "Next": "A"}
    catch = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Count"}
    told = flow(
        A=action("A", Catch=[catch]),
        Count={"Type": "ExpressionEval", "Parameters": {"n.=": "n + 1"}, "ResultPath": "$.count"},
        Put={"Type": "Pass", "InputPath": "$.count.n", "ResultPath": "$.n"},
        Again={"Type": "Choice", "Choices": [rule], "Default": "End"},
        End={"Type": "Pass", "End": True},
    )
    del told["States"]["Again"]["Next"]
    ran = run(told, [Outcome("refused")] * 3, run_input={**INPUT, "n": 0}, run_id=RUN)
    ids = kept.reconcile(read(ran.log, told)).record_ids
    assert len(set(ids)) == 3
    before = kept.endpoint.everything()
    assert kept.reconcile(read(ran.log, told)).new == []
    assert kept.endpoint.everything() == before


def hiding() -> dict[str, Any]:
    """Return a flow with a result, an error and Parameters that it keeps private."""
    hidden = {"x.$": "$._private_key", "y": "secret-word", "__Private_Parameters": ["y"]}
    catch = {"ErrorEquals": ["States.ALL"], "ResultPath": "$._private_error", "Next": "C"}
    return flow(
        A=action("_private_a", Parameters=hidden),
        B=action("B", Catch=[catch]),
        C=action("C", Parameters={"a.$": "$.a", "folder.$": "$.folder"}),
    )


def test_nothing_private_is_recorded(kept: Book) -> None:
    ran = run(hiding(), [Outcome(), Outcome("failed")], run_id=RUN)
    ids = kept.reconcile(read(ran.log, hiding())).record_ids
    text = json.dumps(kept.endpoint.everything())
    assert "secret" not in text
    assert "token-1" not in text
    assert status_of(kept, ids[0]) == ("SUCCEEDED", None)
    assert status_of(kept, ids[1]) == ("FAILED", None)


def test_a_private_result_is_not_recorded_even_if_the_log_shows_it(noted: Book) -> None:
    shown = {"A": {**document({"provenance": {"tags": {"x": "secret"}}}), "state_name": "A"}}
    log = [
        entry("FlowStarted", input={}),
        entry("ActionStarted", "A", 1, input={"a": 1}),
        entry("ActionCompleted", "A", 2, output=shown),
    ]
    noted.reconcile(read(log, flow(A=action("_private_a")), RUN))
    assert "secret" not in json.dumps(noted.endpoint.everything())


@pytest.mark.parametrize("mode", ["each", "once"])
def test_what_has_a_record_though_its_document_is_private_is_left_alone(
    kept: Book, mode: str
) -> None:
    woven = instrument(hiding(), mode=mode, registered=REGISTERED).definition
    ran = run(woven, [Outcome(), Outcome("failed")], run_id=RUN)
    before = kept.endpoint.everything()
    assert kept.reconcile(read(ran.log, woven)).new == []
    assert kept.endpoint.everything() == before


def test_a_loop_that_was_recorded_at_its_end_is_completed_by_its_earlier_rounds(
    kept: Book,
) -> None:
    rule = {"Variable": "$.A.details.again", "BooleanEquals": True, "Next": "A"}
    told = flow(
        A=action("A"),
        Again={"Type": "Choice", "Choices": [rule], "Default": "B"},
        B=action("B", Parameters={"x.$": "$.A.details.token"}),
    )
    del told["States"]["Again"]["Next"]
    woven = instrument(told, mode="once", registered=REGISTERED).definition
    ran = run(woven, [Outcome(again=True), Outcome(again=True)], run_id=RUN)
    last, after = steps(kept.endpoint, RUN)
    into_last = kept.endpoint.into(last)
    ids = kept.reconcile(read(ran.log, woven))
    assert ids.record_ids == [*ids.new, last, after]
    assert len(ids.new) == 2
    assert kept.endpoint.into(ids.new[1]) == {((ids.new[0], 1), "followed")}
    assert kept.endpoint.into(last) == {*into_last, ((ids.new[1], 1), "followed")}


def test_a_flows_own_call_that_comes_after_the_log_was_read_gets_the_record(kept: Book) -> None:
    ran = run(two(), run_id=RUN)
    [first, _] = kept.reconcile(read(ran.log, two())).record_ids
    left = ran.run.state["A"]
    result = kept.endpoint.step(
        step_name="A", step_result=left, run_id=RUN, idempotency_key=f"{RUN}:A:{left['action_id']}"
    )
    assert result["flow_state_record_id"] == first
    assert len(steps(kept.endpoint, RUN)) == 2


def test_steps_that_were_recorded_without_a_key_are_known_by_when_they_began(kept: Book) -> None:
    ran = run(two(), run_id=RUN)
    one = kept.endpoint.step_id(
        step_name="Named otherwise", step_result=ran.run.state["A"], run_id=RUN
    )
    outcome = kept.reconcile(read(ran.log, two()))
    assert outcome.record_ids == [one, *outcome.new]
    assert kept.endpoint.into(outcome.new[0]) >= {((one, 1), "followed")}


def test_receipts_that_were_pruned_are_not_needed(kept: Book) -> None:
    ran = run(hiding(), [Outcome(), Outcome("refused")], run_id=RUN)
    first = kept.reconcile(read(ran.log, hiding())).record_ids
    with create_engine(kept.endpoint.url, poolclass=NullPool).begin() as connection:
        connection.execute(metadata.tables["receipt"].delete())
    before = kept.endpoint.everything()
    outcome = kept.reconcile(read(ran.log, hiding()))
    assert (outcome.record_ids, outcome.new) == (first, [])
    assert kept.endpoint.everything() == before


def test_provenance_steps_of_the_flows_author_are_no_part_of_its_work(noted: Book) -> None:
    call = {
        "endpoint_id": "e",
        "tasks": [
            {
                "function_id.$": "$.functions.add_record_for_action_step",
                "kwargs": {
                    "step_name": "Scanned",
                    "step_result.$": "$.A",
                    "run_id.$": "$._context.run_id",
                },
            }
        ],
    }
    url = "https://compute.actions.globus.org/v3"
    told = flow(A=action("A"), Note=action("Note", ActionUrl=url, Parameters=call), B=action("B"))
    ran = run(told, run_id=RUN)
    [known] = steps(noted.endpoint, RUN)
    for definition in (told, None):
        outcome = noted.reconcile(read(ran.log, definition))
        assert outcome.record_ids[0] == known
        assert len(outcome.record_ids) == 2


def test_a_part_that_cannot_be_recorded_is_left_out_with_a_warning(noted: Book) -> None:
    wrong = document({"provenance": {"outputs": 3}}, action_id="a")
    log = [
        entry("FlowStarted", input={}),
        entry("ActionStarted", "A", 1, input={"x": 1}),
        entry("ActionCompleted", "A", 2, output={"A": {**wrong, "state_name": "A"}}),
        entry("ActionStarted", "T", 3, input={"DATA": [3], "source_endpoint": "s"}),
        entry("ActionCompleted", "T", 4, output={"T": {**document(), "state_name": "T"}}),
    ]
    outcome = noted.reconcile(read(log, None, RUN))
    assert len(outcome.new) == 2
    assert [line.split(":")[0] for line in outcome.warnings] == ["A", "A", "T"]
    assert status_of(noted, outcome.new[0]) == ("SUCCEEDED", None)


def test_what_the_log_does_not_tell_is_left_out_and_said(noted: Book) -> None:
    item = {"source_path.=": "'/data/' + secrets.name", "destination_path": "/x"}
    told = flow(Send=transfer("Send", {}))
    told["States"]["Send"]["Parameters"]["DATA"] = [item]
    ends = {"source_endpoint": "s", "destination_endpoint": "d"}
    log = [
        entry("FlowStarted", input={}),
        entry("ActionStarted", "Send", 1, input={**ends, "DATA": [item]}),
        entry("ActionCompleted", "Send", 2, output={"Send": {**document(), "state_name": "Send"}}),
    ]
    for definition in (told, None):
        outcome = read(log, definition, RUN)
        assert outcome.warnings == ["Send: the log does not tell the values of source_path."]
        noted.reconcile(outcome)
    assert noted.endpoint.edges() == set()


def test_an_action_that_is_given_the_whole_state_is_not_recorded_with_it(noted: Book) -> None:
    told = flow(A=action("A"))
    del told["States"]["A"]["Parameters"]
    ran = run(told, run_id=RUN)
    for definition in (told, None):
        [step] = read(ran.log, definition).steps
        assert step["given"] is None


def test_a_definition_that_cannot_be_used_leaves_the_order(noted: Book) -> None:
    told = read(run(two(), run_id=RUN).log, {"States": {"A": {"Type": "Task"}}})
    assert "cannot be used" in told.warnings[0]
    assert [step["after"] for step in told.steps] == [None, None]
    assert len(noted.reconcile(told).record_ids) == 2


def test_an_instrumented_flow_that_somebody_has_changed_leaves_the_order_as_well() -> None:
    catch = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "B"}
    told = instrument(flow(A=action("A", Catch=[catch]), B=action("B"))).definition
    for state in told["States"].values():
        if state.get("Next") == "B":
            del state["Next"]
            state["End"] = True
    assert "cannot be used" in read([entry("FlowStarted", input={})], told, RUN).warnings[0]


def test_a_log_of_another_run_is_refused() -> None:
    ran: Ran = run(two(), run_id=RUN)
    with pytest.raises(RunLogInvalid, match=r"of run 'run-1', and not of 'run-2'"):
        read(ran.log, two(), "run-2")
    with pytest.raises(RunLogInvalid, match="Entry 1 of the run's log is 3"):
        read([ran.log[0], 3], two())


def test_a_run_without_an_id_is_refused(noted: Book) -> None:
    with pytest.raises(InvalidArgument):
        noted.reconcile(read([entry("FlowStarted", input={})]))
