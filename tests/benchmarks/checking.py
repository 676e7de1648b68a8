"""``braid-db flow check`` as a hook for pre-commit calls it, beside what a hook cannot do without.

The other side is a fresh process of Python that reads the same definition and holds it against the
published JSON Schema by the library ``jsonschema``: what one would write by hand, and which finds
nothing that a run would stumble over.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from braid_db.resources import flows_folder
from tests.benchmarks.turns import Compared, alternate

SCHEMA = Path(__file__).parents[1] / "globus_cloud" / "flow_definition_schema.json"

RAW = """
import json, sys
from jsonschema import Draft202012Validator
schema, definition = (json.load(open(path)) for path in sys.argv[1:])
assert not list(Draft202012Validator(schema).iter_errors(definition))
"""
OURS = "import sys; from braid_db.cli import main; sys.exit(main())"


def compare() -> Compared:
    """Return how long a fresh process takes for the largest definition that there is here."""
    largest = max(flows_folder().glob("*/provenance.json"), key=lambda path: path.stat().st_size)
    return alternate(
        f"flow check {largest.parent.name}/{largest.name}",
        lambda: _seconds(OURS, "flow", "check", str(largest)),
        lambda: _seconds(RAW, str(SCHEMA), str(largest)),
        at_most=3,
        rounds=11,
    )


def _seconds(code: str, *arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start
