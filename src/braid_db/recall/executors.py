"""Who executes an action, and whether it is still there."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc/self/ns/pid")
_DEAD = ("Z", "X")
_STATE, _STARTED = 0, 19
"""Where the state and the start stand in a process's status, behind its name."""


def this_executor() -> str:
    """Return the name of this process among all executors: host, process id and start.

    The start is counted in ticks since the machine's own, which is named behind it: a process
    that comes later under the same number, here or in another container, is another one.
    """
    process_id = os.getpid()
    return f"{socket.gethostname()}:{process_id}:{_start_of(process_id)}-{_machine()}"


def is_gone(executor: str) -> bool:
    """Return whether an executor is known to have ended; False where that cannot be seen."""
    _, _, rest = executor.partition(":")
    process_id, _, start = rest.partition(":")
    ticks, _, machine = start.partition("-")
    if not machine or machine != _machine() or not process_id.isdecimal():
        return False
    return _start_of(int(process_id)) != ticks


def _start_of(process_id: int) -> str | None:
    """Return when a process started, in ticks; None where there is none, or a dead one."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # Its name stands in brackets before the rest, and may hold anything.
    fields = status.rpartition(")")[2].split()
    return None if fields[_STATE] in _DEAD else fields[_STARTED]


@cache
def _machine() -> str:
    """Return what tells apart machines, their starts, and containers that count for themselves.

    Empty where the system does not say it: whether an executor is gone is not seen then.
    """
    try:
        boot = _BOOT.read_text(encoding="ascii").strip().replace("-", "")
        return f"{boot}.{_PROCESSES.stat().st_ino}"
    except OSError:
        return ""
