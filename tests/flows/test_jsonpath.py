"""Tests of paths into a run's state."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braid_db.flows.errors import FlowPathInvalid
from braid_db.flows.jsonpath import JsonPath, PathBlocked, PathNotFound, parse, parse_reference

DOCUMENT = {
    "input": {"Hellos": ["a", "b", "c"], "a b": {"c.d": 1}, "none": None, "it's": 2, '"': 3},
    "Ls": {"details": {"results": [{"task_id": "t", "output": [1, 2]}], "x-y": 4}},
    "_context": 5,
    "ünï": 6,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DOCUMENT),
        # globus/globus-automate-client, examples/flows/complex-hello-world
        ("$.input.Hellos[0]", "a"),
        ("$.input.Hellos[1:]", ["b", "c"]),
        ("$.input.Hellos[3:]", []),
        ("$.input.Hellos[:-1]", ["a", "b"]),
        ("$.input.Hellos[::2]", ["a", "c"]),
        ("$.input.Hellos[::-1]", ["c", "b", "a"]),
        ("$.input.Hellos[-1]", "c"),
        ("$['input']['a b']['c.d']", 1),
        ('$["input"]["a b"]["c.d"]', 1),
        (r"$.input['it\'s']", 2),
        (r'$.input["\""]', 3),
        ("$.input.none", None),
        # the run log in the wild: results[0].task_id
        ("$.Ls.details.results[0].task_id", "t"),
        ("$.Ls.details.results[0:].output", [[1, 2]]),
        ("$.Ls.details.results[0:].output[0]", [1]),
        ("$.Ls.details.results[0:].output[0:]", [1, 2]),
        ("$.Ls.details.x-y", 4),
        ("$._context", 5),
        ("$.ünï", 6),
    ],
)
def test_a_path_reads_what_stands_there(path: str, value: Any) -> None:
    assert parse(path).read(DOCUMENT) == value


@pytest.mark.parametrize(
    "path",
    [
        "$.missing",
        "$.input.Hellos[3]",
        "$.input.Hellos[-4]",
        "$.input.Hellos.length",
        "$.input[0]",
        "$.input[0:]",
        "$.input.none.deeper",
        "$.missing[1:]",
        "$['input.Hellos']",
    ],
)
def test_a_path_to_nothing_is_not_found(path: str) -> None:
    with pytest.raises(PathNotFound):
        parse(path).read(DOCUMENT)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("", "begin with '\\$'"),
        ("input.a", "write '\\$.input.a'"),
        ("$.", "cannot be read from '\\.' on"),
        ("$.a.", "cannot be read from '\\.' on"),
        ("$a", "cannot be read from 'a' on"),
        ("$$.Execution", "cannot be read"),
        ("$.a[", "cannot be read"),
        ("$.a[b]", "cannot be read"),
        ("$.a b", "cannot be read from ' b' on"),
        ("$.a[1:2:0]", "step of 0"),
        ("$..a", "wildcard"),
        ("$.*", "wildcard"),
        ("$.a[*]", "wildcard"),
        ("$.a[?(@.b)]", "wildcard"),
    ],
)
def test_a_text_that_is_no_path_is_refused_with_a_hint(path: str, hint: str) -> None:
    with pytest.raises(FlowPathInvalid, match=hint):
        parse(path)


@pytest.mark.parametrize("path", ["$.a[1:]", "$._context", "$._context.run_id", "$['_context']"])
def test_a_result_cannot_be_written_to_many_places_or_into_the_context(path: str) -> None:
    with pytest.raises(FlowPathInvalid):
        parse_reference(path)


def test_a_name_that_only_begins_like_the_context_can_be_written() -> None:
    assert parse_reference("$._context2").write({}, 1) == {"_context2": 1}


def test_writing_at_the_root_replaces_everything() -> None:
    assert parse_reference("$").write(DOCUMENT, [1]) == [1]


def test_writing_makes_the_objects_on_the_way() -> None:
    assert parse_reference("$.a.b.c").write({"x": 1}, 2) == {"x": 1, "a": {"b": {"c": 2}}}


def test_writing_into_a_list_replaces_one_item() -> None:
    assert parse_reference("$.a[1].b").write({"a": [1, {"c": 2}]}, 3) == {
        "a": [1, {"c": 2, "b": 3}]
    }


@pytest.mark.parametrize(
    ("document", "path", "obstacle"),
    [
        ({"a": "text"}, "$.a.b", "a text is in the way of 'b'"),
        ({"a": None}, "$.a.b", "a null is in the way of 'b'"),
        ({"a": True}, "$.a.b", "a boolean is in the way"),
        ({"a": 1.5}, "$.a.b", "a number is in the way"),
        ({"a": [1]}, "$.a.b", "a list is in the way of 'b'"),
        ({"a": {"b": 1}}, "$.a[0]", "an object is in the way of '0'"),
        ({"a": [1]}, "$.a[1]", "a list is in the way of '1'"),
        ({}, "$.a[0]", "a missing list is in the way of '0'"),
    ],
)
def test_writing_through_something_that_is_no_object_is_refused(
    document: Any, path: str, obstacle: str
) -> None:
    with pytest.raises(PathBlocked, match=re.escape(obstacle)):
        parse_reference(path).write(document, 1)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=10,
)
objects = st.dictionaries(st.sampled_from("abc"), json_values, max_size=3)
reference_steps = st.lists(st.sampled_from("abc") | st.integers(-3, 3), min_size=1, max_size=4)


@given(objects, reference_steps, json_values)
def test_what_was_written_is_what_is_read_and_the_old_document_stays(
    document: dict[str, Any], steps: list[str | int], value: Any
) -> None:
    path = JsonPath("", tuple(steps))
    before = copy.deepcopy(document)
    try:
        written = path.write(document, value)
    except PathBlocked:
        assert document == before
        with pytest.raises(PathNotFound):
            path.read(document)
        return
    assert path.read(written) == value
    assert document == before


@given(objects, reference_steps, json_values)
def test_writing_back_what_was_read_changes_nothing(
    document: dict[str, Any], steps: list[str | int], value: Any
) -> None:
    path = JsonPath("", tuple(steps))
    try:
        found = path.read(document)
    except PathNotFound:
        return
    assert path.write(document, found) == document
    assert path.write(path.write(document, value), found) == document


@given(st.text(max_size=8), st.sampled_from("'\""))
def test_any_name_can_be_written_in_quotes(name: str, quote: str) -> None:
    quoted = re.sub(r"([\\'\"])", r"\\\1", name)
    assert parse(f"$[{quote}{quoted}{quote}]").read({name: 1}) == 1
