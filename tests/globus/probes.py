"""Functions that tell a test what happens where the provenance functions run."""

from __future__ import annotations


def tell_environment() -> dict[str, str]:
    """Return the worker's environment."""
    import os

    return dict(os.environ)


def note(path: str, word: str = "run") -> dict[str, str]:
    """Write a line into a file."""
    from pathlib import Path

    with Path(path).open("a") as file:
        file.write(f"{word}\n")
    return {"word": word}


def do_nothing() -> None:
    """Return at once."""


def time_a_step(arguments: dict[str, object]) -> dict[str, float]:
    """Record a step, and tell how long that took, as the provenance function does it."""
    import time

    start = time.perf_counter()
    from braid_db import steps

    steps.add_record_for_action_step(arguments)
    return {"took_s": time.perf_counter() - start}


def record_and_note(path: str, arguments: dict[str, object], then_s: float = 0.0) -> dict[str, int]:
    """Record a step, and write down what was done for which task, and by whom.

    Whoever is the first to do it stays a while.
    """
    import os
    import time
    from pathlib import Path

    from braid_db import steps

    result = steps.add_record_for_action_step(arguments)
    is_first = not Path(path).exists()
    with Path(path).open("a") as file:
        file.write(f"{os.environ['GC_TASK_UUID']} {os.getpid()}\n")
    if is_first:
        time.sleep(then_s)
    return result
