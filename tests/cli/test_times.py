"""Tests that a time on the command line is in UTC where it names no zone, wherever that runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Recorded, Run

Ask = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("elsewhere")

NOW = "{now:%Y-%m-%dT%H:%M:%S.%f}"
HOUR_AGO = "{hour_ago:%Y-%m-%dT%H:%M:%S.%f}"


def filled(*command: str) -> list[str]:
    """Return a command with times that name no zone."""
    now = datetime.now(UTC)
    return [one.format(now=now, hour_ago=now - timedelta(hours=1)) for one in command]


@pytest.mark.parametrize(
    ("command", "count"),
    [
        (("--since", HOUR_AGO), 5),
        (("--since", NOW), 0),
        (("--until", NOW), 5),
        (("--until", HOUR_AGO), 0),
        (("--where", f"created_at >= '{HOUR_AGO}'"), 5),
        (("--where", f"created_at >= '{NOW}'"), 0),
    ],
)
def test_records_are_listed_by_times_in_utc(
    ask: Ask, recorded: Recorded, command: tuple[str, ...], count: int
) -> None:
    assert ask("record", "list", "--count", *filled(*command)) == {"count": count}


@pytest.mark.parametrize("command", [("record", "lineage", "5"), ("record", "why", "5")])
def test_a_question_as_of_a_time_is_one_in_utc(
    run: Run, recorded: Recorded, command: tuple[str, ...]
) -> None:
    assert run(*command, "--as-of", *filled(NOW)).exit_code == 0
    too_early = run(*command, "--as-of", *filled(HOUR_AGO))
    assert too_early.exit_code == 1
    assert "not-recorded-then" in too_early.stderr


def test_a_recall_chooses_contents_by_times_in_utc(run: Run, recorded: Recorded) -> None:
    make = ("recall", "make", "1", "--dry-run")
    assert run(*make, *filled("--since", HOUR_AGO, "--until", NOW)).exit_code == 0
    for none in (("--since", NOW), ("--until", HOUR_AGO)):
        assert "nothing-to-recall" in run(*make, *filled(*none)).stderr
