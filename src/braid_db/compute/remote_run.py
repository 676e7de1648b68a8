"""Running a flow's definition here, with its compute functions on endpoints of Globus Compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from braid_db.compute.action import ComputeActions
from braid_db.compute.remote import RemoteTasks
from braid_db.compute.service import ComputeService
from braid_db.flows.events import Listener, ignore
from braid_db.flows.run_input import read_definition
from braid_db.flows.runner import FlowRun, run_flow


def run_on_globus(
    definition: Path,
    run_input: dict[str, Any],
    *,
    run_id: str | None = None,
    on_event: Listener = ignore,
) -> FlowRun:
    """Run a flow's definition file to its end.

    Endpoints and functions are those that its input names by their UUIDs.

    :param run_id: the run's id; a new UUID when omitted.
    :param on_event: told each entry of the run's log.
    :raises FlowDefinitionInvalid: if it cannot be run.
    """
    read = read_definition(definition)
    with RemoteTasks(ComputeService()) as tasks:
        actions = ComputeActions(tasks).providers()
        return run_flow(read, run_input, actions=actions, run_id=run_id, on_event=on_event)
