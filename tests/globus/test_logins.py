"""Functions and flows of a person who logs in with a browser, and has no client's secret."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from tests.globus.account import Account
from tests.globus.conftest import NewAccount
from tests.globus.flow_files import GREET, FlowFolder
from tests.globus.web import Web, code_for
from tests.globus_cloud.auth import OWNER

REGISTER = ("functions", "register", "add_records", "--format", "json")


@pytest.fixture
def person(new_account: NewAccount) -> Account:
    """Somebody without a client's secret, who has not logged in yet."""
    account = new_account(OWNER)
    for name in ("GLOBUS_COMPUTE_CLIENT_ID", "GLOBUS_COMPUTE_CLIENT_SECRET"):
        del account.environment[name]
    return account


def log_in(person: Account, *command: object, code: str | None = None) -> tuple[int, str, str]:
    """Give a command on a terminal, where the code is typed in that the browser shows.

    :param command: what follows ``braid-db``; one that registers a function when omitted.
    :param code: another one to type in.
    :returns: the exit status, stdout and stderr.
    """
    terminal, keyboard = os.openpty()
    line = [Path(sys.executable).with_name("braid-db"), *map(str, command or REGISTER)]
    with subprocess.Popen(
        line, env=person.environment, text=True,
        stdin=keyboard, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        assert program.stderr
        url = next(found[0] for said in program.stderr if (found := re.search(r"http\S+", said)))
        os.write(terminal, f"{code or code_for(url, person.identity)}\n".encode())
        answer, said = program.communicate()
    os.close(terminal)
    os.close(keyboard)
    return program.returncode, answer, said


def tokens_of(person: Account) -> list[dict[str, str]]:
    with sqlite3.connect(person.home / ".globus_compute" / "storage.db") as storage:
        rows = storage.execute("SELECT token_data_json FROM token_storage").fetchall()
    return [json.loads(text) for (text,) in rows]


def test_a_person_logs_in_once_and_registers(person: Account) -> None:
    refused = person.run(*REGISTER)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "[login-needed]" in refused.stderr
    status, answer, said = log_in(person)
    assert status == 0, said
    [registered] = json.loads(answer)
    found = Web(person.cloud, OWNER).get(f"/v2/functions/{registered['function_id']}")
    assert found["owner"] == OWNER.id
    kept = json.loads((person.home / ".braid_db" / "functions.json").read_text())
    assert list(kept["registered"]) == [f"local/{OWNER.id}"]
    assert person.register("add_records") == {"add_records": registered["function_id"]}


def test_a_login_outlives_its_tokens(person: Account) -> None:
    assert log_in(person)[0] == 0
    before = tokens_of(person)
    for token in before:
        Web(person.cloud, token=token["access_token"]).revoke()
    verified = person.run("functions", "verify", "add_records")
    assert verified.returncode == 0, verified.stderr
    after = {token["access_token"] for token in tokens_of(person)}
    assert after.isdisjoint({token["access_token"] for token in before})


def test_a_code_that_is_none_is_refused_in_one_sentence(person: Account) -> None:
    status, answer, said = log_in(person, code="mistyped")
    assert (status, answer) == (1, "")
    assert "[globus-refused]" in said
    assert "Traceback" not in said


def test_a_person_who_ends_the_input_is_told_so_in_one_line(person: Account) -> None:
    status, answer, said = log_in(person, code="\x04")
    assert (status, answer) == (1, "")
    assert "because no code was typed in" in said
    assert "Traceback" not in said


def test_a_login_that_was_taken_back_is_to_be_made_again(person: Account) -> None:
    assert log_in(person)[0] == 0
    with closing(sqlite3.connect(person.home / ".globus_compute" / "storage.db")) as storage:
        for namespace, server, text in storage.execute(
            "SELECT namespace, resource_server, token_data_json FROM token_storage"
        ).fetchall():
            told = json.loads(text) | {"access_token": "old", "refresh_token": "old"}
            storage.execute(
                "UPDATE token_storage SET token_data_json = ? WHERE namespace = ? "
                "AND resource_server = ?",
                (json.dumps(told | {"expires_at_seconds": 1}), namespace, server),
            )
        storage.commit()
    for command in (REGISTER, ("functions", "verify", "add_records")):
        refused = person.run(*command)
        assert (refused.returncode, refused.stdout) == (1, "")
        [told] = refused.stderr.splitlines()
        assert "globus-compute-endpoint login --force" in told


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"ID": OWNER.id, "SECRET": "wrong"}, "check GLOBUS_COMPUTE_CLIENT_ID"),
        ({"SECRET": OWNER.secret}, "GLOBUS_COMPUTE_CLIENT_SECRET is set without its ID"),
        ({"ID": OWNER.id}, "[login-needed]"),
        ({"ID": "no-uuid", "SECRET": "x"}, "[globus-refused]"),
        ({"ID": "", "SECRET": ""}, "[login-needed]"),
    ],
)
def test_a_client_that_is_none_is_told_in_one_line(
    person: Account, variables: dict[str, str], told: str
) -> None:
    person.environment |= {f"GLOBUS_COMPUTE_CLIENT_{name}": one for name, one in variables.items()}
    refused = person.run(*REGISTER)
    assert (refused.returncode, refused.stdout) == (1, "")
    [said] = refused.stderr.splitlines()
    assert told in said


def test_a_person_consents_to_flows_and_to_each_flow_once(person: Account) -> None:
    folder = FlowFolder(person.home / f"flow {uuid.uuid4()}", Greet=GREET)
    publish = ("flow", "publish", folder.definition, "--format", "json")
    start = ("flow", "start", folder.definition, "--input", folder.input, "--format", "json")
    answers = {}
    for command in (publish, start):
        refused = person.run(*command)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "[login-needed]" in refused.stderr
        status, answers[command], said = log_in(person, *command)
        assert status == 0, said
    published, started = (json.loads(answers[command]) for command in (publish, start))
    assert started["flow_id"] == published["flow_id"]
    kept = json.loads((person.home / ".braid_db" / "flows.json").read_text())
    assert list(kept["published"]) == [f"local/{OWNER.id}"]
    assert person.ask("flow", "publish", folder.definition)["change"] == "unchanged"
    assert person.ask(*start[:-2], "--watch")["status"] == "SUCCEEDED"
