"""Tasks on the endpoints of Globus Compute, through the SDK: arguments and results as JSON."""

from __future__ import annotations

import uuid
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from braid_db.compute.action import ComputeTask
from braid_db.compute.errors import FunctionUnknown, TaskTimeout
from braid_db.compute.local import TaskOutcome
from braid_db.compute.login import explained
from braid_db.compute.service import ComputeService
from braid_db.errors import BraidError, shown

if TYPE_CHECKING:
    from globus_compute_sdk import Executor

_NOT_STARTED = ("Failed to start or unexpected error", "Unable to start user endpoint process")
"""How an agent begins to tell why it has no process to run functions."""
_MORE = "For further information visit"
_LONGEST_SUMMARY = 600


class RemoteTasks:
    """Tasks on endpoints, each of which is listened to once; a context manager.

    :param service: who submits them.
    """

    def __init__(self, service: ComputeService) -> None:
        self._service = service
        self._executors: dict[str, Executor] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for endpoint_id in list(self._executors):
            self._leave(endpoint_id)

    def name_of(self, task: ComputeTask) -> str:
        """Return how a task's function is called: its id.

        :raises FunctionUnknown: if it is no id that the service could know.
        """
        if not _is_uuid(task.function_id):
            known = ["the UUIDs that registering functions gave"]
            advice = "'braid-db functions register --write INPUT' writes them into a flow's input."
            raise FunctionUnknown(task.function_id, known, advice)
        return str(task.function_id)

    def run(self, task: ComputeTask, limit_s: float) -> TaskOutcome:
        """Submit a task and wait for it.

        :returns: what came of it; it has failed where that cannot be heard of.
        :raises TaskTimeout: if it took longer; it may still run.
        :raises GlobusRefused: if the service does not accept it.
        :raises GlobusUnreachable: if it does not answer.
        """
        from globus_compute_sdk.errors import TaskExecutionFailed

        future: Any = None
        try:
            with explained(f"run the function {task.function_id}"):
                future = self._executor(task.endpoint_id).submit_to_registered_function(
                    task.function_id, tuple(task.args), task.kwargs
                )
                return TaskOutcome(_id_of(future), result=future.result(limit_s))
        except TaskExecutionFailed as error:
            text = error.remote_data.strip()
            return TaskOutcome(_id_of(future), exception=text, summary=_in_one_line(text))
        except BaseException as error:
            # After a failed submission it would take no other.
            self._leave(task.endpoint_id, future)
            if isinstance(error, TimeoutError):
                raise TaskTimeout(limit_s) from None
            if future is None or isinstance(error, BraidError) or not isinstance(error, Exception):
                raise
            told = _unheard_of(error)
            return TaskOutcome(_id_of(future), exception=told, summary=told)

    def _executor(self, endpoint_id: str) -> Executor:
        if endpoint_id not in self._executors:
            self._executors[endpoint_id] = self._service.executor(endpoint_id)
        return self._executors[endpoint_id]

    def _leave(self, endpoint_id: str, future: Any = None) -> None:
        executor = self._executors.pop(endpoint_id, None)
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)  # type: ignore[no-untyped-call]
        if executor is not None and future is not None:
            _wait_no_more(executor, future)


def _wait_no_more(executor: Executor, future: Any) -> None:
    """Let the program end without a task that nobody waits for any more.

    The SDK keeps it from ending for as long as a task that was submitted has no result, and has
    nothing by which a task is given up.

    Source: globus-compute-sdk 4.19, read.
    """
    from globus_compute_sdk.sdk.executor import _RESULT_WATCHERS

    future.cancel()  # so that nobody begins to wait for what is being submitted
    watcher = _RESULT_WATCHERS.get(executor.task_group_id)
    if watcher is None:
        return
    with watcher._new_futures_lock:
        watcher._open_futures.pop(future.task_id, None)
        if not watcher._open_futures:
            watcher._open_futures_empty.set()


def _in_one_line(text: str) -> str:
    """Return why a task failed: a traceback's last line; of an agent's own words, all."""
    lines = [line for line in text.splitlines() if not line.strip().startswith(_MORE)]
    if text.startswith(_NOT_STARTED):
        return " ".join(" ".join(lines).split())[:_LONGEST_SUMMARY]
    return lines[-1] if lines else text


def _unheard_of(error: Exception) -> str:
    """Return a sentence about whatever the SDK gave up listening for.

    It passes on what its connection to the broker ended with, of which some say nothing.
    """
    reason = shown(": ".join(filter(None, (type(error).__name__, str(error)))), 300)
    return (
        f"what came of it could not be heard, so that it may or may not have been run ({reason}). "
        f"Check that this machine may connect to the broker of Globus Compute, then run it again "
        f"with the same idempotency key."
    )


def _id_of(future: Any) -> str:
    return str(getattr(future, "task_id", None) or uuid.uuid4())


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(uuid.UUID(value))
    except ValueError:
        return False
