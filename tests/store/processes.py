"""Many real processes that do the same at the same moment."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

T = TypeVar("T")

START_TIMEOUT_S = 120.0

# The server forks from a process of its own that has no threads and has imported all that is
# needed, so that forty processes are there in a moment.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.store.workers", "psycopg"])


def at_once(count: int, function: Callable[..., T], *arguments: Any) -> list[T]:
    """Call a function in as many processes, with the process's number before its arguments.

    :returns: what each returned, in the order of their numbers; raises what any raised.
    """
    with _processes.Manager() as manager:
        start = manager.Barrier(count)
        with ProcessPoolExecutor(count, mp_context=_processes) as pool:
            calls = [
                pool.submit(_when_all_are_there, start, function, number, arguments)
                for number in range(count)
            ]
            return [call.result() for call in calls]


def _when_all_are_there(
    start: Barrier, function: Callable[..., T], number: int, arguments: tuple[Any, ...]
) -> T:
    start.wait(START_TIMEOUT_S)
    return function(number, *arguments)
