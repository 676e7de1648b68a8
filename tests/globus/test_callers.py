"""Who may call: a personal endpoint its owner alone, a shared one whoever is of the facility."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.functions.calls import Endpoint
from tests.globus.account import Account
from tests.globus.facility import ACCOUNT, Facility
from tests.globus.flow_files import FlowFolder
from tests.globus.served import STEP, Served
from tests.globus_cloud.auth import OWNER, VISITOR
from tests.globus_cloud.cloud import Cloud

NOBODY_ELSE = "personal: only the Globus identity that starts it, and those linked to it"


@pytest.fixture
def facility() -> Iterator[Facility]:
    """A machine with an account that owns the database; skips where none can be had."""
    with tempfile.TemporaryDirectory(prefix="braid-db-tests-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        found = Facility(folder)
        if problem := found.prepare():
            pytest.skip(f"needs root, or user namespaces with subordinate accounts: {problem}")
        yield found
        found.clear()


@pytest.fixture
def root(facility: Facility, globus_cloud: Cloud) -> Iterator[Account]:
    """Root of that machine, with a login of an operator's."""
    account = Account(globus_cloud, facility.folder / "root", OWNER, facility.as_root)
    yield account
    account.leave()


def test_a_personal_endpoint_refuses_another_identity(
    sqlite_served: Served, visitor: Account
) -> None:
    served, account = sqlite_served, sqlite_served.account
    outcome = visitor.client().call(served.endpoint_id, served.ids[STEP], step_name="foreign")
    assert "untrusted identity" in outcome["failed"]
    served.by_sdk(STEP, step_name="own")
    with closing(Endpoint(served.database)) as at_work:
        names = {row.name for row in at_work.rows("version")}
    assert "Action Step own" in names
    assert "Action Step foreign" not in names
    assert account.doctor()["callers"]["found"] == NOBODY_ELSE


def test_an_agent_that_is_not_roots_cannot_share_an_endpoint(owner: Account) -> None:
    owner.ask("endpoint", "configure", "--db", owner.home / "braid.db")
    mapping = owner.agent.folder / "identity_mapping_config.json"
    rules = [{"source": "{username}", "match": ".*@facility\\.example", "output": ACCOUNT}]
    mapping.write_text(json.dumps([{"mappings": rules}]))
    with (owner.agent.folder / "config.yaml").open("a") as config:
        config.write(f"identity_mapping_config_path: {mapping}\n")
    assert owner.doctor()["callers"]["advice"] == "Run the agent as root, and this as well."


def test_a_shared_endpoint_records_for_a_facility_as_the_account_that_owns_the_database(
    facility: Facility, root: Account, visitor: Account
) -> None:
    public = root.register(STEP, "--public")
    options = ("--account", f"facility.example={ACCOUNT}", "--email", "operators@facility.example")
    served = Served(root, facility.database, *options)
    done = a_flow_of(visitor, served.endpoint_id, public[STEP])
    assert done["status"] == "SUCCEEDED", done
    refused = served.client.call(served.endpoint_id, public[STEP], step_name="Refused")
    assert "failed to map" in refused["failed"], refused
    checks = root.doctor()
    assert checks["callers"]["found"] == f"shared: identities of facility.example as {ACCOUNT}"
    assert {check["verdict"] for check in checks.values()} == {"good"}, checks
    config = root.agent.folder / "config.yaml"
    config.write_text(config.read_text().replace("\nemail:", "\n#email:"))
    assert "configure braid_db --email" in root.doctor()["callers"]["advice"]
    run = root.ask("run", "show", done["run_id"], "--db", facility.database)["run"]
    assert (run["started_by"], run["records"]) == (VISITOR.urn, 1)


def a_flow_of(account: Account, endpoint_id: str, function_id: str) -> dict[str, Any]:
    """Publish and start a flow as somebody, which records by whom it was; return its run."""
    step = {
        "step_name": "Shared",
        "run_id.$": "$._context.run_id",
        "started_by.$": "$._context.user_id",
    }
    record = {
        "Type": "Action",
        "ActionUrl": "https://compute.actions.globus.org/v3",
        "Parameters": {
            "endpoint_id": endpoint_id,
            "tasks": [{"function_id": function_id, "kwargs": step}],
        },
        "ResultPath": "$.Record",
        "WaitTime": 180,
        "End": True,
    }
    folder = FlowFolder(account.home / "shared", Record=record)
    account.ask("flow", "publish", folder.definition)
    started = ("flow", "start", folder.definition, "--input", folder.input, "--watch")
    return dict(account.ask(*started))
