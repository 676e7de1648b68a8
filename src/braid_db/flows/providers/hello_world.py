"""Globus's hello_world: an action that greets, waits, or fails, as its input says."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from braid_db.errors import shown
from braid_db.flows.actions import OVER, ActionCall, status_document, timed_out, unable_to_run


class HelloWorldProvider:
    """Greets.

    :param sleep: how ``sleep_time`` is waited for.
    """

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep

    def run(self, call: ActionCall) -> dict[str, Any]:
        """Run one greeting.

        :raises FlowStateError: ``ActionUnableToRun`` for an input that is refused,
            ``ActionTimeout`` if it would sleep longer than its state waits.
        """
        started_at = datetime.now(UTC)
        if not isinstance(call.body, dict):
            raise unable_to_run(f"hello_world takes an object, not {shown(call.body)}.")
        seconds = call.body.get("sleep_time") or 0
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            raise unable_to_run(f"'sleep_time' is {shown(seconds)}; expected seconds.")
        status = call.body.get("required_status") or "SUCCEEDED"
        if status not in (*OVER, "ACTIVE", "INACTIVE"):
            raise unable_to_run(f"'required_status' is {shown(status)}, which is no status.")
        self._sleep(min(seconds, call.wait_time_s))
        details = {"Hello": "World", "hello": call.body.get("echo_string")}
        is_late = seconds > call.wait_time_s or status not in OVER
        document = status_document(
            call, "ACTIVE" if is_late else status, details, started_at=started_at
        )
        if is_late:
            raise timed_out(call, document, f"'{call.state_name}' did not end in its WaitTime")
        return document
