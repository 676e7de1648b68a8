"""Globus Compute as a neighbour: remote functions as texts, and local workers that run them."""

from braid_db.compute.action import ComputeActions, LocalTasks
from braid_db.compute.catalog import FunctionCatalog
from braid_db.compute.local import LocalWorkers, TaskOutcome, WorkerSettings
from braid_db.compute.local_run import LocalRunOptions, continue_locally, run_locally
from braid_db.compute.sources import FunctionSource

__all__ = [
    "ComputeActions",
    "FunctionCatalog",
    "FunctionSource",
    "LocalRunOptions",
    "LocalTasks",
    "LocalWorkers",
    "TaskOutcome",
    "WorkerSettings",
    "continue_locally",
    "run_locally",
]
