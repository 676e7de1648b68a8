"""Running a program for an action: its arguments as they are, within a time, its output kept."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType
from typing import BinaryIO, cast

from braid_db.recall.attempts import Attempt, Ending

KEPT_BYTES = 16384
"""How much of what a program prints is kept: half from its beginning, half from its end."""

_OURS = ("BRAID_", "GLOBUS_", "FUNCX_", "GC_TASK_", "PG")
_LIVENESS_S = 0.02
_CHUNK_BYTES = 65536
_LARGEST_PIPE_BYTES = 1 << 20


def run_program(path: str, arguments: Sequence[str], limit_s: float) -> Attempt:
    """Run a program and wait for it; no shell reads its arguments.

    It runs in the folder ``/`` with nothing to read, in a process group of its own, and with none
    of our variables: they may hold passwords. Its group is killed when its time is over, and what
    it left behind when it ended.

    :param arguments: what follows its own name.
    :param limit_s: how long it may take.
    """
    process = None
    try:
        with _interrupts_waiting():
            process = _start(path, arguments)
        return _await(process, limit_s)
    except OSError as error:
        if process is not None:
            raise
        return Attempt(Ending.FAILED, None, f"It cannot be started: {error.strerror}.")
    finally:
        if process is not None:
            _end_group(process)
            cast(BinaryIO, process.stdout).close()


def _await(process: subprocess.Popen[bytes], limit_s: float) -> Attempt:
    """Return how a program ends, which it does by force when its time is over."""
    output = BoundedOutput()
    with selectors.DefaultSelector() as selector:
        selector.register(cast(BinaryIO, process.stdout), selectors.EVENT_READ)
        in_time = _listen(process, selector, output, time.monotonic() + limit_s)
        status = _end_group(process)
        _read_the_rest(selector, output)
    if not in_time:
        return Attempt(
            Ending.FAILED, status, output.text(f"[killed at its time limit of {limit_s:g} s]")
        )
    return Attempt(Ending.FAILED if status else Ending.DONE, status, output.text())


@contextlib.contextmanager
def _interrupts_waiting() -> Iterator[None]:
    """Let Ctrl-C wait for the end of this block, in the one thread that it interrupts.

    Interrupted while it starts a program, nobody would know which one to end. The program does
    not inherit this.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    heard: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda *what: heard.append(what))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if heard:
            handler(*heard[0])


class BoundedOutput:
    """What a program prints, as much of it as is kept."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._left_out = 0

    def feed(self, data: bytes) -> None:
        """Take in what was printed next."""
        room = KEPT_BYTES // 2 - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room > 0 else data
        surplus = len(self._tail) - KEPT_BYTES // 2
        if surplus > 0:
            self._left_out += surplus
            del self._tail[:surplus]

    def text(self, remark: str = "") -> str:
        """Return it as text that any database can hold.

        :param remark: what to say of it behind it.
        """
        left_out = f"\n[{self._left_out:,} bytes left out]\n" if self._left_out else ""
        parts = [_readable(self._head), left_out, _readable(self._tail)]
        printed = "".join(parts) if left_out else _readable(self._head + self._tail)
        return f"{printed.rstrip()}\n{remark}".strip() if remark else printed


def _readable(data: bytes | bytearray) -> str:
    return data.decode("utf-8", errors="replace").replace("\0", "\ufffd")


def _start(path: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    # As UTF-8 whatever the locale, which cron for one does not set.
    command = [path.encode(), *(argument.encode() for argument in arguments)]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=_without_ours(os.environ),
        start_new_session=True,
    )


def _without_ours(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if not name.startswith(_OURS)}


def _listen(
    process: subprocess.Popen[bytes],
    selector: selectors.BaseSelector,
    output: BoundedOutput,
    deadline: float,
) -> bool:
    """Read what is printed until the program is over; return False if its time is over first.

    Its children may hold the pipe open for ever, so that the pipe's end does not count.
    """
    while not _is_over(process):
        if time.monotonic() >= deadline:
            return False
        _hear(selector, output, _LIVENESS_S)
    return True


def _is_over(process: subprocess.Popen[bytes]) -> bool:
    """Return whether a program is over, and leave its number to it: its group has the same."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, options) is not None


def _end_group(process: subprocess.Popen[bytes]) -> int:
    """Kill a program with all that it started, unless that was done; return its exit status."""
    if process.returncode is not None:
        return process.returncode
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def _read_the_rest(selector: selectors.BaseSelector, output: BoundedOutput) -> None:
    """Read what a pipe still holds, and no more: somebody may go on printing into it."""
    for _ in range(_LARGEST_PIPE_BYTES // _CHUNK_BYTES):
        if not _hear(selector, output, 0.0):
            return


def _hear(selector: selectors.BaseSelector, output: BoundedOutput, wait_s: float) -> bool:
    """Read once, and return whether anything was there."""
    if not selector.get_map():
        time.sleep(wait_s)  # it closed its output and goes on
        return False
    for key, _ in selector.select(wait_s):
        data = os.read(key.fd, _CHUNK_BYTES)
        output.feed(data)
        if data:
            return True
        selector.unregister(key.fileobj)
    return False
