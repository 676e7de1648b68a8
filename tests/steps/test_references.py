"""Tests of references to earlier steps: every form in which a flow's state may hold one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.functions.calls import Endpoint, Result, document, nested, refused

Form = Callable[[Result], Any]

FORMS: dict[str, Form] = {
    "an integer": lambda made: made["flow_state_record_id"],
    "a text of digits": lambda made: str(made["flow_state_record_id"]),
    "a text of digits with leading zeros": lambda made: f"00{made['flow_state_record_id']}",
    "a result itself": lambda made: made,
    "a status document": document,
    "a document that holds only results": lambda made: {
        "details": {"results": [{"task_id": "t", "output": made}]}
    },
    "a document that holds only result": lambda made: {"details": {"result": [made]}},
    "a document without a status": lambda made: {"details": document(made)["details"]},
    "a list": lambda made: [made["flow_state_record_id"]],
    "lists within lists": lambda made: [[], [[str(made["flow_state_record_id"])]], None],
    "upstream's result, which names no versions": lambda made: {
        key: made[key] for key in ("flow_state_record_id", "input_record_ids", "output_record_ids")
    },
}

EMPTY: list[Any] = [None, "", {}, [], (), [None, "", {}, [[]]]]


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    """Each form of a reference that is accepted."""
    chosen: Form = request.param
    return chosen


def test_every_form_of_a_reference_names_the_step_that_it_stands_for(
    endpoint: Endpoint, form: Form
) -> None:
    other = endpoint.step(step_name="Other")
    before = endpoint.step(step_name="Before")
    step = endpoint.step_id(previous_step_output=form(before))
    moved = endpoint.transfer(previous_step_record_id=form(before))["flow_state_record_id"]
    informed = endpoint.step_id(other_predecessor_record_ids=[form(before), form(other)])
    action = endpoint.action(command="mail")
    linked = endpoint.link(form(before), action)
    node = (before["flow_state_record_id"], 1)
    assert endpoint.into(step) == endpoint.into(moved) == {(node, "followed")}
    assert endpoint.into(informed) == {
        (node, "informed"),
        ((other["flow_state_record_id"], 1), "informed"),
    }
    assert linked["flow_state_record_id"] == node[0]


def test_inputs_and_outputs_are_read_from_the_same_named_list_of_each_form(
    endpoint: Endpoint, form: Form
) -> None:
    before = endpoint.step(
        step_name="Before",
        input_record_defs=[{"name": "a"}, {"name": "b"}],
        output_record_defs=[{"name": "c"}],
    )
    reference = form(before)
    step = endpoint.step(input_record_ids=reference)
    bare = [before["flow_state_record_id"]]
    is_document = isinstance(reference, dict)
    assert step["input_record_ids"] == (before["input_record_ids"] if is_document else bare)


REFERENCED = [
    ("input_record_ids", {}, "input_record_ids"),
    ("input_record_ids", {"inputs_from_referenced_outputs": True}, "output_record_ids"),
    ("input_record_ids", {"outputs_from_referenced_inputs": True}, "input_record_ids"),
    ("output_record_ids", {}, "output_record_ids"),
    ("output_record_ids", {"outputs_from_referenced_inputs": True}, "input_record_ids"),
    ("output_record_ids", {"inputs_from_referenced_outputs": True}, "output_record_ids"),
]


@pytest.mark.parametrize(("argument", "flags", "key"), REFERENCED)
def test_the_flags_choose_which_ids_of_the_referenced_result_are_meant(
    endpoint: Endpoint, argument: str, flags: dict[str, bool], key: str
) -> None:
    before = endpoint.step(
        input_record_defs=[{"name": "a"}, {"name": "b"}],
        output_record_defs=[{"name": "c"}, {"name": "d"}],
    )
    step = endpoint.step(**{argument: document(before)}, **flags)
    assert step[argument] == before[key]


def test_all_results_of_a_document_and_of_a_list_count_in_their_order(endpoint: Endpoint) -> None:
    first, second, third = (
        endpoint.step(output_record_defs=[{"name": "x"}, {"name": "y"}]) for _ in range(3)
    )
    mixture = [document(second, first), str(third["output_record_ids"][1]), [third]]
    step = endpoint.step(input_record_ids=mixture, inputs_from_referenced_outputs=True)
    assert step["input_record_ids"] == [
        *second["output_record_ids"],
        *first["output_record_ids"],
        third["output_record_ids"][1],
        *third["output_record_ids"],
    ]
    follower = endpoint.step_id(previous_step_output=[document(second, first), third])
    assert {node[0] for node, _ in endpoint.into(follower)} == {
        one["flow_state_record_id"] for one in (first, second, third)
    }


@pytest.mark.parametrize("empty", EMPTY)
def test_an_empty_reference_names_nothing(endpoint: Endpoint, empty: Any) -> None:
    endpoint.step()
    step = endpoint.step(
        previous_step_output=empty,
        other_predecessor_record_ids=empty,
        input_record_ids=empty,
        output_record_ids=empty,
    )
    moved = endpoint.transfer(previous_step_record_id=empty)
    assert step["input_record_ids"] == step["output_record_ids"] == []
    assert "missing" not in step
    assert "missing" not in moved
    assert endpoint.edges() == set()


# What leads nowhere. The database that is kept holds the records 1, 2 and 3, a step.

GOOD = {"flow_state_record_id": 3, "input_record_ids": [1], "output_record_ids": [2]}

NOWHERE: dict[str, tuple[Any, str, str]] = {
    "an id of no record": (99, "record-not-found", "No record 99"),
    "the largest id there could be": (
        2**63 - 1,
        "record-not-found",
        "No record 9223372036854775807",
    ),
    "digits of no record": ("99", "record-not-found", "No record 99"),
    "true": (True, "invalid-reference", "a boolean, which is no record id"),
    "false": (False, "invalid-reference", "a boolean, which is no record id"),
    "zero": (0, "invalid-reference", "record ids are from 1"),
    "a negative number": (-3, "invalid-reference", "the number -3, and record ids are from 1"),
    "a negative number as text": ("-3", "invalid-reference", "'-3', which is no record id"),
    "more than 64 bits": (2**63, "invalid-reference", "record ids are from 1 to 2^63-1"),
    "more than 64 bits as text": (str(2**63), "invalid-reference", "from 1 to 2^63-1"),
    "thousands of digits": (10**5000, "invalid-reference", "record ids are from 1 to 2^63-1"),
    "thousands of digits as text": ("1" * 5000, "invalid-reference", "no record id"),
    "a float": (3.0, "invalid-reference", "the number 3.0, which is no record id"),
    "NaN": (float("nan"), "invalid-reference", "which is no record id"),
    "a text": ("three", "invalid-reference", "'three', which is no record id"),
    "a blank": (" ", "invalid-reference", "which is no record id"),
    "a digit with a blank": ("3 ", "invalid-reference", "which is no record id"),
    "digits of another script": ("३", "invalid-reference", "which is no record id"),
    "a lone surrogate": ("\ud800", "invalid-reference", "which is no record id"),
    "bytes": (b"3", "invalid-reference", "which is no record id"),
    "an object of something else": ({"a": 1}, "invalid-reference", "is of another action"),
    "one bad thing in a list": ([3, [3, "x"]], "invalid-reference", "'x', which is no record id"),
    "a document of no results": (document(), "invalid-reference", "without results"),
    "a document without details": ({"details": None}, "invalid-reference", "without results"),
    "details that are a text": ({"details": "x"}, "invalid-reference", "without results"),
    "results that are no list": (
        {"details": {"result": GOOD}},
        "invalid-reference",
        "without results",
    ),
    "results that are no objects": (
        {"details": {"results": [1, None, {"task_id": "t"}]}},
        "invalid-reference",
        "of another action",
    ),
    "a document of a failed action": (
        document(GOOD, status="FAILED"),
        "invalid-reference",
        "its action's status is 'FAILED'",
    ),
    "a document of an action under way": (
        document(GOOD, status="ACTIVE"),
        "invalid-reference",
        "its action's status is 'ACTIVE'",
    ),
    "a document whose status is null": (
        {**document(GOOD), "status": None},
        "invalid-reference",
        "its action's status is None",
    ),
    "a document whose status is nested deeply": (
        {**document(GOOD), "status": nested(100_000)},
        "invalid-reference",
        "its action's status is <list>",
    ),
    "a document of another action": (
        document({"Hello": "World"}),
        "invalid-reference",
        "is of another action",
    ),
    "a document with one result of another action": (
        document(GOOD, "done"),
        "invalid-reference",
        "is of another action",
    ),
    "a document of a Transfer": (
        document() | {"details": {"task_id": "t", "status": "SUCCEEDED"}},
        "invalid-reference",
        "without results",
    ),
    "a result of another database": (
        GOOD | {"database": "0190a5d2-0000-7000-8000-000000000000"},
        "other-database",
        "0190a5d2-0000-7000-8000-000000000000",
    ),
}

REFERENCING = (
    "previous_step_output",
    "other_predecessor_record_ids",
    "input_record_ids",
    "output_record_ids",
)


@pytest.mark.parametrize(("value", "code", "says"), NOWHERE.values(), ids=NOWHERE)
def test_a_reference_that_leads_nowhere_is_refused_and_nothing_is_written(
    kept: Endpoint, value: Any, code: str, says: str
) -> None:
    line = refused(kept, lambda: kept.step(previous_step_output=value, run_id="r"), code)
    assert says in line
    if code == "invalid-reference":
        assert "'previous_step_output' holds" in line
        assert 'if_missing="mark"' in line


@pytest.mark.parametrize("argument", REFERENCING)
@pytest.mark.parametrize("what", ["an id of no record", "true", "a result of another database"])
def test_every_argument_that_refers_refuses_what_leads_nowhere(
    kept: Endpoint, argument: str, what: str
) -> None:
    value, code, says = NOWHERE[what]
    line = refused(kept, lambda: kept.step(**{argument: value}, output_record_defs={}), code)
    assert says in line


@pytest.mark.parametrize(("value", "code", "says"), NOWHERE.values(), ids=NOWHERE)
def test_a_transfer_refuses_a_previous_step_that_leads_nowhere(
    kept: Endpoint, value: Any, code: str, says: str
) -> None:
    line = refused(kept, lambda: kept.transfer(previous_step_record_id=value), code)
    assert says in line


MALFORMED = [
    ({"input_record_ids": 1}, "'input_record_ids' is the number 1 and no list"),
    ({"input_record_ids": None}, "'input_record_ids' is null and no list"),
    ({"input_record_ids": [1, "x"]}, "'x', which is no record id"),
    ({"input_record_ids": [True]}, "a boolean, which is no record id"),
    ({"input_versions": [1]}, "versions are a list and no object"),
    ({"input_versions": {"1": 0}}, "version 0 of a record"),
    ({"input_versions": {"1": "2"}}, "version '2' of a record"),
    ({"input_versions": {"1": True}}, "version True of a record"),
    ({"input_versions": {"1": 2**31}}, "version 2147483648 of a record"),
    ({"input_versions": {"1": None}}, "version None of a record"),
    ({"input_versions": {"1": []}}, "version None of a record"),
    ({"input_versions": {"1": [[1]]}}, "version [1] of a record"),
]


@pytest.mark.parametrize(("spoilt", "says"), MALFORMED)
def test_a_result_that_was_changed_on_the_way_is_refused(
    kept: Endpoint, spoilt: dict[str, Any], says: str
) -> None:
    result = {**GOOD, **spoilt}
    line = refused(kept, lambda: kept.step(input_record_ids=document(result)), "invalid-reference")
    assert says in line


@pytest.mark.parametrize("argument", REFERENCING)
@pytest.mark.parametrize("depth", [102, 100_000])
def test_lists_of_references_are_nested_to_a_hundred_levels(
    kept: Endpoint, argument: str, depth: int
) -> None:
    assert kept.step(**{argument: nested(99, [])})
    call = {argument: nested(depth, 3), "if_missing": "mark"}
    line = refused(kept, lambda: kept.step(**call), "invalid-argument")
    assert f"'{argument}' is nested deeper than 100 levels; expected less" in line


def test_a_version_that_a_record_never_had_is_refused(kept: Endpoint) -> None:
    result = {**GOOD, "input_versions": {"1": 7}}
    line = refused(kept, lambda: kept.step(input_record_ids=result), "version-not-found")
    assert "Record 1 has no version 7" in line


# Who would rather keep the record


@pytest.mark.parametrize(("value", "code", "says"), NOWHERE.values(), ids=NOWHERE)
def test_a_reference_that_leads_nowhere_can_be_marked_instead(
    kept: Endpoint, value: Any, code: str, says: str
) -> None:
    step = kept.step(step_name="Marked", previous_step_output=value, if_missing="mark")
    [reason] = step["missing"]
    assert says in reason
    assert reason.isprintable()
    record = kept.record(step["flow_state_record_id"])
    assert record.tags["missing_predecessors"] == [reason]


def test_what_is_not_missing_is_linked_where_something_else_is_marked(endpoint: Endpoint) -> None:
    before = endpoint.step(input_record_defs={}, output_record_defs={})
    step = endpoint.step(
        previous_step_output=[before, 98],
        other_predecessor_record_ids=[before["flow_state_record_id"], "x"],
        input_record_ids=[99, before],
        output_record_ids=[before, 97],
        if_missing="mark",
    )
    [used], [made] = before["input_record_ids"], before["output_record_ids"]
    step_id = step["flow_state_record_id"]
    assert (step["input_record_ids"], step["output_record_ids"]) == ([used], [made])
    assert endpoint.into(step_id) == {
        ((before["flow_state_record_id"], 1), "followed"),
        ((before["flow_state_record_id"], 1), "informed"),
        ((used, 1), "used"),
    }
    assert len(step["missing"]) == 4
    for number in (97, 98, 99):
        assert [text for text in step["missing"] if f"No record {number} " in text]
    assert [text for text in step["missing"] if "'other_predecessor_record_ids' holds 'x'" in text]
    assert endpoint.record(step_id).tags["missing_predecessors"] == step["missing"]


def test_a_transfer_can_mark_a_missing_previous_step_too(endpoint: Endpoint) -> None:
    moved = endpoint.transfer(99, {}, {"task_id": "t"}, if_missing="mark")
    [reason] = moved["missing"]
    assert "No record 99" in reason
    record = endpoint.record(moved["flow_state_record_id"])
    assert record.tags["missing_predecessors"] == [reason]


@pytest.mark.parametrize("accepted", [None, "", "refuse"])
def test_refusing_is_the_default(kept: Endpoint, accepted: Any) -> None:
    refused(
        kept, lambda: kept.step(previous_step_output=99, if_missing=accepted), "record-not-found"
    )


@pytest.mark.parametrize("value", ["Mark", "ignore", True, False, 1, ["mark"], {"mark": 1}])
def test_if_missing_has_no_other_form(kept: Endpoint, value: Any) -> None:
    for call in (kept.step, kept.transfer, kept.action, kept.link):
        line = refused(kept, lambda call=call: call(if_missing=value), "invalid-argument")
        assert "'if_missing' is" in line
        assert "expected 'mark' or 'refuse'" in line


# Versions by document


def test_a_document_means_the_contents_of_its_step_even_after_the_records_moved_on(
    endpoint: Endpoint,
) -> None:
    uri = "file:///data/model.h5"
    first = endpoint.step(output_record_defs={"uris": uri, "sha256": "a" * 64})
    second = endpoint.step(
        input_record_defs={"uris": uri, "sha256": "a" * 64},
        output_record_defs={"uris": uri, "sha256": "b" * 64},
    )
    third = endpoint.step(output_record_defs={"uris": uri, "sha256": "c" * 64})
    [model] = first["output_record_ids"]
    assert (first["output_versions"], first["input_versions"]) == ({}, {})
    assert (second["output_versions"], second["input_versions"]) == ({str(model): 2}, {})
    assert third["output_versions"] == {str(model): 3}

    def used_by(**arguments: Any) -> tuple[set[int], dict[str, int]]:
        step = endpoint.step(**arguments)
        nodes = [node for node, _ in endpoint.into(step["flow_state_record_id"])]
        return {number for _, number in nodes}, step["input_versions"]

    flag = {"inputs_from_referenced_outputs": True}
    assert used_by(input_record_ids=document(first), **flag) == ({1}, {})
    assert used_by(input_record_ids=second, **flag) == ({2}, {str(model): 2})
    assert used_by(input_record_ids=document(second)) == ({1}, {})
    assert used_by(input_record_ids=document(third), **flag) == ({3}, {str(model): 3})
    assert used_by(input_record_ids=model) == ({3}, {str(model): 3})
    old = {key: first[key] for key in ("flow_state_record_id", "output_record_ids")}
    assert used_by(input_record_ids=old, **flag) == ({3}, {str(model): 3})


def test_a_document_means_the_content_of_a_version_that_was_only_edited_since(
    endpoint: Endpoint,
) -> None:
    uri = "file:///data/a.dat"
    read = endpoint.step(input_record_defs={"uris": uri, "sha256": "a" * 64, "name": "a"})
    again = endpoint.step(output_record_defs={"uris": uri, "sha256": "a" * 64, "name": "renamed"})
    [record] = read["input_record_ids"]
    assert again["output_versions"] == {str(record): 2}
    flag = {"inputs_from_referenced_outputs": True}
    step = endpoint.step(input_record_ids=document(again), **flag)
    assert endpoint.into(step["flow_state_record_id"]) == {((record, 1), "used")}


def test_as_an_output_a_reference_names_the_record_and_never_its_version(
    endpoint: Endpoint,
) -> None:
    uri = "file:///data/a.dat"
    first = endpoint.step(output_record_defs={"uris": uri, "sha256": "a" * 64})
    endpoint.step(output_record_defs={"uris": uri, "sha256": "b" * 64})
    third = endpoint.step(output_record_ids=document(first))
    [record] = first["output_record_ids"]
    assert third["output_versions"] == {str(record): 3}
    assert endpoint.into(record, 3) == {((third["flow_state_record_id"], 1), "generated")}


# The run's latest step


def test_the_previous_step_of_a_run_is_its_latest(endpoint: Endpoint) -> None:
    first = endpoint.step_id(run_id="r", previous_in_run=True)
    endpoint.step(run_id="another")
    endpoint.step()
    moved = endpoint.transfer(run_id="r", previous_in_run=True)["flow_state_record_id"]
    last = endpoint.step_id(run_id="r", previous_in_run=True, output_record_defs={})
    after = endpoint.step_id(run_id="r", previous_in_run=True)
    assert endpoint.into(first) == set()
    assert endpoint.into(moved) == {((first, 1), "followed")}
    assert endpoint.into(last) == {((moved, 1), "followed")}
    assert endpoint.into(after) == {((last, 1), "followed")}


def test_a_step_that_is_named_comes_before_the_runs_latest(endpoint: Endpoint) -> None:
    named = endpoint.step_id(run_id="r")
    endpoint.step(run_id="r")
    step = endpoint.step_id(previous_step_output=named, run_id="r", previous_in_run=True)
    assert endpoint.into(step) == {((named, 1), "followed")}


def test_the_latest_step_of_no_run_cannot_be_meant(kept: Endpoint) -> None:
    for call in (kept.step, kept.transfer):
        line = refused(kept, lambda call=call: call(previous_in_run=True), "invalid-argument")
        assert "'previous_in_run' is true without a run_id" in line
