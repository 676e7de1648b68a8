"""Stubs: what answers in place of an action that cannot be run here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from braid_db.flows.actions import OVER, ActionCall, status_document, timed_out
from braid_db.flows.run_input import read_answers

Stub = Callable[[ActionCall], Any]
"""Answers a call with a status document, or with the details of one that succeeded."""

_STATUS = (*OVER, "ACTIVE", "INACTIVE")


class StubProvider:
    """Makes an action's status document of what a stub answers."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub

    def run(self, call: ActionCall) -> dict[str, Any]:
        """Return the stub's answer as the status document of this very call.

        Its action's id is the call's own, as no two executions share one in the service.

        :raises FlowStateError: ``ActionTimeout``, if the document's action goes on.
        """
        started_at = datetime.now(UTC)
        answer = self._stub(call)
        given = answer if is_status_document(answer) else {"details": answer}
        own = {"state_name": call.state_name, "action_id": str(call.id)}
        status, details = given.get("status", "SUCCEEDED"), given.get("details")
        document = status_document(call, status, details, started_at=started_at) | given | own
        if status not in OVER:
            sentence = f"The stub of state '{call.state_name}' left its action {status}"
            raise timed_out(call, document, sentence)
        return document


def is_status_document(value: Any) -> bool:
    """Return whether a value is an action's status document, and not the details of one."""
    return isinstance(value, dict) and "details" in value and value.get("status") in _STATUS


def read_stub(path: Path) -> Stub:
    """Return the stub that a JSON file holds.

    A list answers one execution after the other; its last item answers all that follow.

    :raises RunOptionInvalid: if it cannot be read.
    """
    answers = read_answers(path)

    def answer(call: ActionCall) -> Any:
        return answers[min(call.execution, len(answers)) - 1]

    return answer
