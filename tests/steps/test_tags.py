"""Tests of tags: every JSON value is kept with its type, exactly, or refused by a clear line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from braid_db.model import TagType
from tests.functions.calls import Endpoint, nested, refused

Kept = tuple[TagType, str, float | None]

VALUES: dict[str, tuple[Any, Kept]] = {
    "a text": ("peak", (TagType.STRING, "peak", None)),
    "an empty text": ("", (TagType.STRING, "", None)),
    "a text of digits": ("5", (TagType.STRING, "5", None)),
    "a text that looks like JSON": ('{"a": 1}', (TagType.STRING, '{"a": 1}', None)),
    "a text in other scripts": (
        "Å β 試料 \U0001f52c",
        (TagType.STRING, "Å β 試料 \U0001f52c", None),
    ),
    "a text of many lines": ("a\r\n\tb\x01\x7f", (TagType.STRING, "a\r\n\tb\x01\x7f", None)),
    "a long text": ("x" * 1_000_000, (TagType.STRING, "x" * 1_000_000, None)),
    "an integer": (5, (TagType.INTEGER, "5", 5.0)),
    "zero": (0, (TagType.INTEGER, "0", 0.0)),
    "a negative integer": (-7, (TagType.INTEGER, "-7", -7.0)),
    "an integer beyond 2^53": (2**53 + 1, (TagType.INTEGER, "9007199254740993", 2.0**53)),
    "an integer beyond 64 bits": (10**30, (TagType.INTEGER, "1" + "0" * 30, 1e30)),
    "an integer beyond all doubles": (10**400, (TagType.INTEGER, "1" + "0" * 400, None)),
    "a float": (0.1, (TagType.FLOAT, "0.1", 0.1)),
    "a float without a fraction": (5.0, (TagType.FLOAT, "5.0", 5.0)),
    "the smallest float": (5e-324, (TagType.FLOAT, "5e-324", 5e-324)),
    "the largest float": (
        1.7976931348623157e308,
        (
            TagType.FLOAT,
            "1.7976931348623157e+308",
        )
        * 1
        + (1.7976931348623157e308,),
    ),
    "negative zero": (-0.0, (TagType.FLOAT, "-0.0", -0.0)),
    "NaN": (math.nan, (TagType.FLOAT, "NaN", None)),
    "infinity": (math.inf, (TagType.FLOAT, "Infinity", None)),
    "negative infinity": (-math.inf, (TagType.FLOAT, "-Infinity", None)),
    "true": (True, (TagType.BOOLEAN, "true", None)),
    "false": (False, (TagType.BOOLEAN, "false", None)),
    "null": (None, (TagType.NONE, "null", None)),
    "an empty object": ({}, (TagType.JSON, "{}", None)),
    "an empty list": ([], (TagType.JSON, "[]", None)),
    "a list": ([1, "a", [True, None]], (TagType.JSON, '[1, "a", [true, null]]', None)),
    "a list of objects": ([{"b": 1, "a": {}}], (TagType.JSON, '[{"b": 1, "a": {}}]', None)),
    "a list with NaN": ([math.nan, math.inf], (TagType.JSON, "[NaN, Infinity]", None)),
    "a list with a large integer": ([10**30], (TagType.JSON, f"[{10**30}]", None)),
    "a list with a NUL byte": (["a\0b"], (TagType.JSON, '["a\\u0000b"]', None)),
    "a list with a lone surrogate": (["\ud800"], (TagType.JSON, '["\\ud800"]', None)),
    "a list of a hundred levels": (
        nested(100),
        (TagType.JSON, "[" * 100 + "null" + "]" * 100, None),
    ),
}


def tags_of(endpoint: Endpoint, record_id: int) -> dict[str, Kept]:
    """Return the current tags of a record, as they are kept."""
    return {
        row.key: (TagType(row.type), row.value, row.num)
        for row in endpoint.rows("tag")
        if row.record_id == record_id and row.until is None
    }


@pytest.mark.parametrize(("value", "kept_as"), VALUES.values(), ids=VALUES)
def test_a_value_is_kept_exactly_and_with_its_type_wherever_tags_stand(
    kept: Endpoint, value: Any, kept_as: Kept
) -> None:
    tags = {"the key": value}
    made = kept.step(
        tags=tags, input_record_defs={"tags": tags}, output_record_defs=[{"tags": tags}]
    )
    step_id = made["flow_state_record_id"]
    for record_id in (step_id, *made["input_record_ids"], *made["output_record_ids"]):
        found = tags_of(kept, record_id)
        assert found["the key"] == kept_as
        assert math.copysign(1, found["the key"][2] or 0.0) == math.copysign(1, kept_as[2] or 0.0)
    told = {"details": {"result": [{"provenance": {"tags": tags}}]}}
    assert tags_of(kept, kept.step_id(step_result=told))["the key"] == kept_as


NESTED: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "no tags": ({}, {}),
    "two levels": ({"a": {"b": 1}}, {"a.b": "1"}),
    "three levels beside one": (
        {"a": {"b": {"c": 1, "d": 2}, "e": 3}, "f": 4},
        {"a.b.c": "1", "a.b.d": "2", "a.e": "3", "f": "4"},
    ),
    "an empty object inside": ({"a": {"b": {}}}, {"a.b": "{}"}),
    "a list inside": ({"a": {"b": [{"c": 1}]}}, {"a.b": '[{"c": 1}]'}),
    "empty keys": ({"": {"": 1}, "a": {"": 2}}, {".": "1", "a.": "2"}),
    "keys with dots": ({"a.b": {"c.d": 1}}, {"a.b.c.d": "1"}),
    "keys in other scripts": ({"β": {"試": 1}}, {"β.試": "1"}),
    "a key of many lines": ({"a\nb": 1}, {"a\nb": "1"}),
    "the longest key": ({"k" * 400: 1}, {"k" * 400: "1"}),
    "the longest key of wide characters": ({"\U0001f52c" * 400: 1}, {"\U0001f52c" * 400: "1"}),
}


@pytest.mark.parametrize(("tags", "kept_as"), NESTED.values(), ids=NESTED)
def test_nested_objects_become_dotted_keys(
    kept: Endpoint, tags: dict[str, Any], kept_as: dict[str, str]
) -> None:
    made = kept.step(output_record_defs={"tags": tags})
    [record_id] = made["output_record_ids"]
    assert {key: text for key, (_, text, _) in tags_of(kept, record_id).items()} == kept_as


def test_objects_nest_to_a_hundred_levels(kept: Endpoint) -> None:
    tags: dict[str, Any] = {"k": 1}
    for _ in range(99):
        tags = {"k": tags}
    [record_id] = kept.step(output_record_defs={"tags": tags})["output_record_ids"]
    assert list(tags_of(kept, record_id)) == [".".join("k" * 100)]


def test_two_ways_to_write_one_key_keep_both_values(kept: Endpoint) -> None:
    tags = {"a": {"b": 1}, "a.b": 2}
    [record_id] = kept.step(output_record_defs={"tags": tags})["output_record_ids"]
    assert kept.record(record_id).tags == {"a.b": [1, 2]}


def test_many_tags_are_kept_in_their_order(kept: Endpoint) -> None:
    tags = {f"key {9999 - n}": n for n in range(2000)}
    [record_id] = kept.step(output_record_defs={"tags": tags})["output_record_ids"]
    assert kept.record(record_id).tags == tags
    rows = [row for row in kept.rows("tag") if row.record_id == record_id]
    assert [row.key for row in sorted(rows, key=lambda row: row.tag_id)] == list(tags)


def deep_object(depth: int) -> dict[str, Any]:
    inside: dict[str, Any] = {}
    for _ in range(depth):
        inside = {"k": inside}
    return inside


class Strange:
    def __repr__(self) -> str:
        return "<strange\nthing>"


REFUSED: dict[str, tuple[Any, str]] = {
    "a text": ("x", " is a text; expected an object of keys and values"),
    "a list": ([{"a": 1}], " is a list; expected an object"),
    "a number": (5, " is the number 5; expected an object"),
    "true": (True, " is a boolean; expected an object"),
    "NaN": (math.nan, " is the number nan; expected an object"),
    "a key that is a number": (
        {1: "a"},
        " is an object with the key 1; expected keys that are texts",
    ),
    "a key that is null": ({None: "a"}, "the key None; expected keys that are texts"),
    "a key that is true": ({"a": {True: "a"}}, "the key True; expected keys that are texts"),
    "a key that is a tuple": ({(1, 2): "a"}, "the key (1, 2); expected keys"),
    "a key that is bytes": ({b"a": "a"}, "expected keys that are texts"),
    "a key of thousands of digits": ({10**5000: "a"}, "expected keys that are texts"),
    "a key that is no text in a list": ({"a": [{1: 2}]}, "a key that is no text"),
    "a NUL byte in a text": ({"a": "x\0"}, "'tag a' is a text with a NUL byte"),
    "a NUL byte in a key": ({"a\0": "x"}, "a text with a NUL byte"),
    "a lone surrogate in a text": ({"a": "x\udfff"}, "'tag a' is a text with half a surrogate"),
    "a lone surrogate in a key": ({"a\ud800": "x"}, "a text with half a surrogate pair"),
    "a bad value under a key of lines": ({"a\nb": "\0"}, "a text with a NUL byte"),
    "a text of 10 MB": ({"a": "x" * 10_000_000}, "'tag a' is a text of 10,000,000 characters"),
    "a list of 10 MB": ({"a": ["x" * 10_000_000]}, "'tag a' is a text of 10,000,004 characters"),
    "a key of 10 MB": ({"k" * 10_000_000: 1}, "'a tag's key' is a text of 10,000,000 characters"),
    "a key that is a little too long": (
        {"k" * 401: 1},
        "'a tag's key' is a text of 401 characters",
    ),
    "keys that are too long together": ({"k" * 200: {"k" * 200: 1}}, "a text of 401 characters"),
    "an integer of thousands of digits": ({"a": 10**5000}, "an integer of thousands of digits"),
    "such an integer in a list": ({"a": [[10**5000]]}, "an integer of thousands of digits"),
    "objects of 102 levels": (deep_object(102), "nested deeper than 100 levels"),
    "objects of 100,000 levels": (deep_object(100_000), "nested deeper than 100 levels"),
    "lists of 101 levels": ({"a": nested(101)}, "'tag a' is nested deeper than 100 levels"),
    "lists of 100,000 levels": ({"a": nested(100_000)}, "nested deeper than 100 levels"),
    "more than 10,000 values": (dict.fromkeys(map(str, range(10_001))), "10,001 values"),
    "a set": ({"a": {1}}, "'tag a' is a Python set; expected a JSON value"),
    "bytes in a list": ({"a": [b"x"]}, "'tag a' is a Python bytes; expected a JSON value"),
    "an object of a program": ({"a": Strange()}, "'tag a' is a Python Strange; expected a JSON"),
    "a function": ({"a": print}, "expected a JSON value"),
}

PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "'tags'": lambda tags: {"tags": tags},
    "'input_record_defs.tags'": lambda tags: {"input_record_defs": {"tags": tags}},
    "'output_record_defs[1].tags'": lambda tags: {"output_record_defs": [{}, {"tags": tags}]},
    "'step_result.details.result[0].provenance.tags'": lambda tags: {
        "step_result": {"details": {"result": [{"provenance": {"tags": tags}}]}}
    },
}


@pytest.mark.parametrize(("tags", "says"), REFUSED.values(), ids=REFUSED)
def test_tags_that_cannot_be_kept_are_refused_and_nothing_is_written(
    kept: Endpoint, tags: Any, says: str
) -> None:
    line = refused(kept, lambda: kept.step(tags=tags, output_record_defs={}), "invalid-argument")
    assert says in line
    assert "Nothing was written." in line


@pytest.mark.parametrize("place", PLACES)
def test_a_refusal_says_where_the_tags_stood(kept: Endpoint, place: str) -> None:
    line = refused(kept, lambda: kept.step(**PLACES[place]("x")), "invalid-argument")
    assert f"{place} is a text; expected an object" in line


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("what", ["a NUL byte in a text", "lists of 100,000 levels", "a set"])
def test_tags_are_refused_wherever_they_stand(kept: Endpoint, place: str, what: str) -> None:
    tags, says = REFUSED[what]
    assert says in refused(kept, lambda: kept.step(**PLACES[place](tags)), "invalid-argument")


@pytest.mark.parametrize("what", ["a set", "objects of 100,000 levels", "lists of 100,000 levels"])
def test_a_call_with_a_key_is_refused_by_the_same_line(kept: Endpoint, what: str) -> None:
    tags, says = REFUSED[what]
    refusal = refused(kept, lambda: kept.step(tags=tags, idempotency_key="k"), "invalid-argument")
    assert says in refusal


# The status of a step

STATUSES: dict[str, tuple[Any, Any]] = {
    "absent": (None, "Not Provided"),
    "an object with a status": ({"status": "SUCCEEDED"}, "SUCCEEDED"),
    "an object without one": ({"a": 1}, "Not Present in Step Results"),
    "an empty object": ({}, "Not Present in Step Results"),
    "a status document": ({"status": "FAILED", "details": {}}, "FAILED"),
    "a status that is a number": ({"status": 5}, 5),
    "a status that is null": ({"status": None}, None),
    "a status that is a list": ({"status": ["a", 1]}, ["a", 1]),
    "a text": ("done", "done"),
    "an empty text": ("", ""),
    "a number": (5, "5"),
    "a float": (0.5, "0.5"),
    "true": (True, "True"),
    "false": (False, "False"),
    "a list": ([1, "a"], "[1, 'a']"),
}


@pytest.mark.parametrize(("step_result", "status"), STATUSES.values(), ids=STATUSES)
def test_a_steps_status_is_that_of_its_result(
    kept: Endpoint, step_result: Any, status: Any
) -> None:
    step = kept.step_id(step_result=step_result, tags={"status": "mine", "other": 1})
    assert kept.record(step).tags == {"other": 1, "status": status}


def test_a_status_that_is_an_object_becomes_dotted_keys(kept: Endpoint) -> None:
    step = kept.step_id(step_result={"status": {"code": 3, "text": "x"}})
    assert kept.record(step).tags == {"status.code": 3, "status.text": "x"}


@pytest.mark.parametrize(
    ("step_result", "says"),
    [
        ("a\0b", "'tag status' is a text with a NUL byte"),
        ("x" * 10_000_000, "'tag status' is a text of 10,000,000 characters"),
        ("\ud800", "'tag status' is a text with half a surrogate pair"),
        ({"status": nested(100_000)}, "nested deeper than 100 levels"),
        (nested(100_000), "'step_result' is nested too deeply, or an integer of thousands"),
        (10**5000, "'step_result' is nested too deeply, or an integer of thousands"),
    ],
    ids=["NUL", "10 MB", "surrogate", "deep status", "deep list", "long integer"],
)
def test_a_result_whose_status_cannot_be_kept_is_refused(
    kept: Endpoint, step_result: Any, says: str
) -> None:
    line = refused(kept, lambda: kept.step(step_result=step_result), "invalid-argument")
    assert says in line
