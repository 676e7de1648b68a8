"""Running a flow's definition here, with its compute functions on endpoints of Globus Compute."""

from __future__ import annotations

from braid_db.compute.action import ComputeActions
from braid_db.compute.remote import RemoteTasks
from braid_db.compute.service import ComputeService
from braid_db.flows.point import RunPoint
from braid_db.flows.runner import FlowRun, RunSetup, continue_run


def continue_on_globus(point: RunPoint, setup: RunSetup, *, resumed: bool = False) -> FlowRun:
    """Run a flow to its end from where it stands.

    Endpoints and functions are those that its input names by their UUIDs.

    :param resumed: whether it was interrupted there.
    :raises FlowDefinitionInvalid: if it cannot be run.
    """
    with RemoteTasks(ComputeService()) as tasks:
        actions = ComputeActions(tasks).providers()
        return continue_run(point, setup.with_actions(actions), resumed=resumed)
