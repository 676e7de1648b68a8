"""Running a flow's definition with its compute functions on local workers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from braid_db import resources
from braid_db.compute.action import ComputeActions, LocalTasks
from braid_db.compute.catalog import BESIDE_A_FLOW, FunctionCatalog
from braid_db.compute.local import LocalWorkers, WorkerSettings
from braid_db.flows.events import Listener, ignore
from braid_db.flows.run_input import read_definition
from braid_db.flows.runner import FlowRun, run_flow


def _drop(line: str) -> None:
    """Ignore what a function printed."""


@dataclass(frozen=True)
class LocalRunOptions:
    """How a flow is run on this machine.

    :param run_id: the run's id; a new UUID when omitted.
    :param worker_python: the interpreter of the workers.
    :param functions: more files of functions, beside ``compute.py`` next to the definition.
    :param db_url: the workers' ``BRAID_DB_URL``; what they inherit when omitted.
    :param on_event: told each entry of the run's log.
    :param on_output: told each line that a function prints.
    """

    run_id: str | None = None
    worker_python: str = sys.executable
    functions: tuple[Path, ...] = ()
    db_url: str | None = None
    on_event: Listener = ignore
    on_output: Callable[[str], None] = _drop


def run_locally(
    definition: Path, run_input: dict[str, Any], options: LocalRunOptions | None = None
) -> FlowRun:
    """Run a flow's definition file to its end and end its workers.

    :raises FlowDefinitionInvalid: if it cannot be run.
    :raises FunctionSourceInvalid: if a function's name is found twice.
    """
    chosen = options or LocalRunOptions()
    environment = {} if chosen.db_url is None else {"BRAID_DB_URL": chosen.db_url}
    settings = WorkerSettings(
        interpreter=chosen.worker_python, environment=environment, on_output=chosen.on_output
    )
    read = read_definition(definition)
    catalog = FunctionCatalog(
        resources.functions_folder(), [*_beside(definition), *chosen.functions]
    )
    with LocalWorkers(settings) as workers:
        return run_flow(
            read,
            run_input,
            actions=ComputeActions(LocalTasks(catalog, workers)).providers(),
            run_id=chosen.run_id,
            on_event=chosen.on_event,
        )


def _beside(definition: Path) -> list[Path]:
    module = definition.parent / BESIDE_A_FLOW
    return [module] if module.is_file() else []
