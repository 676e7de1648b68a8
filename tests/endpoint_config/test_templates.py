"""Tests that the endpoint's templates are right for whoever copies them, by the real agent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from braid_db.resources import endpoint_config_folder
from braid_db.settings import read_settings

AGENT = Path(sys.executable).with_name("globus-compute-endpoint")
FILES = {
    "--core-config": "config.yaml",
    "--template-config": "user_config_template.yaml.j2",
    "--schema-config": "user_config_schema.json",
    "--user-env-config": "user_environment.yaml",
}

# Read by the agent's own code, in a process of its own as its engines leave threads behind.
LOAD_CONFIG = """
import json, sys
from globus_compute_endpoint.endpoint.config.utils import load_config_yaml
config = load_config_yaml(sys.stdin.read())
engine = getattr(config, "engine", None)
executor = getattr(engine, "executor", None)
print(json.dumps({
    "kind": type(config).__name__,
    "engine": type(engine).__name__,
    "address": getattr(executor, "address", None),
    "idle_heartbeats_soft": getattr(config, "idle_heartbeats_soft", None),
    "allowed_functions": config.allowed_functions,
}))
"""


def template(name: str) -> str:
    return (endpoint_config_folder() / name).read_text(encoding="utf-8")


@pytest.fixture
def agent_folder(tmp_path: Path) -> Path:
    """The agent's folder after an endpoint has been configured from the templates."""
    arguments = [part for option, name in FILES.items() for part in (option, name)]
    run_agent(
        tmp_path, "configure", "braid_db", "--multi-user", "false", *arguments
    ).check_returncode()
    return tmp_path


def run_agent(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [AGENT, *arguments],
        cwd=endpoint_config_folder(),
        env=os.environ | {"GLOBUS_COMPUTE_USER_DIR": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def rendered(folder: Path) -> str:
    done = run_agent(folder, "render-user-config", "--endpoint", "braid_db")
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded(configuration: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", LOAD_CONFIG], input=configuration, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    facts: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return facts


def test_the_core_configuration_has_no_engine_and_shuts_no_function_out(agent_folder: Path) -> None:
    configuration = (agent_folder / "braid_db" / "config.yaml").read_text()
    facts = loaded(configuration)
    assert facts["kind"] == "CoreEndpointConfig"
    assert facts["allowed_functions"] is None


def test_functions_run_in_worker_processes_of_this_machine(agent_folder: Path) -> None:
    facts = loaded(rendered(agent_folder))
    assert facts["kind"] == "UserEndpointConfig"
    assert facts["engine"] == "ProcessPoolEngine"
    assert facts["idle_heartbeats_soft"] == 120


def test_the_other_engine_listens_on_the_loopback_address_alone(agent_folder: Path) -> None:
    change_template(agent_folder, '"ProcessPoolEngine"', '"GlobusComputeEngine"')
    facts = loaded(rendered(agent_folder))
    assert facts["engine"] == "GlobusComputeEngine"
    assert facts["address"] == "127.0.0.1"


def test_the_other_engine_downloads_nothing_before_its_workers_start(agent_folder: Path) -> None:
    change_template(agent_folder, '"ProcessPoolEngine"', '"GlobusComputeEngine"')
    provider = yaml.safe_load(rendered(agent_folder))["engine"]["provider"]
    assert provider["type"] == "LocalProvider"
    assert provider["worker_init"] == ""


@pytest.mark.parametrize("engine", ["ProcessPoolEngine", "GlobusComputeEngine"])
def test_arguments_can_be_kept_to_json(agent_folder: Path, engine: str) -> None:
    change_template(agent_folder, 'set engine = "ProcessPoolEngine"', f'set engine = "{engine}"')
    assert "allowed_serializers" not in yaml.safe_load(rendered(agent_folder))["engine"]
    change_template(agent_folder, "set json_only = false", "set json_only = true")
    configuration = rendered(agent_folder)
    assert yaml.safe_load(configuration)["engine"]["allowed_serializers"] == [
        "globus_compute_sdk.serialize.JSONData",
        "globus_compute_sdk.*Code",
    ]
    assert loaded(configuration)["engine"] == engine


def change_template(folder: Path, old: str, new: str) -> None:
    path = folder / "braid_db" / FILES["--template-config"]
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("options", [{"workers": 40}, {"endpoint_setup": "touch /tmp/x"}])
def test_a_caller_can_configure_nothing(
    agent_folder: Path, tmp_path: Path, options: dict[str, object]
) -> None:
    file = tmp_path / "options.json"
    file.write_text(json.dumps(options))
    arguments = ("render-user-config", "--endpoint", "braid_db", "--user-options", str(file))
    refused = run_agent(agent_folder, *arguments)
    assert refused.returncode != 0
    assert refused.stdout == ""
    file.write_text("{}")
    assert run_agent(agent_folder, *arguments).returncode == 0


def test_the_environment_names_the_database_of_the_account_that_runs_the_functions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    environment = yaml.safe_load(template("user_environment.yaml"))
    settings = read_settings(environment=environment)
    assert settings.database_url == f"sqlite:///{tmp_path}/.braid_db/braid.db"


def test_the_environment_blanks_what_the_agent_logs_in_with() -> None:
    environment = yaml.safe_load(template("user_environment.yaml"))
    # The agent makes a text of each value, so that a null would become the word None.
    assert all(isinstance(value, str) for value in environment.values())
    assert environment["GLOBUS_COMPUTE_CLIENT_SECRET"] == ""
    assert environment["GLOBUS_COMPUTE_CLIENT_ID"] == ""


@pytest.mark.parametrize("name", ["config.yaml", "user_environment.yaml"])
def test_the_settings_that_are_commented_out_can_be_uncommented(name: str) -> None:
    lines = template(name).splitlines()
    switched_on = [line.removeprefix("#") if line[:2].strip() != "#" else line for line in lines]
    whole = yaml.safe_load("\n".join(switched_on))
    assert set(yaml.safe_load(template(name))) < set(whole)
