"""Executors that run what is due until they are killed; also the program that starts them.

An order is an object:

    url        the database
    allowed    the commands that its owner allows
    began      a file that is made when the executor begins
    stop_at    before which statement or program it stops itself; never, if absent
    fault      the name of a fault to plant first; none, if absent
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from braid_db.recall.outbox import run_due
from braid_db.settings import Settings
from braid_db.store import Store
from tests.functions.victims import LONGEST_S, serve, stop_before
from tests.recall.actions import faults


def execute(
    url: str, allowed: list[str], began: str, stop_at: int | None = None, fault: str | None = None
) -> None:
    """Run what is due, once; one that does not stop itself then waits to be killed."""
    signal.alarm(LONGEST_S)
    if fault is not None:
        faults.plant(fault)
    if stop_at is not None:
        count = stop_before(stop_at)
        sys.addaudithook(lambda event, _: count(event) if event == "subprocess.Popen" else None)
    store = Store(url)
    store.read(lambda tx: None)
    Path(began).touch()
    run_due(store, settings_for(url, allowed))
    if stop_at is None:
        signal.pause()


def settings_for(url: str, allowed: list[str]) -> Settings:
    return Settings(url, allowed_commands=tuple(allowed), action_backoff_s=0.0)


def execute_beside_others(number: int, url: str, allowed: list[str], fault: str | None) -> int:
    """Run what is due, and return how many runs this executor started."""
    if fault is not None:
        faults.plant(fault)
    store = Store(url)
    try:
        return len(run_due(store, settings_for(url, allowed)))
    finally:
        store.close()


if __name__ == "__main__":
    serve(execute)
