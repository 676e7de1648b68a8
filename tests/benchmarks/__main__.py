"""``python -m tests.benchmarks [NAME ...]``: run the benchmarks and print their ratios.

It exits with 1 where a ratio is above what is promised.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from tests.benchmarks import (
    cascades,
    checking,
    cold_start,
    lineages,
    recording,
    searching,
    tasks,
    use_cases,
    writers,
)
from tests.benchmarks.turns import Compared, show
from tests.databases.shared import SharedServers

Benchmark = Callable[[Path, SharedServers], Compared | Iterable[Compared]]


def _on_sqlite(shape: str, folder: Path, _: SharedServers) -> Compared:
    return cascades.sqlite(shape, folder)


def _on_postgresql(shape: str, _: Path, servers: SharedServers) -> Compared:
    return cascades.postgresql(shape, servers)


def _lineage_on_sqlite(
    shape: str, count: int, folder: Path, _: SharedServers
) -> Iterable[Compared]:
    return lineages.sqlite(shape, count, folder)


def _lineage_on_postgresql(
    shape: str, count: int, _: Path, servers: SharedServers
) -> Iterable[Compared]:
    return lineages.postgresql(shape, count, servers)


BENCHMARKS: dict[str, Benchmark] = {
    "sqlite": lambda folder, _: recording.sqlite(folder),
    "postgresql": lambda _, servers: recording.postgresql(servers),
    "cold-start": lambda folder, _: cold_start.compare(folder),
    "flow-check": lambda *_: checking.compare(),
    "use-cases": lambda folder, _: use_cases.compare(folder),
    "writers-8": lambda folder, _: writers.rate(folder, 8),
    "writers-32": lambda folder, _: writers.rate(folder, 32),
    "growth": lambda folder, _: recording.growth(folder),
    "search-sqlite": lambda folder, _: searching.sqlite(folder),
    "task-sqlite": lambda folder, _: tasks.sqlite(folder),
    "task-postgresql": tasks.postgresql,
    "search-postgresql": lambda _, servers: searching.postgresql(servers),
}
for shape in cascades.SHAPES:
    BENCHMARKS[f"recall-{shape}-sqlite"] = partial(_on_sqlite, shape)
    BENCHMARKS[f"recall-{shape}-postgresql"] = partial(_on_postgresql, shape)


for shape in lineages.SHAPES:
    for count in (10_000, 100_000, 1_000_000):
        BENCHMARKS[f"lineage-{shape}-{count}-sqlite"] = partial(_lineage_on_sqlite, shape, count)
        BENCHMARKS[f"lineage-{shape}-{count}-postgresql"] = partial(
            _lineage_on_postgresql, shape, count
        )


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
            results = list(_results(names or list(BENCHMARKS), folder, servers))
        finally:
            servers.stop()
    show(results)
    if above := [result.name for result in results if not result.holds]:
        sys.exit(f"Above what is promised: {', '.join(above)}.")


def _results(names: list[str], folder: Path, servers: SharedServers) -> Iterator[Compared]:
    for name in names:
        result = BENCHMARKS[name](folder, servers)
        yield from [result] if isinstance(result, Compared) else result


if __name__ == "__main__":
    main(sys.argv[1:])
