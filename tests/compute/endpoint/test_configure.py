"""Tests of configuring an endpoint, as its command does it, and as the real agent reads it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from braid_db.cli import main
from braid_db.compute.endpoint.configuring import (
    Choices,
    mapped_accounts,
    plan_changes,
    with_changes,
)
from braid_db.compute.endpoint.editing import get_variable, set_variable
from braid_db.compute.endpoint.errors import EndpointFileUnusable
from braid_db.compute.endpoint.folder import MAPPING, TEMPLATE, EndpointFolder
from tests.compute.endpoint.conftest import Run

AGENT = Path(sys.executable).with_name("globus-compute-endpoint")


def files(agents: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((agents / "braid_db").iterdir())}


def rendered(agents: Path) -> Any:
    done = subprocess.run(
        [AGENT, "render-user-config", "--endpoint", "braid_db"],
        env=os.environ | {"GLOBUS_COMPUTE_USER_DIR": str(agents)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def status() -> dict[str, Any]:
    done = CliRunner().invoke(main, ["endpoint", "status", "--format", "json"])
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_new_endpoint_owns_a_database_that_is_made(
    configure: Run, agents: Path, sqlite_url: str
) -> None:
    done = configure()
    assert done.exit_code == 0, done.stderr
    assert "globus-compute-endpoint start braid_db" in done.stderr
    environment = yaml.safe_load(files(agents)["user_environment.yaml"])
    assert environment["BRAID_DB_URL"] == sqlite_url
    assert environment["GLOBUS_COMPUTE_CLIENT_SECRET"] == ""
    assert Path(sqlite_url.removeprefix("sqlite:///")).is_file()
    engine = rendered(agents)["engine"]
    assert (engine.pop("type"), engine.pop("max_workers")) == ("ProcessPoolEngine", 2)
    assert list(engine) == ["max_tasks_per_child"]  # by which Python starts workers afresh
    assert "allowed_functions" not in yaml.safe_load(files(agents)["config.yaml"])


def test_a_path_is_of_the_folder_that_it_is_named_in(
    configure: Run, agents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for named in ("rel.db", "sqlite:///rel.db"):
        assert configure(db=named).exit_code == 0
        assert status()["database"].endswith(f"{tmp_path}/rel.db")
        assert (tmp_path / "rel.db").is_file()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert configure(db="~/home.db").exit_code == 0
    assert status()["database"] == "~/home.db"
    assert (tmp_path / "home.db").is_file()


def test_its_files_are_its_owners(configure: Run, agents: Path) -> None:
    configure()
    assert stat.S_IMODE((agents / "braid_db").stat().st_mode) == 0o700
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (agents / "braid_db").iterdir()}
    assert modes == {
        "config.yaml": 0o600,
        "user_config_schema.json": 0o644,
        "user_config_template.yaml.j2": 0o644,
        "user_environment.yaml": 0o600,
    }


def test_running_it_again_changes_nothing(configure: Run, agents: Path) -> None:
    configure()
    before = files(agents)
    done = configure(db=None)
    assert done.exit_code == 0
    assert "Nothing to change" in done.stdout
    assert files(agents) == before


def test_what_changes_is_shown_and_what_was_changed_by_hand_stays(
    configure: Run, agents: Path
) -> None:
    configure()
    template = agents / "braid_db" / "user_config_template.yaml.j2"
    by_hand = template.read_text().replace("idle_heartbeats_soft: 120", "idle_heartbeats_soft: 0")
    template.write_text("{#- mine #}\n" + by_hand)
    (agents / "braid_db" / "endpoint.json").write_text('{"endpoint_id": "an-id"}')
    done = configure("--engine", "GlobusComputeEngine", "--workers", "3", db=None)
    assert '-{%- set engine = "ProcessPoolEngine" -%}' in done.stdout
    assert '+{%- set engine = "GlobusComputeEngine" -%}' in done.stdout
    assert template.read_text().startswith("{#- mine #}")
    configuration = rendered(agents)
    assert configuration["idle_heartbeats_soft"] == 0
    engine = configuration["engine"]
    assert (engine["type"], engine["max_workers_per_node"]) == ("GlobusComputeEngine", 3)
    assert engine["address"] == "127.0.0.1"
    programs = Path(sys.executable).parent
    assert engine["provider"]["worker_init"] == f"export PATH='{programs}':$PATH"
    assert status()["endpoint_id"] == "an-id"


def test_a_dry_run_shows_and_writes_nothing(configure: Run, agents: Path, sqlite_url: str) -> None:
    done = configure("--dry-run")
    assert done.exit_code == 0, done.stderr
    assert "config.yaml" in done.stdout
    assert not agents.exists()
    assert not Path(sqlite_url.removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize("path", ["/proc/x.db", "/proc/no/such/x.db", "/proc", "/dev/null/x.db"])
def test_a_dry_run_refuses_a_file_that_cannot_be_made(
    configure: Run, agents: Path, path: str
) -> None:
    for dry_run in ((), ("--dry-run",)):
        done = configure(*dry_run, db=path)
        assert done.exit_code == 1, done.output
        assert "The workers cannot use the database: " in done.stderr
    assert not agents.exists()


def test_roots_agent_is_not_said_to_start_without_an_address(configure: Run) -> None:
    told = configure().stderr
    assert ("--email ADDRESS" in told) is (os.geteuid() == 0)
    assert "--email" not in configure("--email", "a@b.example").stderr


def planned(endpoint: EndpointFolder, **choices: Any) -> EndpointFolder:
    return with_changes(endpoint, plan_changes(endpoint, Choices(**choices)))


def test_what_is_not_said_of_a_shared_endpoint_stays(tmp_path: Path) -> None:
    endpoint = EndpointFolder(tmp_path / "braid_db")
    a = planned(endpoint, accounts={"a.example": "braid"}, email="a@a.example")
    assert get_variable(a.text(TEMPLATE) or "", "json_only") is True
    b = planned(planned(a, json_only=False), accounts={"b.example": "braid"})
    assert mapped_accounts(b) == {"a.example": "braid", "b.example": "braid"}
    assert get_variable(b.text(TEMPLATE) or "", "json_only") is False
    assert mapped_accounts(planned(b, accounts={"a.example": "other"})) == {
        "a.example": "other",
        "b.example": "braid",
    }


def test_accounts_that_cannot_be_read_are_not_lost(tmp_path: Path) -> None:
    endpoint = EndpointFolder(tmp_path / "braid_db")
    shared = planned(endpoint, accounts={"a.example": "braid"}, email="a@a.example")
    broken = replace(shared, planned={**shared.planned, MAPPING: "{"})
    with pytest.raises(EndpointFileUnusable, match="is no mapping of identities"):
        planned(broken, accounts={"b.example": "braid"})


def test_a_shared_endpoint_maps_a_facility_to_one_account_and_takes_json_alone(
    configure: Run, agents: Path
) -> None:
    done = configure("--account", "facility.example=nobody", "--email", "a@facility.example")
    if os.geteuid() != 0:
        assert done.exit_code == 1
        assert "[workers-unfit]" in done.stderr
        return
    # nobody's Python and database are out of its reach in a folder of root's.
    assert done.exit_code == 1, done.output
    assert "Nothing was changed." in done.stderr
    assert not agents.exists()


def test_a_shared_endpoint_needs_an_address(configure: Run, agents: Path) -> None:
    done = configure("--account", "facility.example=nobody")
    assert done.exit_code == 1
    assert "--email" in done.stderr
    assert not agents.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--engine", "ThreadPoolEngine"], "no engine for this use"),
        (["--python", "/nowhere"], "is not there"),
        (["--python", "/bin/true"], "is no Python"),
        (["--account", "facility.example=no-such-account", "--email", "a@b"], "does not have"),
        (["--account", "a b=root", "--email", "a@b"], "no domain"),
        (["not/a/name"], "no name for an endpoint"),
        (["..", "--dry-run"], "no name for an endpoint"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_nothing_is_changed(
    configure: Run, agents: Path, arguments: list[str], told: str
) -> None:
    done = configure(*arguments)
    assert done.exit_code == 1, done.output
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not agents.exists()


def test_a_python_without_braid_db_is_refused(configure: Run, agents: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "empty")], check=True
    )
    done = configure("--python", str(tmp_path / "empty"))
    assert done.exit_code == 1
    assert "cannot import braid_db" in done.stderr
    assert not agents.exists()


def test_a_python_without_an_agent_is_refused(configure: Run, agents: Path, tmp_path: Path) -> None:
    environment = tmp_path / "no agent"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    here = Path(sysconfig.get_path("purelib"))
    [there] = environment.glob("lib/python3*/site-packages")
    for path in here.iterdir():
        if not path.name.startswith("globus_compute_endpoint"):
            (there / path.name).symlink_to(path)
    done = configure("--python", str(environment))
    assert done.exit_code == 1, done.output
    assert "has no agent beside it" in done.stderr
    assert "pip install 'braid-db[endpoint]'" in done.stderr
    assert not agents.exists()


def test_the_path_of_a_python_may_hold_anything(configure: Run, agents: Path) -> None:
    programs = agents.parent / "my 'own' $env"
    programs.mkdir()
    (programs / "python").touch()
    configure("--engine", "GlobusComputeEngine")
    template = agents / "braid_db" / TEMPLATE
    changed = set_variable(template.read_text(), "python", str(programs / "python"))
    assert changed
    template.write_text(changed)
    line = rendered(agents)["engine"]["provider"]["worker_init"]
    done = subprocess.run(
        ["sh", "-c", f'{line}; echo "$PATH"'], check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith(f"{programs}:")


@pytest.fixture
def python_on_a_network(tmp_path: Path) -> Path:
    """An environment like this one, on a machine where all of its files lie on a network."""
    environment, mounts = tmp_path / "on a network", tmp_path / "mounts"
    mounts.write_text(f"server:/x {str(tmp_path).replace(' ', chr(92) + '040')} nfs4 rw 0 0\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    here = sysconfig.get_path("purelib")
    [there] = environment.glob("lib/python3*/site-packages")
    (there / "all.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    set_mounts = f"files.MOUNTS = pathlib.Path({str(mounts)!r})"
    line = f"import pathlib, braid_db.store.files as files; {set_mounts}\n"
    (there / "zz_mounts.pth").write_text(line)
    return environment


@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)])
def test_a_file_that_the_workers_have_on_a_network_is_refused_with_what_to_use(
    configure: Run, agents: Path, python_on_a_network: Path, dry_run: tuple[str, ...]
) -> None:
    done = configure("--python", str(python_on_a_network), *dry_run)
    assert done.exit_code == 1, done.output
    assert "lies on a network file system (nfs4)" in done.stderr
    assert "use PostgreSQL" in done.stderr
    assert not agents.exists()


def test_the_agent_beside_the_workers_is_the_one_to_be_started(
    configure: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    told = configure("--email", "a@facility.example").stderr
    assert f'Start it: PATH={AGENT.parent}:"$PATH" {AGENT.name} start braid_db' in told


def test_a_database_that_cannot_be_used_is_refused_without_its_password(
    configure: Run, agents: Path
) -> None:
    done = configure(db="postgresql://braid:geheim@127.0.0.1:1/provenance")
    assert done.exit_code == 1
    assert "cannot be reached" in done.stderr
    assert "geheim" not in done.output + done.stderr
    assert not agents.exists()


def test_a_password_is_in_no_diff_and_no_status(
    configure: Run, agents: Path, postgresql_url: str
) -> None:
    configure()
    scheme, _, rest = postgresql_url.partition("://")
    with_password = (
        f"{scheme}://{rest.partition('@')[0].partition(':')[0]}:geheim@" + (rest.partition("@")[2])
    )
    done = configure(db=with_password)
    assert done.exit_code == 0, done.stderr
    assert "***@" in done.stdout
    told = done.output + json.dumps(status())
    told += CliRunner().invoke(main, ["endpoint", "doctor"]).output
    assert "geheim" not in told
    assert "geheim" in files(agents)["user_environment.yaml"]


def test_no_secret_is_in_a_diff_or_a_status(configure: Run, agents: Path) -> None:
    configure()
    file = agents / "braid_db" / "user_environment.yaml"
    url = "postgresql://h/n?user=u&password=geheim"
    for named in (url, "postgresql://[u:geheim@h/n"):
        file.write_text(f'BRAID_DB_URL: "{named}"\nPGPASSWORD: "geheim"\n')
        assert "***" in str(status()["database"])
        assert "geheim" not in str(status())
        done = configure("--dry-run")
        assert done.exit_code == 0, done.stderr
        assert "+BRAID_DB_URL: " in done.stdout
        assert "geheim" not in done.output


def test_a_form_that_cannot_be_changed_is_named_and_not_called_no_yaml(
    configure: Run, agents: Path
) -> None:
    configure()
    file = agents / "braid_db" / "config.yaml"
    file.write_text("display_name:\n# what people see\n  Mine\n")
    done = configure("--display-name", "x", db=None)
    assert done.exit_code == 1
    assert "holds 'display_name' in a form that cannot be changed here" in done.stderr
    assert "Write it as 'display_name: ...' in one line" in done.stderr
    assert file.read_text().endswith("  Mine\n")


def test_a_quoted_key_is_changed_where_it_stands_and_one_that_is_escaped_refused(
    configure: Run, agents: Path, sqlite_url: str
) -> None:
    configure()
    file = agents / "braid_db" / "user_environment.yaml"
    file.write_text('"BRAID_DB_URL": "sqlite:////old.db"\nPGUSER: ""\n')
    done = configure()
    assert done.exit_code == 0, done.stderr
    assert file.read_text() == f'BRAID_DB_URL: "{sqlite_url}"\nPGUSER: ""\n'
    escaped = '"BRAID\\x5fDB_URL": "sqlite:////old.db"\n'
    file.write_text(escaped)
    refused = configure()
    assert refused.exit_code == 1
    assert "holds 'BRAID_DB_URL' in a form that cannot be changed here" in refused.stderr
    assert file.read_text() == escaped


def test_files_that_are_no_yaml_are_left_as_they_are(configure: Run, agents: Path) -> None:
    configure()
    (agents / "braid_db" / "config.yaml").write_text("{")
    done = configure("--display-name", "x", db=None)
    assert done.exit_code == 1
    assert "is no YAML" in done.stderr
    assert (agents / "braid_db" / "config.yaml").read_text() == "{"


@pytest.mark.parametrize("verb", ["configure", "status"])
def test_files_that_cannot_be_read_are_named_in_one_line(
    configure: Run, agents: Path, verb: str
) -> None:
    configure()
    (agents / "braid_db" / "config.yaml").unlink()
    # A folder in its place cannot be read by root either.
    (agents / "braid_db" / "config.yaml").mkdir()
    done = CliRunner().invoke(main, ["endpoint", verb])
    assert done.exit_code == 1
    assert "config.yaml cannot be read (Is a directory)" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_status_of_no_endpoint_is_refused() -> None:
    done = CliRunner().invoke(main, ["endpoint", "status", "nobody"])
    assert done.exit_code == 1
    assert "[endpoint-not-configured]" in done.stderr
