"""What a person is told to do with an endpoint's agent once its configuration has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from braid_db.compute.endpoint.folder import EndpointFolder


def how_to_start(endpoint: EndpointFolder) -> str:
    """Return how the agent is started, or started again where it runs on this machine."""
    from braid_db.compute.endpoint.running import agent_process
    from braid_db.compute.endpoint.seen import agent_command

    if agent_process(endpoint) is not None:
        return f"Start the agent again: {agent_command(endpoint)} restart {endpoint.name}"
    return f"Start it: {agent_command(endpoint)} start {endpoint.name}"
