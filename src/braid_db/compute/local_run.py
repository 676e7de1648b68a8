"""Running a flow's definition with its compute functions on local workers."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from braid_db import resources
from braid_db.compute.action import ComputeActions, LocalTasks
from braid_db.compute.catalog import BESIDE_A_FLOW, FunctionCatalog
from braid_db.compute.local import LocalWorkers, WorkerSettings
from braid_db.flows.definition import Definition
from braid_db.flows.instrumenting.defaults import call_by_name
from braid_db.flows.point import RunPoint, start_of
from braid_db.flows.run_input import read_definition
from braid_db.flows.runner import FlowRun, RunSetup, continue_run

HERE = str(uuid.UUID(int=0))
"""Stands in for the id of an endpoint, where functions run on this machine."""


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
    definition: Path | Definition,
    run_input: dict[str, Any],
    options: LocalRunOptions | None = None,
    *,
    run_id: str | None = None,
    setup: RunSetup | None = None,
) -> FlowRun:
    """Run a flow to its end and end its workers.

    :param definition: the flow, or its file, which has a ``compute.py`` of functions beside it.
    :param run_id: the run's id; a new UUID when omitted.
    :raises FlowDefinitionInvalid: if it cannot be run.
    :raises FunctionSourceInvalid: if a function's name is found twice.
    """
    if isinstance(definition, Path):
        read, source = read_definition(definition), definition
    else:
        read, source = definition, None
    point = start_of(read, run_input, run_id=run_id, source=source)
    return continue_locally(point, setup or RunSetup(), options)


def continue_locally(
    point: RunPoint,
    setup: RunSetup,
    options: LocalRunOptions | None = None,
    *,
    resumed: bool = False,
) -> FlowRun:
    """Run a flow to its end from where it stands, and end its workers.

    Where its input does not say what is to record an instrumented flow, Braid-DB's functions of
    here do.

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
        return _continue(point, setup.with_actions(actions), resumed=resumed)


def _continue(point: RunPoint, setup: RunSetup, *, resumed: bool) -> FlowRun:
    """Run a flow on, and keep it as a run of the definition that was given."""
    here = replace(point, definition=call_by_name(point.definition, HERE))

    def keep(reached: RunPoint) -> None:
        setup.keep(replace(reached, definition=point.definition))

    return continue_run(here, replace(setup, keep=keep), resumed=resumed)


def _beside(definition: str | None) -> list[Path]:
    module = Path(definition).parent / BESIDE_A_FLOW if definition else None
    return [module] if module and module.is_file() else []
