"""Local workers: one process per endpoint of a flow, running functions from their texts."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from braid_db.compute.process import DiedBefore, WorkerProcess
from braid_db.compute.sources import FunctionSource

_WORKERS_TRIED = 3


@dataclass(frozen=True)
class TaskOutcome:
    """What came of one task.

    :param result: what the function returned, as JSON carried it.
    :param exception: the traceback text of a function that raised, or a sentence about a worker
        that died; None if the function returned.
    :param summary: the exception's type and message, in one line.
    """

    task_id: str
    result: Any = None
    exception: str | None = None
    summary: str = ""

    @property
    def failed(self) -> bool:
        """Whether the function did not return."""
        return self.exception is not None


@dataclass(frozen=True)
class WorkerSettings:
    """What a local worker is started with.

    :param interpreter: the Python that runs the functions; it needs globus-compute-sdk.
    :param environment: variables beside those inherited, such as ``BRAID_DB_URL``; what logs in
        to Globus is never inherited.
    :param folder: the working folder; the caller's own when omitted.
    :param on_output: told each line that a function prints.
    """

    interpreter: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    on_output: Callable[[str], None] = lambda line: None


class LocalWorkers:
    """The workers of a run by endpoint id, started when first used; a context manager."""

    def __init__(self, settings: WorkerSettings | None = None) -> None:
        self._settings = settings or WorkerSettings()
        self._workers: dict[str, WorkerProcess] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def run(
        self,
        endpoint_id: str,
        source: FunctionSource,
        args: list[Any],
        kwargs: dict[str, Any],
        *,
        limit_s: float,
        task_id: str | None = None,
    ) -> TaskOutcome:
        """Run one function on an endpoint's worker and wait for it.

        A worker that died is replaced before the next task.

        :param limit_s: how long it may take, in seconds.
        :param task_id: what the function finds in ``GC_TASK_UUID``; a new UUID when omitted.
        :raises TaskTimeout: if it took longer; its worker was killed.
        :raises WorkerUnavailable: if no worker could be started.
        """
        task_id = task_id or str(uuid.uuid4())
        request = {"task_id": task_id, "task": _packed(source, args, kwargs)}
        answer = self._ask(endpoint_id, request, limit_s)
        if answer is None:
            how = self._workers[endpoint_id].how_it_ended()
            sentence = f"The worker died ({how}) while it ran '{source.name}'"
            self._drop(endpoint_id)
            return TaskOutcome(task_id, exception=sentence, summary=sentence)
        if "exception" in answer:
            return TaskOutcome(task_id, exception=answer["exception"], summary=answer["summary"])
        try:
            return TaskOutcome(task_id, result=_deserialized(answer["result"]))
        except RecursionError:
            sentence = f"The result of '{source.name}' is nested too deeply to be read"
            return TaskOutcome(task_id, exception=sentence, summary=sentence)

    def close(self) -> None:
        """End every worker, also in the middle of a task."""
        for endpoint_id in list(self._workers):
            self._drop(endpoint_id)

    def _ask(
        self, endpoint_id: str, request: dict[str, Any], limit_s: float
    ) -> dict[str, Any] | None:
        """Return a worker's answer; one that died before it began is replaced, a few times."""
        for left in reversed(range(_WORKERS_TRIED)):
            worker = self._living_worker(endpoint_id)
            try:
                return worker.ask(request, limit_s)
            except DiedBefore:
                if not left:
                    break
                self._drop(endpoint_id)
            except BaseException:
                self._drop(endpoint_id)
                raise
        return None

    def _living_worker(self, endpoint_id: str) -> WorkerProcess:
        worker = self._workers.get(endpoint_id)
        if worker is not None and worker.is_alive():
            return worker
        if worker is not None:
            self._drop(endpoint_id)
        chosen = self._settings
        worker = WorkerProcess(
            chosen.interpreter, chosen.environment, chosen.folder, chosen.on_output
        )
        self._workers[endpoint_id] = worker
        return worker

    def _drop(self, endpoint_id: str) -> None:
        self._workers.pop(endpoint_id).end()


def _packed(source: FunctionSource, args: list[Any], kwargs: dict[str, Any]) -> str:
    """Return a task as a client submits it: the source text, and the arguments as JSON."""
    from globus_compute_sdk.serialize import ComputeSerializer, JSONData, PureSourceTextInspect

    serializer = ComputeSerializer(strategy_data=JSONData)
    # The SDK makes this buffer only of an importable function; of a registered source text the
    # service makes it. The strategy's identifier is public, and its reader defines the form.
    code = f"{PureSourceTextInspect.identifier}{source.name}:{source.text}"
    return serializer.pack_buffers([code, serializer.serialize(args), serializer.serialize(kwargs)])


def _deserialized(data: str) -> Any:
    from globus_compute_sdk.serialize import ComputeSerializer

    return ComputeSerializer().deserialize(data)
