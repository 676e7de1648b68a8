"""``python -m tests.benchmarks [NAME ...]``: run the benchmarks and print their ratios."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import cold_start, recording, writers
from tests.benchmarks.turns import Compared, show
from tests.databases.shared import SharedServers

Benchmark = Callable[[Path, SharedServers], Compared]

BENCHMARKS: dict[str, Benchmark] = {
    "sqlite": lambda folder, _: recording.sqlite(folder),
    "postgresql": lambda _, servers: recording.postgresql(servers),
    "cold-start": lambda folder, _: cold_start.compare(folder),
    "writers-8": lambda folder, _: writers.rate(folder, 8),
    "writers-32": lambda folder, _: writers.rate(folder, 32),
    "growth": lambda folder, _: recording.growth(folder),
}


def main(names: list[str]) -> None:
    """Run the benchmarks that are named, or all."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"There is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}.")
    with tempfile.TemporaryDirectory(prefix="braid-db-benchmarks-") as place:
        folder = Path(place)
        servers = SharedServers(folder)
        servers.own()
        try:
            show([BENCHMARKS[name](folder, servers) for name in names or BENCHMARKS])
        finally:
            servers.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
