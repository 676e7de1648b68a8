"""Functions that tell a test what happens where the provenance functions run."""

from __future__ import annotations


def tell_environment() -> dict[str, str]:
    """Return the worker's environment."""
    import os

    return dict(os.environ)


def note(path: str, word: str = "run", after_s: float = 0.0) -> str:
    """Write a line into a file."""
    import time
    from pathlib import Path

    time.sleep(after_s)
    with Path(path).open("a") as file:
        file.write(f"{word}\n")
    return word


def record_and_note(path: str, step_name: str, then_s: float = 0.0) -> dict[str, int]:
    """Record a step, and write down that it was done, and for which task."""
    import os
    import time
    from pathlib import Path

    from braid_db import steps

    result = steps.add_record_for_action_step({"step_name": step_name})
    with Path(path).open("a") as file:
        file.write(f"{step_name} {os.environ['GC_TASK_UUID']} {os.getpid()}\n")
    time.sleep(then_s)
    return result
