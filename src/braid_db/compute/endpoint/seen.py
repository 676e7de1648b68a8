"""What an endpoint is configured to, read out of its files."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from braid_db.compute.endpoint import folder
from braid_db.compute.endpoint.configuring import (
    allowed_functions,
    is_shared,
    mapped_accounts,
    read_yaml,
)
from braid_db.compute.endpoint.editing import get_variable
from braid_db.compute.endpoint.folder import EndpointFolder
from braid_db.compute.endpoint.running import agent_process
from braid_db.compute.endpoint.secrecy import shown_url
from braid_db.compute.endpoint.workers import Workers, interpreter_of
from braid_db.errors import BraidError

AGENT = "globus-compute-endpoint"
"""The agent's program."""


def look_at(endpoint: EndpointFolder) -> dict[str, Any]:
    """Return what an endpoint is configured to, as JSON can hold it."""
    template = endpoint.text(folder.TEMPLATE) or ""
    environment = read_yaml(endpoint, folder.ENVIRONMENT)
    core = read_yaml(endpoint, folder.CONFIG)
    return {
        "name": endpoint.name,
        "endpoint_id": endpoint.endpoint_id,
        "display_name": core.get("display_name"),
        "running": agent_process(endpoint) is not None,
        "shared": is_shared(endpoint),
        "accounts": [f"{domain}={name}" for domain, name in mapped_accounts(endpoint).items()],
        "database": shown_url(str(environment.get("BRAID_DB_URL"))),
        "engine": get_variable(template, "engine"),
        "workers": get_variable(template, "workers"),
        "json_only": get_variable(template, "json_only"),
        "python": get_variable(template, "python"),
        "allowed_functions": allowed_functions(endpoint),
        "folder": str(endpoint.path),
    }


def workers_of(endpoint: EndpointFolder) -> Workers:
    """Return who runs an endpoint's functions, by what it is configured to.

    :raises BraidError: if that cannot be.
    """
    python = get_variable(endpoint.text(folder.TEMPLATE) or "", "python")
    environment = read_yaml(endpoint, folder.ENVIRONMENT)
    variables = {name: str(value) for name, value in environment.items()}
    accounts = mapped_accounts(endpoint).values()
    return Workers(
        python=interpreter_of(python or sys.executable),
        variables=variables,
        account=next(iter(accounts), None),
    )


def agent_command(endpoint: EndpointFolder) -> str:
    """Return how the agent that the workers need is called in a shell.

    An ordinary user's agent looks for its own program in PATH when the first call comes, and fails
    that call where it is not there: to name the program by its path would not be enough.
    """
    try:
        beside = workers_of(endpoint).python.with_name(AGENT)
    except BraidError:
        return AGENT
    found = shutil.which(AGENT)
    is_found = found is not None and Path(found).resolve() == beside.resolve()
    if is_found or not beside.exists():
        return AGENT
    return f'PATH={shlex.quote(str(beside.parent))}:"$PATH" {AGENT}'


def is_of_the_workers(endpoint: EndpointFolder, python: Path) -> bool:
    """Return whether an agent that runs with a Python gives the workers the one they should have.

    It does on the engine that starts them by itself, and where that one is not there any more.
    """
    if get_variable(endpoint.text(folder.TEMPLATE) or "", "engine") != "ProcessPoolEngine":
        return True
    try:
        wanted = workers_of(endpoint).python
    except BraidError:
        return True
    return python.parent.resolve() == wanted.parent.resolve()
