"""Tests that a condition is read as it was written, or refused with the place of its fault."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braid_db.conditions import And, Condition, Field, Not, Op, Or, TagKey, Test
from braid_db.records.errors import ConditionInvalid
from braid_db.records.where import read_condition
from tests.records.searching.plain import written
from tests.records.searching.strategies import conditions

A, B, C = (Test(TagKey(key), Op.KNOWN) for key in "abc")


@given(conditions)
def test_what_is_written_is_read_again(condition: Condition) -> None:
    assert repr(read_condition(written(condition))) == repr(condition)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("a is not null or b is not null and c is not null", Or((A, And((B, C))))),
        ("NOT a IS NOT NULL AND b is not null", And((Not(A), B))),
        ("not not a is null", Not(A)),
        ("a not in (1, -2.5,'x')", Not(Test(TagKey("a"), Op.IN, (1, -2.5, "x")))),
        ("fit.loss<>1e3", Test(TagKey("fit.loss"), Op.OTHER, (1000.0,))),
        ("name = 'it''s'", Test(Field.NAME, Op.IN, ("it's",))),
        ("tag.name = true", Test(TagKey("name"), Op.IN, (True,))),
        ('"name"=9007199254740993', Test(TagKey("name"), Op.IN, (9007199254740993,))),
        ('"a ""b""" like \'%\'', Test(TagKey('a "b"'), Op.LIKE, ("%",))),
        ("größe>.5", Test(TagKey("größe"), Op.MORE, (0.5,))),
    ],
)
def test_a_condition_means_what_a_reader_expects(told: str, meant: Condition) -> None:
    assert repr(read_condition(told)) == repr(meant)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("", "nothing more at character 1; expected a field"),
        ("loss <", "nothing more at character 7; expected a value"),
        ("loss < 1 1", "'1' at character 10; expected 'and', 'or' or the end"),
        ("loss 1", "'1' at character 6; expected one of = != < <= > >="),
        ("loss = null", "expected a value; nothing equals null: ask 'is null'"),
        ("loss = 'x", "at character 8; expected a second ' that ends"),
        ("(loss = 1", "nothing more at character 10; expected ')'"),
        ("a in ()", "')' at character 7; expected a value"),
        ("a like 5", "'5' at character 8; expected a pattern"),
        ("a like 'b\\c'", "a backslash only before"),
        ("kind = 'dat'", "expected one of fact, data, model"),
        ("name < 5", "name compared with 5 at character 1"),
        ("valid = 1", "expected true or false"),
        ("a < true", "neither is the larger one"),
        ("created_at > 'soon'", "expected a time such as '2026-03-01'"),
        ("record_id = 1.5", "a whole number"),
        ("record_id = 9223372036854775808", "a whole number below 2^63"),
        ("size_bytes like '1%'", "only texts are like a pattern"),
        ("a = 1e999", "a number that a double can hold"),
        ("a = 1" + "0" * 400, "a number that a double can hold"),
        ("a = 'x\0'", "'\\x00' at character 7"),
        ("a = '\ud800'", "'\\ud800' at character 6"),
        ("1 = 1", "'1' at character 1; expected a field"),
        ("a = 1; drop table tag", "at character 6"),
        ("(" * 10_000, "more than 50 parentheses"),
        ("not " * 2_000 + "(" * 60, "more than 50 parentheses"),
        (" or ".join(["a = 1"] * 101), "more than 100 comparisons"),
        ("a" * 1_000_000, "a text of 1,000,000 characters"),
        ("'" * 9_999, "expected a second '"),
        ("1" * 9_999 + "a", "expected a field"),
    ],
)
def test_what_is_no_condition_is_refused_in_one_sentence_with_its_place(
    told: str, said: str
) -> None:
    with pytest.raises(ConditionInvalid) as refused:
        read_condition(told)
    sentence = str(refused.value)
    assert said in sentence
    assert "Write it like: loss < 0.1" in sentence
    assert "\n" not in sentence
    assert len(sentence) < 500


@given(st.text(alphabet="ab1.'\"()<>=!,%\\ \n\0andornotlikeisull-", max_size=60))
def test_any_text_is_read_or_refused(told: str) -> None:
    with suppress(ConditionInvalid):
        read_condition(told)
