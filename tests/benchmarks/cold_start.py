"""A fresh process that records one step, beside one that imports and inserts the same rows."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from braid_db.resources import folder as shipped
from tests.benchmarks.recording import begin
from tests.benchmarks.turns import Compared, alternate

RAW = """
import sys, sqlalchemy, pydantic
from tests.benchmarks.raw_once import insert
insert(sys.argv[1])
"""

OURS = """
import sys
text = open(sys.argv[1]).read()
names = {}
exec(compile(text, sys.argv[1], "exec", dont_inherit=True), names)
names["add_record_for_action_step"](
    step_name="cold", previous_step_output=1,
    tags={"frame": 1, "loss": 0.5, "sample": "x"}, uris=["file:///a", "file:///b"],
)
"""


def compare(folder: Path) -> Compared:
    """Return how long a fresh process takes for one step; neither side makes a database."""
    begin(str(folder / "cold.db"))
    function = str(shipped("functions") / "add_record_for_action_step.py")
    return alternate(
        "cold start and one step",
        lambda: _seconds(OURS, function, folder / "cold.db"),
        lambda: _seconds(RAW, str(folder / "cold.db"), folder / "cold.db"),
        at_most=1.5,
        rounds=15,
    )


def _seconds(code: str, argument: str, database: Path) -> float:
    environment = os.environ | {"BRAID_DB_URL": str(database)}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, argument], env=environment, check=True)
    return time.perf_counter() - start
