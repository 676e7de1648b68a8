"""Secrets are nowhere but where they must be: the client's, tokens, the database's passwords."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.databases.postgresql import PostgresServer
from tests.effort import only_whole
from tests.globus.conftest import IN_QUERY, PASSWORD, PGPASSWORD, NewAccount, secretive
from tests.globus.contents import contents
from tests.globus.served import STEP, Served
from tests.globus_cloud.auth import OWNER

ENVIRONMENT, TOKENS = "user_environment.yaml", "storage.db"
"""The two files that hold secrets: the passwords, and what the SDK keeps of a login."""

PASSWORDS = {PASSWORD: ENVIRONMENT, IN_QUERY: ENVIRONMENT, PGPASSWORD: ENVIRONMENT}
ESCAPED = f"pass%77ord={IN_QUERY}"


@pytest.fixture(scope="module")
def on_globus_compute_engine(
    new_account: NewAccount, postgresql_server: PostgresServer
) -> Iterator[Served]:
    with secretive(new_account, postgresql_server, "--engine=GlobusComputeEngine") as served:
        yield served


@pytest.fixture(
    params=[
        "postgresql_served",
        pytest.param(
            "on_globus_compute_engine", marks=only_whole("GlobusComputeEngine starts slowly")
        ),
    ]
)
def served(request: pytest.FixtureRequest) -> Served:
    """An endpoint with secrets, on each engine."""
    served: Served = request.getfixturevalue(request.param)
    return served


def tokens_of(served: Served) -> list[str]:
    """Return the tokens by which an endpoint's owner is logged in."""
    with sqlite3.connect(served.account.home / ".globus_compute" / TOKENS) as storage:
        rows = storage.execute("SELECT token_data_json FROM token_storage").fetchall()
    tokens = [json.loads(text)["access_token"] for (text,) in rows]
    assert tokens
    return tokens


def secrets_of(served: Served) -> list[str]:
    return [OWNER.secret, *tokens_of(served), *PASSWORDS]


def told(secrets: list[str], *texts: str) -> list[str]:
    """Return those secrets that one of the texts tells."""
    return [secret for secret in secrets if any(secret in text for text in texts)]


def test_workers_have_no_secret_but_the_passwords_of_the_database(served: Served) -> None:
    found = served.by_sdk("tell_environment")
    secrets = secrets_of(served)
    assert told(secrets, found.pop("BRAID_DB_URL")) == [PASSWORD, IN_QUERY]
    assert found.pop("PGPASSWORD") == PGPASSWORD
    assert told(secrets, *found.values()) == []
    assert found["GLOBUS_COMPUTE_CLIENT_ID"] == ""
    lines = command_lines(served.account.agents_processes())
    assert len(lines) > 2
    assert told(secrets, *lines) == []


def test_no_table_or_output_tells_a_secret(served: Served) -> None:
    served.by_sdk(STEP, step_name="secret")
    refused = served.client.call(served.endpoint_id, served.ids[STEP], previous_step_output=10**9)
    assert "record-not-found" in refused["failed"]
    texts = [str(refused), str(contents(served.database))]
    database, _, query = served.database.partition("?")
    no_server = f"{database.rpartition(':')[0]}:1/none?{query}"
    escaped = f"{database}?connect_timeout=7&{ESCAPED}"
    for arguments in (
        ("endpoint", "status"),
        ("endpoint", "doctor"),
        ("endpoint", "configure", "--db", escaped, "--dry-run"),
        ("endpoint", "configure", "--db", no_server),
        ("functions", "list"),
        ("db", "status", "--db", escaped),
        ("db", "status", "--db", no_server),
    ):
        done = served.account.run(*arguments)
        assert "Traceback" not in done.stderr
        texts.append(done.stdout + done.stderr)
    assert any("connect_timeout=7&pass%77ord=***" in text for text in texts)
    assert told(secrets_of(served), *texts) == []


def test_of_all_files_two_hold_secrets_and_both_are_their_owners_alone(served: Served) -> None:
    home = served.account.home
    files = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    logs = {path.parent.name[:4] for path, text in files.items() if path.name == "endpoint.log"}
    assert logs == {"brai", "uep."}
    kept_in = {OWNER.secret: None, **dict.fromkeys(tokens_of(served), TOKENS), **PASSWORDS}
    for secret, name in kept_in.items():
        expected = [] if name is None else [name]
        assert [path.name for path in holding(files, secret)] == expected
        assert [path for path in holding(files, secret) if path.stat().st_mode & 0o077] == []


def command_lines(processes: list[int]) -> list[str]:
    """Return the command lines of processes, which any account of a machine can read."""
    paths = [Path(f"/proc/{process}/cmdline") for process in processes]
    return [path.read_text(errors="replace") for path in paths if path.exists()]


def holding(files: Mapping[Path, bytes], secret: str) -> list[Path]:
    return [path for path, text in files.items() if secret.encode() in text]
