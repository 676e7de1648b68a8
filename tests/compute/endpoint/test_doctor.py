"""Tests of ``braid-db endpoint doctor`` where no agent and no Globus are needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from braid_db.cli import main
from tests.compute.endpoint.conftest import Run
from tests.effort import only_whole


def doctor(*arguments: str) -> dict[str, dict[str, Any]]:
    """Return the doctor's checks by name; one of them is bad."""
    done = CliRunner().invoke(main, ["endpoint", "doctor", *arguments, "--format", "json"])
    assert done.exit_code == 1, done.output
    return {check["name"]: check for check in json.loads(done.stdout)}


def test_the_doctor_finds_an_agent_of_another_python_whose_workers_would_be_others(
    configure: Run, agents: Path
) -> None:
    configure()
    command = "/other/bin/python /other/bin/globus-compute-endpoint start braid_db"
    title = f"Globus Compute Endpoint *(an-id, braid_db) [{command}]"
    line = ["bash", "-c", 'exec -a "$0" sleep 60', title]
    with subprocess.Popen(line) as agent:
        (agents / "braid_db" / "daemon.pid").write_text(f"{agent.pid}\n")
        while not Path(f"/proc/{agent.pid}/cmdline").read_text().startswith(title):
            assert agent.poll() is None
            time.sleep(0.01)
        done = CliRunner().invoke(main, ["endpoint", "doctor", "--format", "json"])
        agent.kill()
    [running] = [one for one in json.loads(done.stdout) if one["name"] == "running"]
    assert running["verdict"] == "bad"
    assert running["found"] == f"process {agent.pid} of /other/bin/python"
    assert "start braid_db" in running["advice"]


def test_the_doctor_says_what_to_do_where_nothing_is_configured(agents: Path) -> None:
    done = CliRunner().invoke(main, ["endpoint", "doctor", "--format", "json"])
    assert done.exit_code == 1
    [check] = json.loads(done.stdout)
    assert check["verdict"] == "bad"
    assert check["advice"] == "Make it: braid-db endpoint configure braid_db"


def test_the_doctor_looks_at_what_can_be_seen_here_though_nobody_is_logged_in(
    configure: Run, agents: Path
) -> None:
    configure()
    (agents / "braid_db" / "config.yaml").chmod(0o666)
    done = CliRunner().invoke(main, ["endpoint", "doctor", "--format", "json"])
    assert done.exit_code == 1
    verdicts = {check["name"]: check["verdict"] for check in json.loads(done.stdout)}
    assert verdicts == {
        "configuration": "good",
        # Root's agent needs an address that Globus can write to.
        "callers": "bad" if os.geteuid() == 0 else "good",
        "workers": "good",
        "agent": "good",
        "database": "good",
        "disk": "good",
        "processes": "good",
        "permissions": "bad",
        "running": "bad",
        "login": "bad",
    }


@pytest.mark.parametrize("broken", ["{", "- a list", "\tallowed_functions: 1"])
def test_the_doctor_gives_its_table_though_the_configuration_is_none(
    configure: Run, agents: Path, broken: str
) -> None:
    configure()
    (agents / "braid_db" / "config.yaml").write_text(broken)
    checks = doctor()
    assert "config.yaml is no " in checks["callers"]["advice"]
    assert checks["permissions"]["verdict"] == "good"
    assert "login" in checks


def test_the_doctor_names_a_file_that_cannot_be_read(configure: Run, agents: Path) -> None:
    configure()
    (agents / "braid_db" / "config.yaml").unlink()
    # A folder in its place cannot be read by root either.
    (agents / "braid_db" / "config.yaml").mkdir()
    [check] = doctor().values()
    assert (check["name"], check["verdict"]) == ("configuration", "bad")
    assert "config.yaml cannot be read (Is a directory)" in check["advice"]


def test_the_doctor_gives_its_table_where_the_agent_is_not_installed(
    configure: Run, agents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure()
    # It brings PyYAML, which the rest of Braid-DB does without.
    monkeypatch.setitem(sys.modules, "yaml", None)
    checks = doctor()
    assert checks["agent installed"]["verdict"] == "bad"
    assert "pip install 'braid-db[endpoint]'" in checks["agent installed"]["advice"]
    assert list(checks) == ["configuration", "agent installed", "permissions", "login"]


def test_the_doctor_gives_its_table_though_nobody_can_go_round(
    configure: Run, agents: Path
) -> None:
    configure()
    checks = doctor("--round-trip")
    assert checks["workers"]["verdict"] == "good"
    assert checks["login"]["verdict"] == "bad"
    assert checks["round trip"]["verdict"] == "bad"
    assert "log in" in checks["round trip"]["advice"]


@only_whole("what asks Globus tries again and again")
def test_the_doctor_gives_its_table_though_globus_does_not_answer(
    configure: Run, agents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure()
    monkeypatch.setenv("GLOBUS_COMPUTE_CLIENT_ID", "00000000-0000-0000-0000-000000000001")
    monkeypatch.setenv("GLOBUS_COMPUTE_CLIENT_SECRET", "a-secret")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    checks = doctor("--round-trip")
    assert checks["database"]["verdict"] == "good"
    assert checks["round trip"]["verdict"] == "bad"


def test_the_doctor_finds_a_schema_that_is_out_of_date(configure: Run, sqlite_url: str) -> None:
    configure()
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0000'"))
    engine.dispose()
    database = doctor()["database"]
    assert database["verdict"] == "bad"
    assert "braid-db db upgrade" in database["advice"]


def test_the_doctor_remarks_on_a_database_that_others_can_open(
    configure: Run, sqlite_url: str
) -> None:
    configure()
    assert "database file" not in doctor()
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    file.chmod(0o644)
    remark = doctor()["database file"]
    assert remark["verdict"] == "remark"
    assert "mode 644" in remark["found"]
    assert remark["advice"].endswith(f"chmod 600 {file}")


def test_the_doctor_finds_a_database_that_is_another_one_in_each_folder(
    configure: Run, agents: Path
) -> None:
    configure()
    file = agents / "braid_db" / "user_environment.yaml"
    file.write_text("BRAID_DB_URL: braid.db\n")
    database = doctor()["database"]
    assert database["verdict"] == "bad"
    assert "'braid.db'" in database["advice"]
    assert not Path("/braid.db").exists()
