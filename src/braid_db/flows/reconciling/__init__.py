"""What ran in a run of a flow, from its log: for flows that record nothing, or not everything."""

from braid_db.flows.reconciling.remote import log_of_run, logs_of_flow
from braid_db.flows.reconciling.runs import (
    Outcome,
    RunLog,
    log_in_file,
    reconcile,
    reconcile_all,
)

__all__ = [
    "Outcome",
    "RunLog",
    "log_in_file",
    "log_of_run",
    "logs_of_flow",
    "reconcile",
    "reconcile_all",
]
