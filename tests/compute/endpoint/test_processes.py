"""Tests that the doctor says why an agent could start no process that runs functions."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from braid_db.compute.endpoint.checks import Examined, attempted, processes
from braid_db.compute.endpoint.configuring import Choices, plan_changes, write_changes
from braid_db.compute.endpoint.folder import ENVIRONMENT, SCHEMA, TEMPLATE, EndpointFolder
from braid_db.compute.endpoint.verdicts import Check, Verdict
from braid_db.compute.registrations import Registrations
from braid_db.compute.service import ComputeService


@pytest.fixture
def endpoint(agents: Path) -> EndpointFolder:
    """An endpoint as it is configured when nothing is said."""
    found = EndpointFolder.named("braid_db")
    write_changes(found, plan_changes(found, Choices()))
    return found


def check(endpoint: EndpointFolder) -> Check:
    examined = Examined(endpoint, "", ComputeService(), Registrations(), ())
    [found] = attempted("processes", partial(processes, examined))
    return found


@pytest.mark.parametrize("engine", ["ProcessPoolEngine", "GlobusComputeEngine"])
def test_of_a_template_that_can_be_read_the_engine_is_named(
    endpoint: EndpointFolder, engine: str
) -> None:
    write_changes(endpoint, plan_changes(endpoint, Choices(engine=engine)))
    (endpoint.path / SCHEMA).unlink()
    assert check(endpoint) == Check("processes", Verdict.GOOD, engine)


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        (TEMPLATE, "{{ oops\n", "TemplateSyntaxError"),
        (TEMPLATE, ": [\n", f"{TEMPLATE} is no YAML"),
        (TEMPLATE, "engine: 5\n", "names no engine"),
        (SCHEMA, "{", "JSONDecodeError"),
        (ENVIRONMENT, "PATH: /usr/bin:/bin\n", "leads to no globus-compute-endpoint"),
    ],
)
def test_what_would_keep_each_process_from_being_started_is_told(
    endpoint: EndpointFolder, name: str, more: str, told: str
) -> None:
    with (endpoint.path / name).open("a") as file:
        file.write(more)
    found = check(endpoint)
    assert found.verdict is Verdict.BAD
    assert told in found.found + found.advice
    assert found.advice
