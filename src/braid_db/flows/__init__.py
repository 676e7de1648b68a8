"""Globus Flows as a neighbour: its language, and a runner for it on one machine."""

from braid_db.flows.actions import ActionCall, ActionProvider
from braid_db.flows.events import Event
from braid_db.flows.runner import FlowRun, RunSetup, continue_run, run_flow

__all__ = [
    "ActionCall",
    "ActionProvider",
    "Event",
    "FlowRun",
    "RunSetup",
    "continue_run",
    "run_flow",
]
