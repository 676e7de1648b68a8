"""Processes that record in a loop until they are killed; also the program that starts them.

The program forks a victim for each order that it reads, says its process id, and when it has
stopped itself or is dead. An order is an object:

    url        where to record
    first      the number of the first call
    progress   a file to which a byte is added after each call
    stop_at    before which statement of its first call it stops itself; never, if absent

SQLite itself tells which statement it is about to run (sqlite3's trace callback).
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine, event

from tests.functions.calls import whole

ROOT = Path(__file__).parents[2]
LONGEST_S = 60


def call_of(number: int) -> dict[str, Any]:
    """Return the arguments of one call of the loop; each writes as many rows as any other."""
    return {
        "step_name": str(number),
        "run_id": f"run {number}",
        "idempotency_key": f"key {number}",
        "tags": {"a": number, "b": {"c": True}},
        "uris": [f"u:{number}", f"v:{number}"],
        "input_record_defs": [
            {"uris": "calibration:1", "sha256": "a" * 64},
            {"uris": f"scan:{number}", "tags": {"k": number}, "size_bytes": number},
        ],
        "output_record_defs": [{"uris": "model:1"}, {"uris": f"result:{number}"}],
    }


class Victims:
    """The process that victims are forked off.

    :param module: the program; this one by default.
    """

    def __init__(self, module: str = "tests.functions.victims") -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )

    def start(self, **order: Any) -> int:
        """Start a victim and return its process id."""
        assert self._program.stdin
        self._program.stdin.write(json.dumps(order) + "\n")
        self._program.stdin.flush()
        return int(self.next_news())

    def next_news(self) -> str:
        """Return what the program says next of its victim: ``stopped``, ``killed`` or ``done``."""
        assert self._program.stdout
        return self._program.stdout.readline().strip()

    def kill(self, process_id: int) -> None:
        """Kill a victim, and return when it is dead."""
        os.kill(process_id, signal.SIGKILL)
        assert self.next_news() == "killed"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._program.communicate()


def stop_before(statement: int) -> Callable[[object], None]:
    """Let this process stop itself when its connection is about to run its n-th statement.

    :returns: what counts a statement; it may be called for other things than statements too.
    """
    seen = 0

    def trace(_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGSTOP)

    @event.listens_for(Engine, "connect")
    def connected(connection: sqlite3.Connection, record: object) -> None:
        connection.set_trace_callback(trace)

    return trace


def record(url: str, first: int, progress: str, stop_at: int | None = None) -> None:
    """Record; in a loop, unless this process is to stop at a statement of one call."""
    signal.alarm(LONGEST_S)
    os.environ["BRAID_DB_URL"] = url
    add_record = whole("add_record_for_action_step")
    told = os.open(progress, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    if stop_at is not None and url.startswith("sqlite"):
        stop_before(stop_at)
    number = first
    while stop_at is None or number == first:
        add_record(**call_of(number))
        os.write(told, b".")
        number += 1


def watch(child: int) -> str:
    """Wait for news of a victim."""
    _, status = os.waitpid(child, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return "stopped"
    return "killed" if os.WIFSIGNALED(status) else "done"


def _warm_up() -> None:
    """Record into a file that is thrown away, so that no victim loads and compiles what it needs.

    It takes nothing of that with it: a process that was forked opens its database anew.
    """
    from braid_db.steps.home import home

    with TemporaryDirectory() as folder:
        os.environ["BRAID_DB_URL"] = f"sqlite:///{folder}/braid.db"
        whole("add_record_for_action_step")(**call_of(0))
        home().store.close()
    del os.environ["BRAID_DB_URL"]


def serve(work: Callable[..., None]) -> None:
    """Read orders, a line each, and tell what becomes of each victim.

    :param work: what a victim does with its order.
    """
    import braid_db.store.postgresql  # noqa: F401

    _warm_up()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            work(**json.loads(line))
            os._exit(0)
        print(child, flush=True)
        while (news := watch(child)) == "stopped":
            print(news, flush=True)
        print(news, flush=True)


if __name__ == "__main__":
    serve(record)
