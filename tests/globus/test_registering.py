"""Registering functions with the service: each text once, for each identity."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functions.calls import NAMES
from tests.globus.account import Account
from tests.globus.web import Refusal, Web
from tests.globus_cloud.auth import VISITOR
from tests.globus_cloud.cloud import CHECKOUT

FUNCTION = "def tell():\n    return {word!r}\n\n\ndef other():\n    return 1\n"


def is_new(account: Account, *arguments: object) -> dict[str, bool]:
    """Register functions, and return which of them were sent now."""
    done = account.ask("functions", "register", *arguments)
    return {one["name"]: one["is_new"] for one in done}


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A file of two more functions."""
    path = tmp_path / "compute.py"
    path.write_text(FUNCTION.format(word="first"))
    return path


def test_what_is_registered_is_not_registered_again(owner: Account) -> None:
    first = owner.register()
    assert set(NAMES) <= set(first)
    assert owner.register() == first
    assert not any(is_new(owner).values())
    verified = owner.run("functions", "verify")
    assert verified.returncode == 0, verified.stderr


def test_a_function_whose_text_changed_is_registered_anew_and_no_other(
    owner: Account, module: Path
) -> None:
    first = owner.register("--functions", module)
    module.write_text(FUNCTION.format(word="second"))
    verified = owner.run("functions", "verify", "--functions", module)
    assert verified.returncode == 1
    assert "changed" in verified.stdout
    second = owner.register("--functions", module)
    assert {name for name in first if first[name] != second[name]} == {"tell"}
    assert owner.run("functions", "verify", "--functions", module).returncode == 0


def test_a_text_that_is_changed_back_is_what_is_registered_again(
    owner: Account, module: Path
) -> None:
    named = ("tell", "--functions", module)
    first = owner.register(*named)
    module.write_text(FUNCTION.format(word="second"))
    assert owner.register(*named) != first
    module.write_text(FUNCTION.format(word="first"))
    [found] = owner.ask("functions", "verify", *named)
    assert (found["state"], found["function_id"]) == ("current", first["tell"])
    assert owner.register(*named) == first
    kept = json.loads((owner.home / ".braid_db" / "functions.json").read_text())
    [registered] = kept["registered"].values()
    assert len(registered) == 2
    assert registered[-1]["function_id"] == first["tell"]


def test_a_function_that_the_service_lost_is_registered_anew(owner: Account, module: Path) -> None:
    first = owner.register("tell", "other", "--functions", module)
    Web(owner.cloud, owner.identity).delete(f"/v2/functions/{first['tell']}")
    verified = owner.run("functions", "verify", "tell", "other", "--functions", module)
    assert verified.returncode == 1
    assert "gone" in verified.stdout
    assert is_new(owner, "tell", "other", "--functions", module) == {"tell": True, "other": False}


def test_another_identity_has_functions_of_its_own(owner: Account, module: Path) -> None:
    mine = owner.register("tell", "--functions", module)
    owner.environment |= {
        "GLOBUS_COMPUTE_CLIENT_ID": VISITOR.id,
        "GLOBUS_COMPUTE_CLIENT_SECRET": VISITOR.secret,
    }
    theirs = owner.register("tell", "--functions", module)
    assert mine["tell"] != theirs["tell"]
    kept = json.loads((owner.home / ".braid_db" / "functions.json").read_text())
    assert len(kept["registered"]) == 2


def test_a_function_is_shared_as_it_is_said(owner: Account, module: Path) -> None:
    named = ("tell", "--functions", module)
    private = owner.register(*named)
    public = owner.register(*named, "--public")
    assert private != public
    visitor = Web(owner.cloud, VISITOR)
    assert visitor.get(f"/v2/functions/{public['tell']}")["public"]
    with pytest.raises(Refusal) as caught:
        visitor.get(f"/v2/functions/{private['tell']}")
    assert caught.value.status == 403
    group = "6c91e6eb-085c-11e6-a7a3-22000bf2d559"
    grouped = owner.register(*named, "--group", group)
    found = Web(owner.cloud, owner.identity).get(f"/v2/functions/{grouped['tell']}")
    assert found["group"] == group


def test_the_ids_are_written_into_a_flows_input(
    owner: Account, module: Path, tmp_path: Path
) -> None:
    flow_input = tmp_path / "input.json"
    flow_input.write_text(json.dumps({"sample": "S1", "functions": {"tell": "tell"}}))
    given = ("tell", "other", "--functions", module, "--write", flow_input)
    done = owner.run("functions", "register", *given, "--format", "json")
    ids = {one["name"]: one["function_id"] for one in json.loads(done.stdout)}
    assert json.loads(flow_input.read_text()) == {
        "sample": "S1",
        "functions": {"tell": ids["tell"]},
    }
    assert f"{flow_input}: tell changed" in done.stderr
    assert "does not name, and gets no id of, other" in done.stderr


def test_nothing_is_registered_for_an_input_that_is_not_there(
    owner: Account, module: Path, tmp_path: Path
) -> None:
    given = ("functions", "register", "tell", "--functions", module)
    refused = owner.run(*given, "--write", tmp_path / "missing.json")
    assert refused.returncode == 1
    assert "[flow-input-unwritable]" in refused.stderr
    assert is_new(owner, *given[2:], "--dry-run") == {"tell": True}


def test_a_dry_run_registers_and_writes_nothing(
    owner: Account, module: Path, tmp_path: Path
) -> None:
    flow_input = tmp_path / "input.json"
    flow_input.write_text('{"functions": {"tell": "tell"}}')
    owner.ask("endpoint", "configure", "--db", owner.home / "braid.db")
    owner.register("tell", "--functions", module)
    given = ("tell", "other", "--functions", module, "--write", flow_input)
    done = owner.run("functions", "register", *given, "--allow-on", "braid_db", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"{flow_input}: tell would change" in done.stderr
    assert "would let them run" in done.stderr
    assert flow_input.read_text() == '{"functions": {"tell": "tell"}}'
    assert owner.ask("endpoint", "status")["allowed_functions"] is None
    assert is_new(owner, "other", "--functions", module) == {"other": True}
    module.write_text(FUNCTION.format(word="second"))
    owner.register("tell", "--functions", module, "--write", flow_input)
    module.write_text(FUNCTION.format(word="third"))
    changed = owner.run("functions", "register", *given, "--dry-run")
    assert f"{flow_input}: tell would change" in changed.stderr


def test_an_endpoint_cannot_be_kept_to_what_is_registered_before_anything_is(
    owner: Account,
) -> None:
    configure = ("endpoint", "configure", "--db", owner.home / "braid.db")
    refused = owner.run(*configure, "--allow-registered")
    assert refused.returncode == 1
    assert "braid-db functions register" in refused.stderr
    assert not owner.agent.folder.exists()
    owner.ask(*configure)
    found = owner.run("endpoint", "doctor", "--round-trip", "--format", "json")
    checks = {check["name"]: check for check in json.loads(found.stdout)}
    assert checks["registered"]["verdict"] == "good"
    assert checks["round trip"]["found"] == "the endpoint has no id yet"


def test_an_endpoint_lets_run_what_is_registered_and_what_it_let_run_before(
    owner: Account, module: Path
) -> None:
    given = ("tell", "--functions", module, "--allow-on", "braid_db")
    refused = owner.run("functions", "register", *given)
    assert "[endpoint-not-configured]" in refused.stderr
    assert is_new(owner, "tell", "--functions", module, "--dry-run") == {"tell": True}
    owner.ask("endpoint", "configure", "--db", owner.home / "braid.db")
    first = owner.register(*given)["tell"]
    module.write_text(FUNCTION.format(word="second"))
    changed = owner.run("functions", "register", *given)
    assert "Start it: globus-compute-endpoint start braid_db" in changed.stderr
    second = owner.register(*given)["tell"]
    assert owner.ask("endpoint", "status")["allowed_functions"] == [first, second]
    assert "lets them run already" in owner.run("functions", "register", *given).stderr


KILLED_AFTER_ONE = """
import os, signal, sys
from braid_db.cli import main
from braid_db.compute.registrations import Registrations

add = Registrations.add

def add_and_die(*arguments):
    add(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)

Registrations.add = add_and_die
sys.argv = ["braid-db", "functions", "register", "tell", "other", "--functions", sys.argv[1]]
main()
"""


def test_what_was_registered_before_a_kill_is_not_registered_again(
    owner: Account, module: Path
) -> None:
    line = [sys.executable, "-c", KILLED_AFTER_ONE, str(module)]
    killed = subprocess.run(line, env=owner.environment, cwd=CHECKOUT, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, os.fsdecode(killed.stderr)
    assert is_new(owner, "tell", "other", "--functions", module) == {"tell": False, "other": True}
