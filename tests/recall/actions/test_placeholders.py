"""Tests of what is filled into an action's parameters: literal text, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braid_db.recall.placeholders import CannotFill, fill, fill_all
from tests.recall.actions.ledger import Ledger, arguments_in

VALUES = {
    "name": "peaks {cause} {{",
    "record_id": "12",
    "cause": "miscalibrated; rm -rf /",
    "tag.fit.loss": "0.02",
    "tag.a b": "{name.__class__}",
}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("", ""),
        ("{name}", "peaks {cause} {{"),
        ("--id={record_id}.h5", "--id=12.h5"),
        ("{record_id}{record_id}", "1212"),
        ("{{record_id}}", "{record_id}"),
        ("{{{record_id}}}", "{12}"),
        ("{tag.fit.loss}", "0.02"),
        ("{tag.a b}", "{name.__class__}"),
        ("$name `id` $(id) %s %(name)s", "$name `id` $(id) %s %(name)s"),
    ],
)
def test_a_placeholder_is_replaced_by_its_value_as_it_is(template: str, filled: str) -> None:
    assert fill(template, VALUES) == filled


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{nonsense}", "'{nonsense}' is no placeholder; known are {name}, {record_id}, {uri}"),
        ("{}", "'{}' is no placeholder"),
        ("{0}", "'{0}' is no placeholder"),
        ("{name.__class__}", "is no placeholder"),
        ("{name[0]}", "is no placeholder"),
        ("{name!r}", "is no placeholder"),
        ("{name:>10}", "is no placeholder"),
        ("{ name }", "is no placeholder"),
        ("{NAME}", "is no placeholder"),
        ("{tag}", "is no placeholder"),
        ("{tag.}", "the record has no such tag"),
        ("{tag.fit}", "'{tag.fit}' stands for nothing, as the record has no such tag"),
        ("{uri}", "{uri} stands for nothing, as the record has no URI"),
        ("{name", "holds a single {; write {{ for one"),
        ("name}", "holds a single }; write }} for one"),
        ("{{name}", "holds a single }"),
        ("{a{name}b}", "holds a single {"),
        ("{\x1b[2J}", "is no placeholder"),
    ],
)
def test_what_cannot_be_filled_in_is_told_of(template: str, told: str) -> None:
    with pytest.raises(CannotFill) as caught:
        fill(template, VALUES)
    assert told in str(caught.value)
    assert str(caught.value).isprintable()


texts = st.text(st.characters(codec="utf-8"))
names = st.sampled_from(sorted(VALUES))


@given(st.lists(st.tuples(texts, names)), texts, st.dictionaries(names, texts))
def test_what_is_filled_in_is_never_read_again(
    parts: list[tuple[str, str]], rest: str, told: dict[str, str]
) -> None:
    values = VALUES | told
    template = "".join(f"{escaped(text)}{{{name}}}" for text, name in parts) + escaped(rest)
    expected = "".join(text + values[name] for text, name in parts) + rest
    assert fill(template, values) == expected


def escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


@given(st.text("{}a.!:", max_size=8))
def test_doubled_and_single_braces_are_read_as_python_reads_them(template: str) -> None:
    try:
        expected = template.format()
    except (IndexError, KeyError, ValueError):
        with pytest.raises(CannotFill):
            fill(template, {})
    else:
        assert fill(template, {}) == expected


def test_all_texts_in_a_flows_input_are_filled_in_and_all_else_stays() -> None:
    told = {"{name}": ["{record_id}", {"deep": "{cause}"}, 1, 2.5, True, None]}
    filled = fill_all(told, VALUES)
    assert filled == {"{name}": ["12", {"deep": VALUES["cause"]}, 1, 2.5, True, None]}


HOSTILE = [
    "; rm -rf /",
    "$(touch /tmp/x) `id` && id | id > /dev/null",
    'it\'s "quoted" \\',
    "two\nlines\r\n\ttabs",
    "{name} {tag.x} {0.__class__} {{}} %s",
    "-rf",
    "--",
    "",
    " ",
    "*",
    "~",
    "é ☃ 𝄞",
    "\x1b]0;owned\x07",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_arrives_as_one_literal_argument(ledger: Ledger, value: str) -> None:
    ledger.owe(
        ledger.program("tell"),
        ["first", "{tag.x}", "<{tag.x}>", "last"],
        record={"name": "it", "tags": {"x": value}},
    )
    assert arguments_in(ledger.run_one()) == ["first", value, f"<{value}>", "last"]


def test_a_placeholder_never_chooses_the_program(ledger: Ledger) -> None:
    program = ledger.program("tell")
    for command in ("{tag.x}", f"{program} {{tag.x}}", f"{program}; {program}"):
        ledger.owe(command, record={"name": "it", "tags": {"x": program}})
    for outcome in ledger.run():
        assert (outcome.state, outcome.attempt) == ("owed", 0)


def test_a_value_that_the_system_cannot_pass_on_fails_with_the_reason(ledger: Ledger) -> None:
    record = {"name": "it", "tags": {"x": "x" * 200_000}}
    ledger.owe(ledger.program("tell"), ["{tag.x}"], record=record)
    outcome = ledger.run_one()
    assert outcome.state == "retry"
    assert outcome.output == "It cannot be started: Argument list too long."


def test_the_cause_arrives_as_one_literal_argument(ledger: Ledger) -> None:
    ledger.owe(ledger.program("tell"), ["{cause}"], cause="; rm -rf / {name} 'x'")
    assert arguments_in(ledger.run_one()) == ["; rm -rf / {name} 'x'"]


@pytest.mark.parametrize(
    ("value", "argument"),
    [
        (0.1, "0.1"),
        (2**70, str(2**70)),
        (True, "true"),
        (None, "null"),
        ("0.10", "0.10"),
        (["a", 1], '["a", 1]'),
    ],
)
def test_a_tag_that_is_no_text_arrives_as_its_json(
    ledger: Ledger, value: Any, argument: str
) -> None:
    record = {"name": "it", "tags": {"x": value}}
    ledger.owe(ledger.program("tell"), ["{tag.x}"], record=record)
    assert arguments_in(ledger.run_one()) == [argument]


def test_the_record_is_named_as_it_is_described_now(ledger: Ledger) -> None:
    record = {"name": "peaks.h5", "uris": ["file://h/peaks.h5", "s3://b/peaks.h5"]}
    recall_id = ledger.owe(
        ledger.program("tell"), ["{name}", "{uri}", "{record_id}"], record=record
    )
    [outcome] = ledger.run()
    assert arguments_in(outcome) == ["peaks.h5", "file://h/peaks.h5", str(outcome.record_id)]
    assert outcome.recall_id == recall_id
