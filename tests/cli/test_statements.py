"""Tests that statements are reported as tests with verdicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from braid_db.steps import add_record_for_action_step, invalidate_record
from tests.cli.conftest import HOSTILE, Recorded, Run
from tests.cli.test_reading import no_control_characters

Ask = Callable[..., Any]

TOLD: dict[str, dict[str, object]] = {
    "enough is kept": {"verdict": "passed", "measured": 0.99, "limit": 0.95},
    "the error is small": {"verdict": "failed", "measured": 0.7, "limit": 0.5, "unit": "keV"},
    "it is a lysozyme": {},
    HOSTILE: {"verdict": "\x1b[1munsure", "<&\ufffe": "]]>"},
}


@pytest.fixture
def stated(recorded: Recorded) -> dict[str, int]:
    """Statements of one run, by name, besides what is recorded already."""
    outputs = [{"name": name, "kind": "statement", "tags": tags} for name, tags in TOLD.items()]
    step = {"step_name": "Test", "run_id": "run-2", "output_record_defs": outputs}
    made = add_record_for_action_step(step)["output_record_ids"]
    return dict(zip(TOLD, made, strict=True))


def test_statements_are_a_table_with_verdicts_amounts_and_units(
    run: Run, stated: dict[str, int]
) -> None:
    lines = run("statement", "list").stdout.splitlines()
    assert lines[0].split()[:5] == ["record", "verdict", "measured", "limit", "valid"]
    cells = [line.split() for line in lines[1:]]
    assert [int(row[0]) for row in cells] == sorted(stated.values(), reverse=True)
    assert cells[2][1:6] == ["failed", "0.7", "keV", "0.5", "keV"]
    assert cells[3][1:5] == ["passed", "0.99", "0.95", "yes"]


def test_statements_are_chosen_by_run_and_condition(ask: Ask, stated: dict[str, int]) -> None:
    failed = ask("statement", "list", "--where", "verdict = 'failed' and measured > 0.5")
    assert [one["record_id"] for one in failed["records"]] == [stated["the error is small"]]
    assert len(ask("statement", "list", "--run", "run-2")["records"]) == len(TOLD)
    assert ask("statement", "list", "--run", "run-1")["records"] == []


def test_no_control_characters_reach_the_terminal(run: Run, stated: dict[str, int]) -> None:
    for form in ("text", "junit"):
        assert no_control_characters(run("statement", "list", "--format", form).stdout)


def read_report(run: Run, *more: str) -> ElementTree.Element:
    result = run("statement", "list", "--format", "junit", *more)
    assert result.exit_code == 0, result.stderr
    return ElementTree.fromstring(result.stdout)


def outcomes(report: ElementTree.Element) -> dict[str, list[str]]:
    """Return what stands in each test case besides its properties."""
    return {
        case.attrib["name"]: [child.tag for child in case if child.tag != "properties"]
        for case in report.iter("testcase")
    }


def test_the_junit_report_counts_failures_and_skips_what_is_no_test(
    run: Run, stated: dict[str, int]
) -> None:
    report = read_report(run)
    found = list(outcomes(report).values())
    assert found == [["skipped"], ["skipped"], ["failure"], []]
    [suite] = report
    counts = {"tests": "4", "failures": "1", "errors": "0", "skipped": "2"}
    assert suite.attrib == {"name": "run-2"} | counts
    [failure] = report.iter("failure")
    assert failure.attrib["message"] == "measured 0.7, limit 0.5, unit keV"
    properties = {one.attrib["name"]: one.attrib["value"] for one in report.iter("property")}
    assert properties["<&\\ufffe"] == "]]>"


def test_a_statement_that_was_recalled_is_an_error_though_it_passed(
    run: Run, stated: dict[str, int]
) -> None:
    passed = stated["enough is kept"]
    invalidate_record({"record_id": passed, "cause": "the\x07 mask was shifted"})
    assert "INVALID" in run("statement", "list").stdout
    report = read_report(run)
    assert outcomes(report)["enough is kept"] == ["error"]
    [error] = report.iter("error")
    assert error.attrib == {"type": "recalled", "message": "the\\x07 mask was shifted"}
    assert report.attrib["errors"] == "1"


def test_a_report_of_nothing_is_a_report(run: Run, recorded: Recorded) -> None:
    assert read_report(run).attrib["tests"] == "0"
    assert run("statement", "list").stderr == "No records.\n"


def test_a_part_of_the_report_says_how_to_go_on(run: Run, stated: dict[str, int]) -> None:
    result = run("statement", "list", "--format", "junit", "--limit", "2")
    assert result.stdout.count("<testcase") == 2
    assert "--after" in result.stderr
