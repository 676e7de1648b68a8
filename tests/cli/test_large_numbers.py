"""Numbers that no database can hold are refused in a sentence."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Recorded, Run

LARGE = "9" * 23


@pytest.mark.parametrize("number", [LARGE, str(2**63 - 1)])
@pytest.mark.parametrize(
    "command",
    [
        ["record", "list", "--limit"],
        ["run", "list", "--limit"],
        ["recall", "list", "--limit"],
        ["statement", "list", "--limit"],
        ["record", "lineage", "1", "--depth"],
        ["record", "paths", "1", "3", "--limit"],
        ["record", "show", "1", "--version"],
        ["record", "restore", "1", "--version"],
        ["graph", "1", "--depth"],
    ],
    ids=" ".join,
)
def test_more_than_can_be_counted_to_is_wrong_usage(
    run: Run, recorded: Recorded, command: list[str], number: str
) -> None:
    done = run(*command, number)
    assert done.exit_code == 2
    assert f"{number} is not in the range" in done.stderr


@pytest.mark.parametrize("command", ["show", "lineage", "history"])
def test_a_record_of_a_larger_id_than_there_can_be_is_not_there(
    run: Run, recorded: Recorded, command: str
) -> None:
    done = run("record", command, LARGE)
    assert done.exit_code == 1
    assert f"No record '{LARGE}'" in done.stderr
