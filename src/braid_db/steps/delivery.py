"""What tells a call that is delivered again from a new one."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from braid_db.errors import InvalidArgument
from braid_db.records.receipts import CallKey

TASK_VARIABLE = "GC_TASK_UUID"
"""Set by a Globus Compute worker, in its own process, for the task that it runs."""


def key_of_call(
    function: str, idempotency_key: str | None, arguments: Mapping[str, Any]
) -> CallKey | None:
    """Return the key of a call: the caller's, or that of its Globus Compute task.

    :param arguments: those that count; one that is None counts as absent.
    :returns: None for a call that nothing tells from another one; it is always new.
    """
    if idempotency_key is not None:
        return CallKey(function, f"key:{idempotency_key}", digest_of(arguments))
    task = _tasks.current()
    if task is None:
        return None
    digest = digest_of(arguments)
    return CallKey(function, _tasks.key(task, function, digest), digest)


def count(call: CallKey | None) -> None:
    """Count a call that was done, so that an equal one of the same task is a new one.

    One that failed is not counted: called again, it is the same call.
    """
    if call is not None:
        _tasks.count(call)


def digest_of(arguments: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of a call's arguments, whatever order they came in."""
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        text = json.dumps(given, sort_keys=True, default=repr)
    except (RecursionError, TypeError, ValueError):
        raise InvalidArgument("the call", "nested too deeply or no JSON", "plain JSON") from None
    return hashlib.sha256(text.encode()).digest()


class _Tasks:
    """The Globus Compute task that this process runs, and its calls so far.

    The variable is believed only where the worker set it for this very process: not where the
    process was started or forked with it by a task, and not outside the main thread, because
    the threads of a thread engine share one environment. What it cannot tell is a task that is
    delivered again to the very process that has done it: a worker does not outlive what makes
    Globus Compute deliver again, but who must be sure passes an ``idempotency_key``.
    """

    def __init__(self) -> None:
        self.inherited = self._from_parent()
        self._task: str | None = None
        self._calls: dict[tuple[str, bytes], int] = {}
        os.register_at_fork(after_in_child=self._after_fork)

    @staticmethod
    def _from_parent() -> str | None:
        """Return the task in the environment that this process was started with."""
        try:
            started_with = Path("/proc/self/environ").read_bytes().split(b"\0")
        except OSError:
            return None
        prefix = f"{TASK_VARIABLE}=".encode()
        found = (entry for entry in started_with if entry.startswith(prefix))
        return next((entry[len(prefix) :].decode() for entry in found), None)

    def _after_fork(self) -> None:
        self.inherited = os.environ.get(TASK_VARIABLE)

    def current(self) -> str | None:
        """Return the task that this call belongs to; None where that cannot be known."""
        task = os.environ.get(TASK_VARIABLE)
        if not task or task == self.inherited or was_forked_by_task():
            return None
        return task if threading.current_thread() is threading.main_thread() else None

    def key(self, task: str, function: str, digest: bytes) -> str:
        """Return the key of a call: the task, and which of its equal calls it is."""
        if task != self._task:
            self._task, self._calls = task, {}
        ordinal = self._calls.get((function, digest), 0) + 1
        return f"task:{task[:100]}:{digest.hex()}:{ordinal}"

    def count(self, call: CallKey) -> None:
        """Count a call that was done."""
        done = (call.function, call.arguments_sha256)
        self._calls[done] = self._calls.get(done, 0) + 1


def was_forked_by_task() -> bool:
    """Return whether this process was forked within a task, by Python's multiprocessing.

    Then its stack still holds the worker's frame that runs the task, further out than the frame
    that began this process.
    """
    frame: FrameType | None = sys._getframe()
    began_here = False
    while frame is not None:
        name = frame.f_code.co_name
        if name == "_bootstrap":
            began_here = True
        elif name == "execute_task":
            return began_here
        frame = frame.f_back
    return False


_tasks = _Tasks()
