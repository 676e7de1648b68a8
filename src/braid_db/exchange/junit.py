"""Statements as a report of tests in JUnit's XML, which programs that build and publish read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from braid_db.views import RecordView

PASSED, FAILED = "passed", "failed"

_AMOUNTS = ("measured", "limit", "unit")


def junit(statements: Iterable[RecordView], causes: Mapping[int, str]) -> str:
    """Return statements as test cases, in a suite for each run.

    The verdict is the tag of this name. What a recall reaches is an error, even if it says that
    it passed: whoever reads the report must not go on with it.

    :param causes: why statements are invalid, by their records' ids.
    """
    by_run: dict[str, list[RecordView]] = {}
    for statement in statements:
        by_run.setdefault(statement.run_id or "no run", []).append(statement)
    suites, all_counts = Element("testsuites"), Counter[str]()
    for run_id, told in by_run.items():
        suite, counts = SubElement(suites, "testsuite", name=_text(run_id)), Counter[str]()
        for statement in told:
            counts.update(("tests", _add_case(suite, statement, causes)))
        _say_counts(suite, counts)
        all_counts += counts
    _say_counts(suites, all_counts)
    indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _add_case(suite: Element, statement: RecordView, causes: Mapping[int, str]) -> str:
    """Add a statement to a suite, and return by what it is counted besides."""
    # The same in each report, so that whoever reads them can tell a test's history.
    classname = f"statement {statement.record_id}"
    case = SubElement(suite, "testcase", name=_text(statement.name), classname=classname)
    properties = SubElement(case, "properties")
    told = [("uri", uri) for uri in statement.uris] + list(statement.tags.items())
    for key, value in told:
        SubElement(properties, "property", name=_text(key), value=_shown(value))
    verdict = statement.tags.get("verdict")
    if not statement.valid:
        cause = causes.get(statement.record_id, "it came from what was recalled")
        SubElement(case, "error", type="recalled", message=_text(cause))
        return "errors"
    if verdict == FAILED:
        SubElement(case, "failure", type="verdict", message=_comparison(statement))
        return "failures"
    if verdict == PASSED:
        return PASSED
    said = "it has no verdict" if verdict is None else f"its verdict is {_shown(verdict)}"
    SubElement(case, "skipped", message=said)
    return "skipped"


def _comparison(statement: RecordView) -> str:
    told = (f"{key} {_shown(statement.tags[key])}" for key in _AMOUNTS if key in statement.tags)
    return ", ".join(told) or _text(statement.name)


def _say_counts(element: Element, counts: Mapping[str, int]) -> None:
    for name in ("tests", "failures", "errors", "skipped"):
        element.set(name, str(counts.get(name, 0)))


def _shown(value: object) -> str:
    return _text(value if isinstance(value, str) else json.dumps(value))


def _text(text: str) -> str:
    """Return a text with what XML cannot hold, and what could steer a terminal, by its code."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )
