"""One worker process, seen from the run: tasks go in, answers and what was printed come out."""

from __future__ import annotations

import contextlib
import io
import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from braid_db.compute import worker as worker_program
from braid_db.compute.errors import TaskTimeout, WorkerUnavailable

START_LIMIT_S = 60.0

_NOT_FOR_WORKERS = {
    "GLOBUS_COMPUTE_CLIENT_ID",
    "GLOBUS_COMPUTE_CLIENT_SECRET",
    "GLOBUS_CLI_CLIENT_ID",
    "GLOBUS_CLI_CLIENT_SECRET",
    "FUNCX_SDK_CLIENT_ID",
    "FUNCX_SDK_CLIENT_SECRET",
    # A run inside a worker would otherwise hand that worker's own task on as the parent's.
    "GC_TASK_UUID",
    "GC_TASK_SANDBOX_DIR",
}
_LIVENESS_S = 0.1


class DiedBefore(Exception):
    """A worker died before it began a task, which another one may be given."""


class WorkerProcess:
    """A process that runs worker.py, ready for tasks.

    :param interpreter: the Python that runs it.
    :param environment: variables beside those inherited.
    :param folder: its working folder; the caller's own when None.
    :param on_output: told each line that a function prints.
    :raises WorkerUnavailable: if it does not start.
    """

    def __init__(
        self,
        interpreter: str,
        environment: Mapping[str, str],
        folder: Path | None,
        on_output: Callable[[str], None],
    ) -> None:
        self._interpreter = interpreter
        self._output = _Lines(on_output)
        self._frames = _Frames()
        self._process = self._start(environment, folder)
        try:
            self._await_ready()
        except BaseException:
            self.end()
            raise

    def ask(self, request: dict[str, Any], limit_s: float) -> dict[str, Any] | None:
        """Send a request and return its answer; None if the process died instead of answering.

        :raises DiedBefore: if it was dead already, and so began nothing.
        :raises TaskTimeout: if there is no answer in time; the process is still at work.
        """
        self._output.forget()
        deadline = time.monotonic() + limit_s
        with contextlib.suppress(BrokenPipeError):
            worker_program.send(cast(BinaryIO, self._process.stdin), request)
        if self._answer(limit_s) is None:
            raise DiedBefore
        return self._answer(max(0.0, deadline - time.monotonic()), of=limit_s)

    def is_alive(self) -> bool:
        """Return whether the process is still there."""
        return self._process.poll() is None

    def how_it_ended(self) -> str:
        """Return how a process that died did so, with the last line that it printed."""
        code = self._process.wait()
        how = f"signal {-code}, {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        last = self._output.last
        return f"{how}; its last output: {last}" if last else how

    def end(self) -> None:
        """Kill the process with everything that it started, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                cast(BinaryIO, stream).close()

    def _start(
        self, environment: Mapping[str, str], folder: Path | None
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [self._interpreter, worker_program.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_inherited() | dict(environment),
                cwd=folder,
                start_new_session=True,  # Ctrl-C is for the run; it ends its workers itself
            )
        except OSError as error:
            raise self._unavailable(str(error)) from None

    def _await_ready(self) -> None:
        try:
            ready = self._answer(START_LIMIT_S)
        except TaskTimeout:
            raise self._unavailable(f"it was not ready after {START_LIMIT_S:.0f} s") from None
        if ready is None:
            raise self._unavailable(self.how_it_ended())

    def _unavailable(self, reason: str) -> WorkerUnavailable:
        return WorkerUnavailable(
            f"No local worker could be started with {self._interpreter}: {reason}. "
            f"It must be a Python interpreter with globus-compute-sdk installed."
        )

    def _answer(self, limit_s: float, *, of: float | None = None) -> dict[str, Any] | None:
        """Return the next frame, passing on meanwhile what is printed; None after a death.

        :param of: the limit that a person set, where this is what is left of it.
        """
        deadline = time.monotonic() + limit_s
        with self._pipes() as pipes:
            while not self._frames.has_one():
                # Asked before reading: a child of the function may hold the pipes open for ever.
                was_alive = self.is_alive()
                heard = _hear(pipes, min(_LIVENESS_S, max(0.0, deadline - time.monotonic())))
                if not (was_alive or heard):
                    break
                if time.monotonic() >= deadline and not self._frames.has_one():
                    raise TaskTimeout(limit_s if of is None else of)
        # The worker answers after all that the function printed, so that nothing is left to hear.
        self._output.end_line()
        return self._frames.take()

    @contextlib.contextmanager
    def _pipes(self) -> Any:
        with selectors.DefaultSelector() as selector:
            out, err = self._process.stdout, self._process.stderr
            selector.register(cast(BinaryIO, out), selectors.EVENT_READ, self._frames)
            selector.register(cast(BinaryIO, err), selectors.EVENT_READ, self._output)
            yield selector


class _Frames:
    """Frames of the protocol, as they come in."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        self._data += data

    def has_one(self) -> bool:
        return len(self._data) >= 8 and len(self._data) >= self._end()

    def take(self) -> dict[str, Any] | None:
        """Return the first frame; None where there is none, or not all of one."""
        if not self.has_one():
            return None
        frame, self._data = self._data[: self._end()], self._data[self._end() :]
        return worker_program.receive(io.BytesIO(frame))

    def _end(self) -> int:
        return 8 + int.from_bytes(self._data[:8], "big")


class _Lines:
    """What a worker prints, passed on line by line; a few lines are kept."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = b""
        self._kept: deque[str] = deque(maxlen=20)

    @property
    def last(self) -> str:
        """The last line with anything on it since forget()."""
        return next((line.strip() for line in reversed(self._kept) if line.strip()), "")

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._pass_on(line)

    def end_line(self) -> None:
        """Pass on a line that was begun and not ended."""
        rest, self._rest = self._rest, b""
        if rest:
            self._pass_on(rest)

    def forget(self) -> None:
        self._kept.clear()

    def _pass_on(self, raw: bytes) -> None:
        line = raw.decode("utf-8", errors="replace").rstrip("\r")
        self._kept.append(line)
        self._on_line(line)


def _hear(pipes: selectors.BaseSelector, wait_s: float) -> bool:
    """Read once from each pipe that has something; return whether any had."""
    heard = False
    if not pipes.get_map():
        time.sleep(wait_s)  # a function closed both and goes on
        return False
    for key, _ in pipes.select(wait_s):
        data = os.read(key.fd, 1 << 20)
        if data:
            heard = True
            key.data.feed(data)
        else:
            pipes.unregister(key.fileobj)
    return heard


def _inherited() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if name not in _NOT_FOR_WORKERS}
