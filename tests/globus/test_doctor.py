"""``braid-db endpoint doctor`` on an endpoint that runs, and on one with one thing wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.globus.served import STEP, Served


def examined(served: Served, *arguments: object) -> dict[str, dict[str, Any]]:
    """Return the checks by name; the exit status is 1 if one is bad."""
    done = served.account.run("endpoint", "doctor", *arguments, "--format", "json")
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    is_bad = any(check["verdict"] == "bad" for check in checks.values())
    assert done.returncode == (1 if is_bad else 0)
    return checks


def wrong(checks: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return what is advised about that which is bad, by the check's name."""
    return {name: one["advice"] for name, one in checks.items() if one["verdict"] == "bad"}


@pytest.fixture
def served(sqlite_served: Served) -> Served:
    """An endpoint with which nothing is wrong."""
    assert wrong(examined(sqlite_served)) == {}
    return sqlite_served


def test_of_an_endpoint_that_runs_all_is_good(served: Served) -> None:
    checks = examined(served)
    assert set(checks) == {
        *("configuration", "callers", "workers", "agent", "database", "disk"),
        *("permissions", "login", "clock", "registered", "allowed", "running"),
    }
    assert {check["verdict"] for check in checks.values()} == {"good"}
    assert checks["running"]["found"] == served.endpoint_id


def test_a_record_makes_the_round_trip(served: Served) -> None:
    checks = examined(served, "--round-trip")
    assert checks["round trip"]["verdict"] == "good", checks["round trip"]
    assert checks["round trip"]["found"].startswith("record ")


def test_an_agent_that_is_stopped_is_to_be_started(served: Served) -> None:
    served.account.agent.stop()
    assert "globus-compute-endpoint start" in wrong(examined(served))["running"]
    served.account.start_agent()


def test_a_function_that_was_lost_is_to_be_registered_and_then_allowed(served: Served) -> None:
    served.web.delete(f"/v2/functions/{served.ids[STEP]}")
    found = wrong(examined(served))
    assert set(found) == {"registered"}
    assert "functions register" in found["registered"]
    served.ids |= served.account.register()
    found = wrong(examined(served))
    assert set(found) == {"allowed"}
    assert "--allow-registered" in found["allowed"]
    served.account.ask("endpoint", "configure", "--allow-registered")
    served.account.start_agent()
    assert wrong(examined(served)) == {}
    assert served.by_sdk(STEP, step_name="allowed again")["flow_state_record_id"]


def test_files_that_others_can_change_and_a_database_that_is_gone_are_named(
    served: Served,
) -> None:
    folder, database = served.account.agent.folder, served.account.home / "braid.db"
    (folder / "config.yaml").chmod(0o622)
    assert f"chmod go-w {folder / 'config.yaml'}" in wrong(examined(served))["permissions"]
    (folder / "config.yaml").chmod(0o600)
    aside = database.rename(database.with_suffix(".aside"))
    assert "braid.db" in wrong(examined(served))["database"]
    aside.rename(database)
