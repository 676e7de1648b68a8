"""The client's secret and the database's password are nowhere but where they must be."""

from __future__ import annotations

from pathlib import Path

from tests.globus.conftest import PASSWORD
from tests.globus.contents import contents
from tests.globus.served import STEP, Served
from tests.globus_cloud.auth import OWNER

KEPT_IN = "user_environment.yaml"
"""The one file that holds the password, as it stands in the database's URL."""


def test_workers_have_no_secret_but_the_url_of_the_database(postgresql_served: Served) -> None:
    found = postgresql_served.by_sdk("tell_environment")
    assert PASSWORD in found.pop("BRAID_DB_URL")
    told = "\n".join(found.values())
    assert OWNER.secret not in told
    assert PASSWORD not in told
    assert found["GLOBUS_COMPUTE_CLIENT_ID"] == ""


def test_no_file_table_or_output_tells_a_secret(postgresql_served: Served) -> None:
    served = postgresql_served
    served.by_sdk(STEP, step_name="secret")
    refused = served.client.call(served.endpoint_id, served.ids[STEP], previous_step_output=10**9)
    assert "record-not-found" in refused["failed"]
    told = [str(refused), str(contents(served.database))]
    no_server = served.database.replace(":" + served.database.split(":")[-1], ":1/none")
    for arguments in (
        ("endpoint", "status"),
        ("endpoint", "doctor"),
        ("endpoint", "configure", "--db", served.database + "?connect_timeout=7", "--dry-run"),
        ("endpoint", "configure", "--db", no_server),
        ("functions", "list"),
        ("db", "status", "--db", no_server),
    ):
        done = served.account.run(*arguments)
        assert "Traceback" not in done.stderr
        told.append(done.stdout + done.stderr)
    assert not [text for text in told if OWNER.secret in text or PASSWORD in text]
    files = {path: path.read_bytes() for path in served.account.home.rglob("*") if path.is_file()}
    assert any(path.name == "endpoint.log" and text for path, text in files.items())
    assert holding(files, OWNER.secret) == []
    assert holding(files, PASSWORD) == [KEPT_IN]
    assert (served.account.agent.folder / KEPT_IN).stat().st_mode & 0o077 == 0


def holding(files: dict[Path, bytes], secret: str) -> list[str]:
    return [path.name for path, text in files.items() if secret.encode() in text]
