"""Processes that call the remote functions at once, as workers do; also the program they run.

Each worker is forked off a process that has imported everything and opened nothing, waits until
all are there, and then does its work:

    ["call", function, arguments]     in the main thread
    ["thread", function, arguments]   in another one
    ["fork", function, arguments]     in a child that the worker forks
    ["program", function, arguments]  in a program that the worker starts
    ["task", task_id]                 from here on it runs this Globus Compute task
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.functions.calls import NAMES, whole

ROOT = Path(__file__).parents[2]
STEP = "add_record_for_action_step"
LONGEST_S = 120

Work = Sequence[Any]
Outcome = dict[str, Any]


class Crowd:
    """The process that workers are forked off.

    :param environment: what it has beside this process's own variables.
    """

    def __init__(self, **environment: str) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.functions.crowd"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment},
            cwd=ROOT,
            text=True,
        )

    def at_once(self, url: str, workers: Sequence[Sequence[Work]]) -> list[list[Outcome]]:
        """Let workers do their work at once; return what each call returned or raised."""
        assert self._program.stdin
        assert self._program.stdout
        self._program.stdin.write(json.dumps({"url": url, "workers": workers}) + "\n")
        self._program.stdin.flush()
        outcomes: list[list[Outcome]] = json.loads(self._program.stdout.readline())
        return outcomes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._program.communicate()


def results(outcomes: list[list[Outcome]]) -> list[dict[str, Any]]:
    """Return the results of all calls; none may have raised anything."""
    errors = {one["error"] for worker in outcomes for one in worker if "error" in one}
    assert errors == set()
    return [one["result"] for worker in outcomes for one in worker]


def call(name: str, arguments: dict[str, Any]) -> Outcome:
    """Call a function; whatever it raises is its outcome."""
    try:
        return {"result": _FUNCTIONS[name](**arguments)}
    except Exception as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {error}"}


def in_thread(name: str, arguments: dict[str, Any]) -> Outcome:
    found: list[Outcome] = []
    thread = threading.Thread(target=lambda: found.append(call(name, arguments)))
    thread.start()
    thread.join()
    return found[0]


def in_fork(name: str, arguments: dict[str, Any]) -> Outcome:
    return forked([lambda: call(name, arguments)])[0]


def in_program(name: str, arguments: dict[str, Any]) -> Outcome:
    with Crowd() as another:
        [[outcome]] = another.at_once(os.environ["BRAID_DB_URL"], [[["call", name, arguments]]])
    return outcome


_FUNCTIONS: dict[str, Callable[..., Any]] = {}
_WAYS = {"call": call, "thread": in_thread, "fork": in_fork, "program": in_program}


def work(items: Sequence[Work]) -> list[Outcome]:
    """Do the work of one worker, in its own process."""
    outcomes = []
    for how, *what in items:
        if how == "task":
            os.environ["GC_TASK_UUID"] = what[0]
        else:
            outcomes.append(_WAYS[how](*what))
    return outcomes


def forked(jobs: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do each job in a process of its own, all from the same moment on; return what they did."""
    go, gate = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, str(number)) for number in range(len(jobs))]
        children = [_fork(job, file, go, gate) for job, file in zip(jobs, files, strict=True)]
        os.close(go)
        os.close(gate)
        for child in children:
            os.waitpid(child, 0)
        return [json.loads(file.read_text()) for file in files]


def _fork(job: Callable[[], Any], answer: Path, go: int, gate: int) -> int:
    child = os.fork()
    if child:
        return child
    try:
        signal.alarm(LONGEST_S)
        os.close(gate)
        os.read(go, 1)
        answer.write_text(json.dumps(job()))
    finally:
        os._exit(0)


def main() -> None:
    """Read orders, a line each, and answer each with a line."""
    import braid_db.steps.action_step
    import braid_db.steps.invalidation
    import braid_db.steps.transfer_task
    import braid_db.store.postgresql  # noqa: F401

    _FUNCTIONS.update({name: whole(name) for name in NAMES})
    for line in sys.stdin:
        order = json.loads(line)
        os.environ["BRAID_DB_URL"] = order["url"]
        outcomes = forked([lambda items=items: work(items) for items in order["workers"]])
        print(json.dumps(outcomes), flush=True)


if __name__ == "__main__":
    main()
