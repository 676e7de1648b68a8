"""Upstream's commands for Globus Compute: the functions registered, a record through the broker."""

from __future__ import annotations

import re
from contextlib import closing

from tests.functions.calls import NAMES, Endpoint
from tests.globus.account import Account
from tests.globus.served import STEP, Served

LINE = re.compile(r"(Added|Known) function (\w+) with uuid ([0-9a-f-]{36})")


def registered(account: Account, word: str) -> dict[str, str]:
    """Run ``register-funcx`` and return the ids by name; each line begins with the word."""
    done = account.run(program="register-funcx")
    assert (done.returncode, done.stderr) == (0, "")
    found = [LINE.fullmatch(line) for line in done.stdout.splitlines()]
    assert {match and match[1] for match in found} == {word}
    return {match[2]: match[3] for match in found if match}


def names_by_id(database: str) -> dict[int, str]:
    with closing(Endpoint(database)) as at_work:
        return {row.record_id: row.name for row in at_work.rows("version")}


def record_id(served: Served, *arguments: object) -> int:
    """Run ``funcx-add-record`` and return the id that it prints."""
    done = served.account.run(*arguments, program="funcx-add-record")
    assert done.returncode == 0, done.stderr
    [told] = re.findall(r"^Added record with id (\d+)\n$", done.stdout)
    return int(told)


def test_register_funcx_prints_the_name_and_the_uuid_of_each_function(owner: Account) -> None:
    ids = registered(owner, "Added")
    assert set(ids) == set(NAMES)
    assert registered(owner, "Known") == ids
    assert owner.register() == ids


def test_funcx_add_record_adds_one_and_prints_its_id(sqlite_served: Served) -> None:
    here = record_id(sqlite_served, "scan 4711")
    named = ("--endpoint-id", sqlite_served.endpoint_id)
    named += ("--function-id", sqlite_served.ids["add_records"])
    there = record_id(sqlite_served, *named, "--", "-4712")
    names = names_by_id(sqlite_served.database)
    assert (names[here], names[there]) == ("scan 4711", "-4712")


def test_funcx_add_record_says_when_what_came_back_is_no_record(sqlite_served: Served) -> None:
    named = ("--function-id", sqlite_served.ids["tell_environment"])
    done = sqlite_served.account.run(*named, "any", program="funcx-add-record")
    assert (done.returncode, done.stdout) == (1, "")
    assert "[round-trip-failed]" in done.stderr
    assert STEP not in done.stderr


def test_funcx_add_record_needs_an_endpoint(owner: Account) -> None:
    done = owner.run("any", program="funcx-add-record")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--endpoint-id" in done.stderr
