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
from braid_db.flows.point import RunPoint, start_of
from braid_db.flows.run_input import read_definition
from braid_db.flows.runner import FlowRun, RunSetup, continue_run


def _drop(line: str) -> None:
    """Ignore what a function printed."""


@dataclass(frozen=True)
class LocalRunOptions:
    """How a flow's functions are run on this machine.

    :param worker_python: the interpreter of the workers.
    :param functions: more files of functions, beside ``compute.py`` next to the definition.
    :param db_url: the workers' ``BRAID_DB_URL``; what they inherit when omitted.
    :param on_output: told each line that a function prints.
    """

    worker_python: str = sys.executable
    functions: tuple[Path, ...] = ()
    db_url: str | None = None
    on_output: Callable[[str], None] = _drop


def run_locally(
    definition: Path,
    run_input: dict[str, Any],
    options: LocalRunOptions | None = None,
    *,
    run_id: str | None = None,
    setup: RunSetup | None = None,
) -> FlowRun:
    """Run a flow's definition file to its end and end its workers.

    :param run_id: the run's id; a new UUID when omitted.
    :raises FlowDefinitionInvalid: if it cannot be run.
    :raises FunctionSourceInvalid: if a function's name is found twice.
    """
    read = read_definition(definition)
    point = start_of(read, run_input, run_id=run_id, source=definition)
    return continue_locally(point, setup or RunSetup(), options)


def continue_locally(
    point: RunPoint,
    setup: RunSetup,
    options: LocalRunOptions | None = None,
    *,
    resumed: bool = False,
) -> FlowRun:
    """Run a flow to its end from where it stands, and end its workers.

    :param resumed: whether it was interrupted there.
    :raises FlowDefinitionInvalid: if it cannot be run.
    :raises FunctionSourceInvalid: if a function's name is found twice.
    """
    chosen = options or LocalRunOptions()
    environment = {} if chosen.db_url is None else {"BRAID_DB_URL": chosen.db_url}
    settings = WorkerSettings(
        interpreter=chosen.worker_python, environment=environment, on_output=chosen.on_output
    )
    catalog = FunctionCatalog(
        resources.functions_folder(), [*_beside(point.source), *chosen.functions]
    )
    with LocalWorkers(settings) as workers:
        actions = ComputeActions(LocalTasks(catalog, workers)).providers()
        return continue_run(point, setup.with_actions(actions), resumed=resumed)


def _beside(definition: str | None) -> list[Path]:
    module = Path(definition).parent / BESIDE_A_FLOW if definition else None
    return [module] if module and module.is_file() else []
