"""What a loop gathers, what is joined, what takes the whole state: of whose results it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from braid_db.flows.instrumenting import instrument, table
from tests.flows.instrumenting.test_each import action, flow
from tests.flows.instrumenting.world import OTHER, REGISTERED, TRANSFER, Outcome, run
from tests.flows.reconciling.books import Book, read
from tests.functions.calls import Endpoint


def source(name: str, **fields: Any) -> dict[str, Any]:
    """Return an action that is given nothing of the state."""
    return action(name, Parameters={"n": 1}, **fields)


Edges = set[tuple[int, int]]
ROUNDS = 4


def gathering() -> dict[str, Any]:
    """Return a flow that gathers the results of all rounds of a loop, and then reads them."""
    again = {"Variable": "$.step.details.again", "BooleanEquals": True, "Next": "Step"}
    return flow(
        Begin={"Type": "Pass", "Result": {"list": []}, "ResultPath": "$.all"},
        Step=source("step"),
        Gather={
            "Type": "ExpressionEval",
            "Parameters": {"list.=": "all.list + [step.details.token]"},
            "ResultPath": "$.all",
        },
        Again={"Type": "Choice", "Choices": [again], "Default": "Fit", "Next": "Fit"},
        Between=source("between"),
        Fit=action("fit", Parameters={"x.$": "$.all.list"}),
    )


def loop() -> dict[str, Any]:
    definition = gathering()
    del definition["States"]["Again"]["Next"]
    definition["States"]["Again"]["Default"] = "Between"
    return definition


OUTCOMES = [Outcome(again=True)] * (ROUNDS - 1) + [Outcome()]


def by_each(endpoint: Endpoint, definition: Any, outcomes: list[Outcome], **given: Any) -> Edges:
    """Return which execution depends on which, by the records that the flow made itself."""
    woven = instrument(definition, registered=REGISTERED).definition
    assert run(woven, outcomes, **given).run.succeeded
    return informed(endpoint)


def by_log(endpoint: Endpoint, definition: Any, outcomes: list[Outcome], **given: Any) -> Edges:
    """Return the same by what the log tells of a run that recorded nothing."""
    log = run(definition, outcomes, run_id="r", **given).log
    book = Book(endpoint.url)
    try:
        book.reconcile(read(log, definition))
    finally:
        book.close()
    return informed(endpoint)


def informed(endpoint: Endpoint) -> Edges:
    return {(a, b) for (a, _), role, (b, _) in endpoint.edges() if role == "informed"}


Way = Callable[..., Edges]
BOTH = pytest.mark.parametrize("by", [by_each, by_log])


@BOTH
def test_what_reads_what_a_loop_gathered_depends_on_every_round(
    sqlite_endpoint: Endpoint, by: Way
) -> None:
    fit = ROUNDS + 2
    found = by(sqlite_endpoint, loop(), OUTCOMES)
    assert found == {(number, fit) for number in range(1, ROUNDS + 1)}
    sqlite_endpoint.recall(record_id=1, cause="the first round was wrong")
    assert sqlite_endpoint.check(record_ids=fit)["valid"] is False


def test_of_very_many_rounds_the_state_has_a_few_ids_and_a_recall_still_reaches_all(
    sqlite_endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MOST_ROUNDS", 3)
    many, fit = 8, 10
    woven = instrument(loop(), registered=REGISTERED).definition
    ran = run(woven, [Outcome(again=True)] * (many - 1) + [Outcome()])
    assert len(ran.run.state["braid_db"]["steps"]["Step"]["rounds"]) <= 3
    for number in range(1, many + 1):
        reached = reach(informed(sqlite_endpoint), number)
        assert fit in reached


def reach(edges: Edges, start: int) -> set[int]:
    found = {start}
    while more := {b for a, b in edges if a in found} - found:
        found |= more
    return found


@BOTH
def test_a_field_that_a_pass_put_beside_others_comes_from_its_own_source(
    sqlite_endpoint: Endpoint, by: Way
) -> None:
    told = flow(
        A=source("a"),
        B=source("b"),
        Both={
            "Type": "Pass",
            "Parameters": {"x.$": "$.a.details", "y": {"z.$": "$.b.details"}},
            "ResultPath": "$.pass",
        },
        C=action("c", Parameters={"x.$": "$.pass.x.token"}),
        D=action("d", Parameters={"x.$": "$.pass.y"}),
        E=action("e", Parameters={"x.$": "$.pass"}),
    )
    assert by(sqlite_endpoint, told, []) == {(1, 3), (2, 4), (1, 5), (2, 5)}


@BOTH
def test_what_a_copied_object_holds_of_several_is_still_told_apart(
    sqlite_endpoint: Endpoint, by: Way
) -> None:
    told = flow(
        Both={"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.both"},
        A=source("a", ResultPath="$.both.one"),
        B=source("b", ResultPath="$.both.two"),
        Copy={"Type": "Pass", "Parameters": {"of.$": "$.both"}, "ResultPath": "$.copy"},
        C=action("c", Parameters={"x.$": "$.copy.of.one.details"}),
        D=action("d", Parameters={"x.$": "$.both"}),
    )
    assert by(sqlite_endpoint, told, []) == {(1, 3), (1, 4), (2, 4)}


@BOTH
@pytest.mark.parametrize(
    "whole", [{"Parameters": {"x.$": "$"}}, {"Parameters": {"x": [{"y.=": "`$`"}]}}, {}]
)
def test_whoever_takes_the_whole_state_depends_on_all_that_still_stands_in_it(
    sqlite_endpoint: Endpoint, by: Way, whole: dict[str, Any]
) -> None:
    taking = action("d", **whole)
    if not whole:
        del taking["Parameters"]
    told = flow(A=source("x"), B=source("x"), C=source("c"), D=taking)
    assert by(sqlite_endpoint, told, []) == {(2, 4), (3, 4)}


@BOTH
def test_a_transfer_that_takes_the_whole_state_reads_what_transfers_know(
    sqlite_endpoint: Endpoint, by: Way
) -> None:
    sent = action("sent", ActionUrl=TRANSFER)
    del sent["Parameters"]
    item = {"source_path.=": "'/data/' + a.details.token", "destination_path": "/x"}
    ends = {"source_endpoint": "0e8a4f9c", "destination_endpoint": "5f3d1c7a"}
    told = flow(
        A=source("a"),
        B=source("b"),
        List={"Type": "Pass", "Parameters": {"own": [item]}, "ResultPath": "$.list"},
        Items={"Type": "Pass", "InputPath": "$.list.own", "ResultPath": "$.DATA"},
        Send=sent,
    )
    given = {**ends, "a": 1, "functions": REGISTERED.functions}
    given["provenance_endpoint_id"] = str(REGISTERED.endpoint_id)
    found = by(sqlite_endpoint, told, [], run_input=given)
    [transfer] = [one.record_id for one in sqlite_endpoint.rows("record") if one.kind == "transfer"]
    assert found == {(1, transfer)}


@BOTH
def test_what_the_run_itself_is_called_comes_from_no_action(
    sqlite_endpoint: Endpoint, by: Way
) -> None:
    over = action("over")
    del over["ResultPath"]
    told = flow(A=over, B=action("b", Parameters={"x.$": "$._context.run_id"}))
    assert by(sqlite_endpoint, told, []) == set()


@BOTH
def test_a_result_that_another_way_did_not_overwrite_is_only_there_on_that_way(
    sqlite_endpoint: Endpoint, by: Way
) -> None:
    rule = {"Variable": "$.x.details.again", "BooleanEquals": True, "Next": "Mend"}
    told = flow(
        Try=source("x"),
        Well={"Type": "Choice", "Choices": [rule], "Default": "Use", "Next": ""},
        Mend=action("x", Parameters={"n": 1}),
        Use=action("use", Parameters={"x.$": "$.x"}),
    )
    del told["States"]["Well"]["Next"]
    assert by(sqlite_endpoint, told, [Outcome(again=True)]) == {(2, 3)}


@BOTH
def test_data_goes_through_a_pass_that_replaces_the_whole_state(
    sqlite_endpoint: Endpoint, by: Way
) -> None:
    told = flow(
        A=source("a"),
        B=source("b"),
        Only={"Type": "Pass", "Parameters": {"kept.$": "$.a.details", "a": 1}},
        C=action("c", Parameters={"x.$": "$.kept"}),
    )
    assert by(sqlite_endpoint, told, []) == {(1, 3)}
    followed = {(a, b) for (a, _), role, (b, _) in sqlite_endpoint.edges() if role == "followed"}
    assert followed == {(1, 2), (2, 3)}


def test_a_state_that_nests_itself_for_ever_is_read_in_time() -> None:
    again = {"Variable": "$.A.details.again", "BooleanEquals": True, "Next": "Nest"}
    told = flow(
        A=action("A"),
        Nest={
            "Type": "Pass",
            "Parameters": {"a.$": "$.A", "b.$": "$.p", "c.$": "$"},
            "ResultPath": "$.p",
        },
        Again={"Type": "Choice", "Choices": [again], "Default": "B", "Next": ""},
        B={"Type": "Action", "ActionUrl": OTHER, "Parameters": {"x.$": "$.p"}},
    )
    del told["States"]["Again"]["Next"]
    assert instrument(told).recorded == ["A", "B"]


def test_an_interrupted_run_that_went_on_is_traced_as_one(sqlite_endpoint: Endpoint) -> None:
    told = flow(A=source("a"), B=action("b", Parameters={"x.$": "$.a"}))
    log = run(told).log
    [_, second] = read([*log[:3], *log[1:3], *log[3:]], told).steps
    assert second["after"] == [0]
