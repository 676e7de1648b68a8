"""``braid-db endpoint doctor`` on an endpoint that runs, and on one with one thing wrong."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from braid_db.compute.catalog import FunctionCatalog
from braid_db.compute.registering import register_functions
from braid_db.compute.registrations import Registrations
from braid_db.compute.service import PRIVATE, ComputeService
from braid_db.resources import functions_folder
from tests.effort import only_whole
from tests.globus.conftest import NewAccount
from tests.globus.flow_files import acting_as
from tests.globus.served import STEP, Served
from tests.globus_cloud.cloud import Cloud


def wrong(checks: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return what is advised about that which is bad, by the check's name."""
    return {name: one["advice"] for name, one in checks.items() if one["verdict"] == "bad"}


@pytest.fixture
def served(sqlite_served: Served) -> Served:
    """An endpoint with which nothing is wrong; each test leaves it so."""
    return sqlite_served


def test_of_an_endpoint_that_runs_all_is_good(served: Served) -> None:
    checks = served.account.doctor()
    assert set(checks) == {
        *("configuration", "callers", "workers", "agent", "database", "disk"),
        *("processes", "permissions", "running", "login", "clock", "registered", "allowed"),
        "online",
    }
    assert {check["verdict"] for check in checks.values()} == {"good"}
    assert checks["running"]["found"].endswith(f" of {sys.executable}")
    assert checks["online"]["found"] == served.endpoint_id


def test_a_record_makes_the_round_trip_by_the_functions_as_they_are_here_and_shared(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with acting_as(served.account, monkeypatch):
        # The text was changed and registered, and then changed back.
        here = FunctionCatalog(functions_folder()).get(STEP)
        changed = replace(here, text=f"{here.text}\n# Changed.\n")
        list(register_functions(ComputeService(), Registrations(), [changed], PRIVATE))
    known = (served.account.home / ".braid_db" / "functions.json").read_text()
    checks = served.account.doctor("--round-trip")
    assert {check["verdict"] for check in checks.values()} == {"good"}, checks
    assert checks["round trip"]["found"].startswith("record ")
    assert (served.account.home / ".braid_db" / "functions.json").read_text() == known


def test_an_agent_that_is_stopped_is_to_be_started(served: Served) -> None:
    served.account.agent.stop()
    found = wrong(served.account.doctor("--round-trip", "--limit", "2"))
    assert "globus-compute-endpoint start" in found["running"]
    assert (
        f"the last lines of {served.account.agent.folder / 'endpoint.log'}" in found["round trip"]
    )
    served.account.start_agent()


def test_what_a_killed_agent_left_behind_is_named_until_it_is_old_or_removed(
    served: Served,
) -> None:
    served.by_sdk(STEP, step_name="before the kill")
    account = served.account
    account.kill_agent()
    with pytest.raises(RuntimeError, match="Another instance of this endpoint is running"):
        account.start_agent()
    found = wrong(account.doctor())
    assert "globus-compute-endpoint start" in found["running"]
    agents, functions = map(Path, shlex.split(found["left behind"].partition(": rm ")[2]))
    assert (agents.parent.name, functions.parent.name[:4]) == ("braid_db", "uep.")
    os.utime(agents, times=(0, 0))
    account.start_agent()
    # The agent is there, but would start nothing that runs functions.
    outcome = served.client.call(served.endpoint_id, served.ids[STEP], step_name="refused")
    assert "Another instance of this endpoint is running" in outcome["failed"]
    assert wrong(account.doctor()).keys() == {"left behind"}
    functions.unlink()
    assert wrong(account.doctor()) == {}
    served.by_sdk(STEP, step_name="after the kill")


def test_a_function_that_was_lost_is_to_be_registered_and_then_allowed(served: Served) -> None:
    served.web.delete(f"/v2/functions/{served.ids[STEP]}")
    found = wrong(served.account.doctor())
    assert set(found) == {"registered"}
    command = found["registered"].removeprefix("Run: braid-db functions register")
    served.ids |= served.account.register(*shlex.split(command))
    found = wrong(served.account.doctor())
    assert set(found) == {"allowed"}
    assert "--allow-registered" in found["allowed"]
    served.account.ask("endpoint", "configure", "--allow-registered")
    served.account.start_agent()
    assert wrong(served.account.doctor()) == {}
    assert served.by_sdk(STEP, step_name="allowed again")["flow_state_record_id"]


def test_files_that_others_can_change_and_a_database_that_is_gone_are_named(
    served: Served,
) -> None:
    folder, database = served.account.agent.folder, served.account.home / "braid.db"
    (folder / "config.yaml").chmod(0o622)
    assert f"chmod go-w {folder / 'config.yaml'}" in wrong(served.account.doctor())["permissions"]
    (folder / "config.yaml").chmod(0o600)
    aside = database.rename(database.with_suffix(".aside"))
    assert "braid.db" in wrong(served.account.doctor())["database"]
    aside.rename(database)


@only_whole("a broker is stopped")
def test_the_table_is_given_though_the_broker_takes_no_calls(
    new_account: NewAccount, breakable_cloud: Cloud
) -> None:
    account = new_account(cloud=breakable_cloud)
    Served(account, f"sqlite:///{account.home}/braid.db")
    breakable_cloud.broker.stop()
    checks = account.doctor("--round-trip", "--limit", "20")
    account.leave()
    assert checks["round trip"]["verdict"] == "bad"
    assert checks["registered"]["verdict"] == "good"
