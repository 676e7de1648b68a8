"""From an empty account to records: by the SDK, and as Globus Flows calls, like a local call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path
from typing import Any

import pytest

from tests.effort import costly
from tests.functions.calls import Result, document, whole
from tests.globus.account import Account
from tests.globus.conftest import NewAccount, database_of
from tests.globus.contents import contents, result_alone
from tests.globus.served import STEP, Served
from tests.ssx.conftest import SSX
from tests.ssx.test_recorded_flow import (
    FILES_OF_THE_STRUCTURE,
    SOFTWARE,
    STEPS_TO_THE_STRUCTURE,
    names,
)

Caller = Callable[..., Result]


# Both with --full.
DATABASES = ["postgresql", "sqlite"][: costly(10)]


@pytest.fixture(scope="module", params=DATABASES)
def served(request: pytest.FixtureRequest, new_account: NewAccount) -> Iterator[Served]:
    """An endpoint whose database has what :func:`local` has, so that its records' ids are known."""
    account = new_account()
    with database_of(request.param, request, account) as url:
        yield Served(account, url, "--json-only", lets_all_run=True)
        account.leave()


def four_functions(call: Caller, word: str) -> list[Result]:
    """Call each function as the states of one flow do; return the results."""
    known = {"run_id": f"run {word}", "started_by": "urn:globus:auth:identity:someone"}
    files = f"file://beamline.example.org/{word}"
    collected = call(
        STEP,
        step_name="Collect",
        tags={"temperature": 4.2, "detector": {"name": "E\u0301iger", "modules": [1, None, 2**70]}},
        input_record_defs={"name": "beamline.json", "kind": "fact", "uris": f"{files}/b.json"},
        output_record_defs=[{"name": "scan", "uris": [f"{files}/scan.h5"], "sha256": "a" * 64}],
        idempotency_key=f"{word} collect",
        **known,
    )
    moved = call(
        "add_transfer_request",
        previous_step_record_id=document(collected),
        transfer_input={
            "source_endpoint": "0f6c1f0e-3a55-4c0d-9d3b-6c1f5d2f7a41",
            "destination_endpoint": "b7d2a8c4-51e9-4f6b-8a0e-2e9c4d1b3f58",
            "DATA": [{"source_path": f"/{word}/scan.h5", "destination_path": "/scan.h5"}],
        },
        transfer_result={"action_id": f"task {word}", "status": "SUCCEEDED", "details": {}},
        idempotency_key=f"{word} move",
        **known,
    )
    action = call(
        "create_invalidation_action",
        name="Tell the group",
        command="/bin/echo",
        params=["recalled"],
        idempotency_key=f"{word} action",
        **known,
    )
    linked = call(
        "add_invalidation_action_to_record",
        record_id=collected["output_record_ids"][0],
        invalidation_action_id=action,
        idempotency_key=f"{word} link",
        **known,
    )
    analysed = call(
        STEP,
        step_name="Analyse",
        step_result={"status": "SUCCEEDED"},
        previous_step_output=document(moved),
        input_record_ids=document(moved),
        inputs_from_referenced_outputs=True,
        output_record_defs={"name": "structure", "kind": "model"},
        idempotency_key=f"{word} analyse",
        **known,
    )
    return [result_alone(one) for one in (collected, moved, action, linked, analysed)]


@pytest.fixture
def local(served: Served, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of the database that calls made here write into.

    What a test calls on the endpoint it calls here as well, in the same order.
    """
    url = f"sqlite:///{served.account.home}/local.db"
    monkeypatch.setenv("BRAID_DB_URL", url)
    return url


def here(name: str, /, **arguments: Any) -> Result:
    return whole(name)(**arguments)


def test_the_functions_record_and_return_what_a_local_call_does(served: Served, local: str) -> None:
    ours = [four_functions(here, "sdk"), four_functions(here, "flow")]
    theirs = [four_functions(served.by_sdk, "sdk"), four_functions(served.by_flow, "flow")]
    assert theirs == ours
    assert contents(served.database) == contents(local)


def test_functions_that_another_python_registered_record_and_return_the_same(
    served: Served, owner: Account, other_python: Path, local: str
) -> None:
    this_python, owner.python = owner.python, other_python
    theirs = copy(served)
    theirs.ids, client = owner.register(), owner.client()
    owner.python = this_python
    # What it has registered is the same text, and not registered again.
    assert owner.register() == theirs.ids
    assert four_functions(theirs.by_sdk, "this") == four_functions(here, "this")
    theirs.client = client
    assert four_functions(theirs.by_sdk, "other") == four_functions(here, "other")
    assert contents(served.database) == contents(local)


@pytest.fixture(scope="module")
def ssx_input(postgresql_served: Served, tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """The options that give the flow its input."""
    account = postgresql_served.account
    flow_input = tmp_path_factory.mktemp("ssx") / "input.json"
    flow_input.write_text((SSX.folder / "input.json").read_text())
    account.register("--functions", SSX.folder / "compute.py", "--write", flow_input)
    given: list[object] = ["--input", flow_input]
    for role in ("compute", "provenance"):
        given += ["--set", f"{role}_endpoint_id={postgresql_served.endpoint_id}"]
    return given


def lineage_of_the_structure(served: Served, work: Path) -> set[tuple[str, str]]:
    structure = ("record", "lineage", work / "structure.json", "--up", "--by-data")
    return names(served.account.ask(*structure, "--db", served.database))


def test_the_ssx_flow_through_agent_and_broker_has_the_lineage_of_a_local_run(
    postgresql_served: Served, ssx_input: list[object], tmp_path: Path
) -> None:
    given = [SSX.folder / "provenance.json", *ssx_input, "--set", f"work_folder={tmp_path}"]
    done = postgresql_served.account.ask("flow", "run", *given, "--compute", "globus")
    assert done["status"] == "SUCCEEDED"
    found = lineage_of_the_structure(postgresql_served, tmp_path)
    assert found == FILES_OF_THE_STRUCTURE | STEPS_TO_THE_STRUCTURE | SOFTWARE


def test_the_ssx_flow_published_and_started_has_the_same_lineage_and_tells_who_ran_it(
    postgresql_served: Served, ssx_input: list[object], tmp_path: Path
) -> None:
    account = postgresql_served.account
    account.ask("flow", "publish", SSX.folder / "provenance.json")
    given = [SSX.folder / "provenance.json", *ssx_input, "--set", f"work_folder={tmp_path}"]
    done = account.ask("flow", "start", *given, "--watch")
    assert done["status"] == "SUCCEEDED"
    found = lineage_of_the_structure(postgresql_served, tmp_path)
    assert found == FILES_OF_THE_STRUCTURE | STEPS_TO_THE_STRUCTURE | SOFTWARE
    told = account.ask("run", "show", done["run_id"], "--db", postgresql_served.database)
    assert told["run"]["flow_id"] == done["flow_id"]
    assert told["run"]["started_by"] == account.identity.urn
