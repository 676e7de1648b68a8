"""A process that calls functions on endpoints through the SDK; also the program it runs.

An order is a line, ``{"endpoint_id", "calls": [[function id, arguments], ...], "limit_s",
"pause_s"}``, and its answer one: for each call ``{"result"}``, ``{"failed": text}`` where the
function or the endpoint failed, ``{"refused": text}`` where it was not accepted, and
``{"pending"}`` where nothing was heard of it in time. Calls that are made one after the other also
tell ``took_s``, from the order until its outcome.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

Call = tuple[str, dict[str, Any]]
Outcome = dict[str, Any]


class Client:
    """A process of some Python that calls, with the login of an environment."""

    def __init__(self, environment: dict[str, str], python: Path) -> None:
        self._program = subprocess.Popen(
            [python, "-m", "tests.globus.clients"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=ROOT,
            text=True,
        )

    def call(self, endpoint_id: str, function_id: str, /, **arguments: Any) -> Outcome:
        """Call a function as ``braid-db`` does, and wait for it."""
        self.send(endpoint_id, [(function_id, arguments)], pause_s=0)
        return self.receive()[0]

    def send(
        self,
        endpoint_id: str,
        calls: Sequence[Call],
        *,
        limit_s: float = 180,
        pause_s: float | None = None,
    ) -> None:
        """Begin calls.

        :param pause_s: if it is given, they are made one after the other, each after a pause that
            is drawn at random and not longer; else all at once.
        """
        order = {"endpoint_id": endpoint_id, "calls": calls, "limit_s": limit_s}
        if pause_s is not None:
            order["pause_s"] = pause_s
        assert self._program.stdin
        self._program.stdin.write(json.dumps(order) + "\n")
        self._program.stdin.flush()

    def receive(self) -> list[Outcome]:
        """Return what became of the calls that were sent."""
        assert self._program.stdout
        outcomes: list[Outcome] = json.loads(self._program.stdout.readline())
        return outcomes

    def close(self) -> None:
        """End it."""
        self._program.kill()
        self._program.communicate()


def _one_after_the_other(
    service: Any, endpoint_id: str, calls: Sequence[Call], limit_s: float, pause_s: float
) -> list[Outcome]:
    from braid_db.compute.action import ComputeTask
    from braid_db.compute.remote import RemoteTasks
    from braid_db.errors import BraidError

    outcomes: list[Outcome] = []
    with RemoteTasks(service) as tasks:
        for function_id, arguments in calls:
            time.sleep(random.uniform(0, pause_s))
            start = time.perf_counter()
            try:
                task = ComputeTask(endpoint_id, function_id, [], arguments)
                done = tasks.run(task, limit_s)
                outcome = {"failed": done.exception} if done.failed else {"result": done.result}
            except BraidError as error:
                outcome = {"refused": str(error)}
            outcomes.append({**outcome, "took_s": time.perf_counter() - start})
    return outcomes


def _at_once(
    service: Any, endpoint_id: str, calls: Sequence[Call], limit_s: float
) -> list[Outcome]:
    from concurrent.futures import wait

    executor = service.executor(endpoint_id)
    futures = [
        executor.submit_to_registered_function(function_id, (), arguments)
        for function_id, arguments in calls
    ]
    wait(futures, limit_s)
    outcomes = [_outcome(future) for future in futures]
    executor.shutdown(wait=False, cancel_futures=True)
    return outcomes


def _outcome(future: Any) -> Outcome:
    if not future.done():
        return {"pending": True}
    if error := future.exception():
        return {"failed": f"{type(error).__name__}: {error}"}
    return {"result": future.result()}


def main() -> None:
    """Read orders, a line each, and answer each with a line."""
    from braid_db.compute.service import ComputeService

    service = ComputeService()
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        order = json.loads(line)
        way = _one_after_the_other if "pause_s" in order else _at_once
        print(json.dumps(way(service, **order)), file=answers, flush=True)


if __name__ == "__main__":
    main()
