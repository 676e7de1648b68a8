"""Tests of the functions by which a flow asks whether records are safe to use, and recalls them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.functions.calls import Endpoint, Result, document, nested, refused


def flow_of_two(endpoint: Endpoint) -> tuple[Result, Result]:
    """Record a step that made an image, and one that used it and made a structure."""
    first = endpoint.step(step_name="Collect", output_record_defs={"name": "image"})
    second = endpoint.step(
        step_name="Analyse",
        previous_step_output=first,
        input_record_ids=first,
        inputs_from_referenced_outputs=True,
        output_record_defs={"name": "structure"},
    )
    return first, second


def grown(endpoint: Endpoint) -> int:
    """Record a file that two steps wrote, one after the other, and return its id."""
    told = {"name": "log", "uris": "file:///a/log"}
    assert endpoint.made(**told) == endpoint.made(**told)
    return endpoint.made(**told)


# Checking


def test_what_nothing_is_wrong_with_is_valid(endpoint: Endpoint) -> None:
    first, second = flow_of_two(endpoint)
    before = endpoint.everything()
    told = {"valid": True, "invalid": [], "invalid_count": 0, "database": first["database"]}
    assert endpoint.check([document(first), second]) == told
    assert endpoint.everything() == before


def test_what_came_of_something_recalled_is_invalid_and_says_why(endpoint: Endpoint) -> None:
    first, second = flow_of_two(endpoint)
    [image], [structure] = first["output_record_ids"], second["output_record_ids"]
    [recall_id] = endpoint.recall(image, "the detector was off")["recall_ids"]
    checked = endpoint.check([structure, first["flow_state_record_id"]])
    cause = {"record_id": structure, "version": 1, "cause": "the detector was off"}
    assert checked["valid"] is False
    assert checked["invalid"] == [cause | {"recall_id": recall_id}]
    assert checked["invalid_count"] == 1


CHECKED: dict[str, Callable[[Result], Any]] = {
    "a result": lambda made: made,
    "a status document": document,
    "a document's second place": lambda made: {"details": {"results": [{"output": made}]}},
    "an id": lambda made: made["output_record_ids"][0],
    "digits": lambda made: str(made["output_record_ids"][0]),
    "a list of ids": lambda made: made["output_record_ids"],
    "lists of all": lambda made: [[document(made)], made, str(made["flow_state_record_id"])],
}


@pytest.mark.parametrize("form", CHECKED.values(), ids=CHECKED)
def test_every_form_of_a_reference_means_the_step_with_what_it_made(
    kept: Endpoint, form: Callable[[Result], Any]
) -> None:
    made = kept.step(output_record_defs={"name": "image"})
    assert kept.check(form(made))["valid"] is True
    kept.recall(made["output_record_ids"][0], "wrong")
    checked = kept.check(form(made))
    assert (checked["valid"], checked["invalid_count"]) == (False, 1)


def test_a_result_means_the_content_that_was_made_and_an_id_the_current_one(
    endpoint: Endpoint,
) -> None:
    told = {"name": "log", "uris": "file:///a/log"}
    first, second = (endpoint.step(output_record_defs=told) for _ in range(2))
    [record_id] = first["output_record_ids"]
    endpoint.recall(record_id, "wrong", version=1)
    assert endpoint.check(first)["invalid"][0]["version"] == 1
    assert endpoint.check(second)["valid"] is True
    assert endpoint.check(record_id)["valid"] is True


def test_what_a_flow_gets_is_small_however_much_is_invalid(endpoint: Endpoint) -> None:
    made = endpoint.step(output_record_defs=[{"name": str(number)} for number in range(30)])
    for _ in range(2):
        endpoint.recall(made, "\U0001f52d" * 4000)
    checked = endpoint.check(made["output_record_ids"])
    assert (checked["invalid_count"], len(checked["invalid"])) == (60, 20)
    assert len(json.dumps(checked)) < 100_000
    assert checked["invalid"][0]["cause"].endswith("...")


def test_a_check_is_answered_anew_also_under_a_key(endpoint: Endpoint) -> None:
    step = endpoint.step()
    assert endpoint.check(step, idempotency_key="k")["valid"] is True
    endpoint.recall(step, "wrong")
    assert endpoint.check(step, idempotency_key="k")["valid"] is False


NOT_CHECKED: dict[str, tuple[Any, str, str]] = {
    "absent": (None, "invalid-reference", "names no records, and at least one is needed"),
    "an empty text": ("", "invalid-reference", "names no records"),
    "an empty list": ([[]], "invalid-reference", "names no records"),
    "an unknown id": ([1, 99], "record-not-found", "No record 99"),
    "true": (True, "invalid-reference", "holds a boolean"),
    "a text": ("scan", "invalid-reference", "'scan', which is no record id"),
    "NaN": (math.nan, "invalid-reference", "which is no record id"),
    "a deep list": (nested(100_000), "invalid-argument", "nested deeper than"),
    "a failed document": (
        document({"flow_state_record_id": 1}, status="FAILED"),
        "invalid-reference",
        "its action's status is 'FAILED'",
    ),
    "outputs that are none": (
        {"flow_state_record_id": 1, "output_record_ids": 7},
        "invalid-reference",
        "is the number 7 and no list",
    ),
    "another database": (
        {"flow_state_record_id": 1, "database": "elsewhere"},
        "other-database",
        "'elsewhere'",
    ),
}


@pytest.mark.parametrize("mark", [None, "mark"])
@pytest.mark.parametrize(("value", "code", "says"), NOT_CHECKED.values(), ids=NOT_CHECKED)
def test_what_cannot_be_checked_is_refused_and_never_called_valid(
    kept: Endpoint, value: Any, code: str, says: str, mark: str | None
) -> None:
    line = refused(kept, lambda: kept.check(value, if_missing=mark), code)
    assert says in line
    assert "if_missing" not in line


# Recalling


def test_a_flow_recalls_a_record_with_all_that_came_of_it(endpoint: Endpoint) -> None:
    first, second = flow_of_two(endpoint)
    told = endpoint.recall(
        first["output_record_ids"][0], "the detector was off", started_by="urn:someone"
    )
    assert list(told) == ["recall_ids", "recalls", "reached", "owed_actions", "database"]
    assert (told["recalls"], told["reached"], told["owed_actions"]) == (1, 3, 0)
    assert endpoint.record(second["output_record_ids"][0]).valid is False
    assert endpoint.record(first["flow_state_record_id"]).valid is True
    [recall] = endpoint.rows("recall")
    assert (recall.recall_id, recall.cause) == (told["recall_ids"][0], "the detector was off")
    assert (recall.invalidated_by, recall.follow_order) == ("urn:someone", False)


@pytest.mark.parametrize("form", [document, lambda made: made, lambda made: [made]])
def test_a_step_is_recalled_by_what_it_left_in_the_flows_state(
    endpoint: Endpoint, form: Callable[[Result], Any]
) -> None:
    first, second = flow_of_two(endpoint)
    assert endpoint.recall(form(first), "wrong")["reached"] == 4
    assert endpoint.check(second)["valid"] is False


def test_what_only_follows_in_order_is_recalled_where_that_is_asked_for(endpoint: Endpoint) -> None:
    first = endpoint.step(step_name="Calibrate")
    endpoint.step(previous_step_output=first, input_record_defs={"name": "image"})
    assert endpoint.recall(first, "wrong")["reached"] == 1
    assert endpoint.recall(first, "wrong", follow_order=True)["reached"] == 2


def test_actions_are_owed_and_none_is_started(endpoint: Endpoint) -> None:
    first, second = flow_of_two(endpoint)
    action = endpoint.action(command="/bin/true")
    for made in (first, second):
        endpoint.link(made["output_record_ids"][0], action)
    assert endpoint.recall(first, "wrong")["owed_actions"] == 2
    assert {(run.state, run.attempt) for run in endpoint.rows("action_run")} == {("owed", 0)}


def test_a_record_of_several_contents_needs_a_choice(endpoint: Endpoint) -> None:
    record_id = grown(endpoint)
    line = refused(endpoint, lambda: endpoint.recall(record_id, "wrong"), "ambiguous-content")
    assert "version 1 of 20" in line
    assert endpoint.recall(record_id, "wrong", version="2")["recalls"] == 1
    assert endpoint.record(record_id, 1).valid is True
    assert endpoint.record(record_id, 2).valid is False
    assert endpoint.recall(record_id, "wrong", all_versions=True)["recalls"] == 3
    assert endpoint.record(record_id, 3).valid is False


@pytest.mark.usefixtures("elsewhere")
def test_the_time_of_recording_chooses_too(endpoint: Endpoint) -> None:
    record_id = grown(endpoint)
    [_, second, third] = (endpoint.record(record_id, number).created_at for number in (1, 2, 3))
    in_utc = {"since": second.removesuffix("Z"), "until": third.removesuffix("Z")}
    assert endpoint.recall(record_id, "wrong", **in_utc)["recalls"] == 1
    assert [endpoint.record(record_id, number).valid for number in (1, 2, 3)] == [True, False, True]
    call = lambda: endpoint.recall(record_id, "x", since="2199-01-01T00:00Z")  # noqa: E731
    refused(endpoint, call, "nothing-to-recall")


def test_a_recall_that_comes_again_under_its_key_is_the_first_one(endpoint: Endpoint) -> None:
    step = endpoint.step()
    first = endpoint.recall(step, "wrong", idempotency_key="k")
    before = endpoint.everything()
    assert endpoint.recall(step, "wrong", idempotency_key="k") == first
    assert endpoint.everything() == before
    call = lambda: endpoint.recall(step, "other", idempotency_key="k")  # noqa: E731
    refused(endpoint, call, "key-reused")
    assert endpoint.recall(step, "wrong", idempotency_key="l") != first


NOT_RECALLED: dict[str, tuple[dict[str, Any], str, str]] = {
    "no record": ({"cause": "x"}, "invalid-reference", "'record_id' names no records"),
    "two records": (
        {"record_id": [1, 2], "cause": "x"},
        "invalid-reference",
        "names 2 records, and exactly one is needed",
    ),
    "an unknown record": ({"record_id": 99, "cause": "x"}, "record-not-found", "No record 99"),
    "an unknown version": (
        {"record_id": 1, "cause": "x", "version": 7},
        "version-not-found",
        "version 7",
    ),
    "no cause": ({"record_id": 1}, "invalid-argument", "'cause' is empty; expected what is wrong"),
    "a blank cause": ({"record_id": 1, "cause": " \n"}, "invalid-argument", "'cause' is empty"),
    "a cause that is a list": (
        {"record_id": 1, "cause": ["x"]},
        "invalid-argument",
        "'cause' is a list; expected a text",
    ),
    "a cause with a NUL byte": (
        {"record_id": 1, "cause": "a\0"},
        "invalid-argument",
        "'cause' is a text with a NUL byte",
    ),
    "version 0": (
        {"record_id": 1, "cause": "x", "version": 0},
        "invalid-argument",
        "'version' is the number 0; expected the number of a version, from 1",
    ),
    "a version beyond all": (
        {"record_id": 1, "cause": "x", "version": 10**30},
        "version-not-found",
        "version 1000",
    ),
    "a version that is true": (
        {"record_id": 1, "cause": "x", "version": True},
        "invalid-argument",
        "'version' is a boolean",
    ),
    "a version and all": (
        {"record_id": 1, "cause": "x", "version": 1, "all_versions": True},
        "invalid-argument",
        "'version' is given together with all_versions",
    ),
    "a flag that is a text": (
        {"record_id": 1, "cause": "x", "follow_order": "yes"},
        "invalid-argument",
        "'follow_order' is a text; expected true or false",
    ),
    "a time that is none": (
        {"record_id": 1, "cause": "x", "since": "last week"},
        "invalid-argument",
        "'since' is 'last week'; expected a time in ISO 8601",
    ),
    "a time before all times": (
        {"record_id": 1, "cause": "x", "until": "0001-01-01T00:00+14:00"},
        "invalid-argument",
        "expected a time in ISO 8601",
    ),
}


@pytest.mark.parametrize(("arguments", "code", "says"), NOT_RECALLED.values(), ids=NOT_RECALLED)
def test_a_recall_that_is_not_clear_is_refused_and_nothing_is_written(
    kept: Endpoint, arguments: dict[str, Any], code: str, says: str
) -> None:
    assert says in refused(kept, lambda: kept.recall(**arguments), code)
