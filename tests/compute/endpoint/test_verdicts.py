"""Tests of what is good and bad about an endpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from braid_db.compute.endpoint import verdicts
from braid_db.compute.endpoint.checks import attempted
from braid_db.compute.endpoint.verdicts import Check, Verdict
from braid_db.compute.endpoint.workers import Versions
from braid_db.compute.registering import Compared, State
from braid_db.compute.registrations import Registration

GOOD, REMARK, BAD = Verdict.GOOD, Verdict.REMARK, Verdict.BAD
GIB = 1 << 30


def registration(name: str, *, public: bool = False, group: str | None = None) -> Registration:
    return Registration(name, f"id of {name}", "0" * 64, public, group, "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("offset_s", "verdict", "found"),
    [
        (None, REMARK, "does not tell"),
        (59, GOOD, "59 s ahead"),
        (-59, GOOD, "59 s behind"),
        (61, BAD, "61 s ahead"),
        (-3600, BAD, "3600 s behind"),
    ],
)
def test_a_clock_may_be_a_minute_off(offset_s: float | None, verdict: Verdict, found: str) -> None:
    check = verdicts.clock(offset_s)
    assert check.verdict is verdict
    assert found in check.found
    assert bool(check.advice) is (verdict is BAD)


@pytest.mark.parametrize(("free", "verdict"), [(0, BAD), (GIB - 1, BAD), (GIB, GOOD)])
def test_a_disk_needs_room(free: int, verdict: Verdict) -> None:
    check = verdicts.room(free, "beside the database")
    assert check.verdict is verdict
    assert "beside the database" in check.found


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        (None, BAD),
        ("3.99.1", BAD),
        ("4.18.9", BAD),
        ("4.19.0", GOOD),
        ("4.100.0", GOOD),
        ("5.0", GOOD),
    ],
)
def test_an_agent_is_there_and_new_enough(version: str | None, verdict: Verdict) -> None:
    check = verdicts.agent(version)
    assert check.verdict is verdict
    assert ("pip install" in check.advice) is (verdict is BAD)


def test_workers_have_the_version_that_is_here() -> None:
    versions = Versions("3.12.1", "0.1.0", "4.19.0")
    other = verdicts.workers(Path("/opt/python"), versions, "0.2.0")
    assert (other.verdict, other.advice[:23]) == (BAD, "Here is braid-db 0.2.0:")
    assert verdicts.workers(Path("/opt/python"), versions, "0.1.0").verdict is GOOD


@pytest.mark.parametrize("state", [State.CHANGED, State.GONE, State.UNREGISTERED])
def test_functions_are_registered_as_they_are(state: State) -> None:
    current = Compared("a", State.CURRENT, registration("a"))
    assert verdicts.registered([current]).verdict is GOOD
    check = verdicts.registered([current, Compared("b", state, None)])
    assert (check.verdict, check.found) == (BAD, f"b {state}")
    assert check.advice == "Run: braid-db functions register"


def test_what_changed_is_registered_for_those_who_share_it() -> None:
    changed = [
        Compared("a", State.CHANGED, registration("a", public=True)),
        Compared("b", State.CHANGED, registration("b", group="a-group")),
        Compared("c", State.CHANGED, registration("c", public=True)),
    ]
    assert verdicts.registered(changed).advice == (
        "Run: braid-db functions register a c --public and "
        "braid-db functions register b --group a-group"
    )


def allowed(ids: list[str] | None, *known: str) -> Check:
    return verdicts.allowed("mine", ids, ["a", "b"], {name: registration(name) for name in known})


def test_an_endpoint_lets_each_function_run_that_is_ours() -> None:
    assert allowed(None).verdict is REMARK
    assert allowed(["id of a", "id of b", "another"], "a", "b").verdict is GOOD
    missing = allowed(["id of a"], "a", "b")
    assert (missing.verdict, missing.found) == (BAD, "not b")
    assert missing.advice.startswith("Run: braid-db endpoint configure mine --allow-registered")


def test_what_is_not_registered_cannot_be_let_run() -> None:
    check = allowed(["another", "one more"])
    assert (check.verdict, check.found) == (BAD, "not a, b")
    assert check.advice.startswith("Register them, then run: braid-db endpoint configure mine")


@pytest.mark.parametrize(
    "error", [RuntimeError("one\nline"), Exception("one line"), KeyError("one")]
)
def test_a_check_that_cannot_be_made_is_bad(error: Exception) -> None:
    def part() -> list[Check]:
        raise error

    [check] = attempted("round trip", part)
    assert (check.name, check.verdict) == ("round trip", BAD)
    assert type(error).__name__ in check.found
    assert "one" in check.advice
