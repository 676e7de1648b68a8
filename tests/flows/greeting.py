"""Stand-ins for action providers that live in the Globus cloud."""

from __future__ import annotations

from typing import Any

from braid_db.flows.actions import ActionCall, timed_out, unable_to_run
from braid_db.flows.errors import FlowStateError

HELLO = "https://actions.automate.globus.org/hello_world"


class HelloWorld:
    """Globus's hello_world: it greets, or does not, as its input says."""

    def __init__(self) -> None:
        self.calls: list[ActionCall] = []

    def run(self, call: ActionCall) -> dict[str, Any]:
        self.calls.append(call)
        body = call.body if isinstance(call.body, dict) else {}
        wanted = body.get("required_status", "SUCCEEDED")
        status = {
            "action_id": "abc",
            "status": wanted,
            "details": {"Hello": "World", "hello": body.get("echo_string")},
            "display_status": wanted.lower(),
            "creator_id": call.creator_id,
        }
        if wanted == "REFUSED":
            raise unable_to_run("Unknown field.")
        if wanted == "SLOW":
            raise timed_out(call, {**status, "status": "ACTIVE"}, "It took too long.")
        if wanted == "ODD":
            raise FlowStateError("Some.Error", {"why": 1}, "odd")
        return status
