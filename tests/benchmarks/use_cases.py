"""The five use cases one after the other, each as a scientist runs it, beside one minute.

Processor time is what counts: others on the machine make the clock's time longer.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from braid_db.resources import flows_folder
from tests.benchmarks.turns import Compared

A_MINUTE_S = 60.0
PROGRAM = "import sys; from braid_db.cli import main; sys.exit(main())"


def compare(folder: Path) -> Compared:
    """Return how long all of them take together, recorded; there is nothing to take turns with."""
    seconds = sum(_seconds(case.parent, folder) for case in flows_folder().glob("*/input.json"))
    return Compared("use cases beside a minute", [seconds], [A_MINUTE_S], at_most=1)


def _seconds(case: Path, folder: Path) -> float:
    line = ["flow", "run", str(case / "provenance.json"), "--input", str(case / "input.json")]
    line += ["--set", f"work_folder={folder / case.name}"]
    environment = os.environ | {"BRAID_DB_URL": str(folder / f"{case.name}.db")}
    start = _of_processes()
    subprocess.run(
        [sys.executable, "-c", PROGRAM, *line], env=environment, check=True, capture_output=True
    )
    return _of_processes() - start


def _of_processes() -> float:
    """Return the processor time of the processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
