"""Many processes recording into one SQLite file: their rate beside raw SQL's, and their waits."""

from __future__ import annotations

import multiprocessing
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.recording import begin
from tests.benchmarks.sides import RawSqlite, recorder
from tests.benchmarks.turns import Compared, alternate

SECONDS_A_TURN = 3.0

_spawn = multiprocessing.get_context("spawn")


def rate(folder: Path, processes: int) -> Compared:
    """Return the time per call of so many writers together, ours beside raw sqlite3's."""
    begin(str(folder / f"raw{processes}.db"))
    begin(str(folder / f"ours{processes}.db"))
    worst: list[float] = []
    result = alternate(
        f"{processes} writers on one file",
        lambda: _together(_record, folder / f"ours{processes}.db", processes, worst),
        lambda: _together(_write_raw, folder / f"raw{processes}.db", processes, []),
        at_most=2.0,
        rounds=3,
    )
    print(f"{processes} writers: no call lost, the longest took {max(worst):.2f} s")
    return result


def _together(work: Callable[..., None], path: Path, processes: int, worst: list[float]) -> float:
    """Let processes write together for a while; return seconds per call of all of them."""
    before = _steps(path)
    done: Any = _spawn.Queue()
    go = _spawn.Barrier(processes)
    workers = [
        _spawn.Process(target=work, args=(str(path), number, go, done))
        for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    told = [done.get() for _ in workers]
    for worker in workers:
        worker.join()
    calls = sum(count for count, _, _ in told)
    assert _steps(path) - before == calls, "a call was lost"
    worst.append(max(longest for _, longest, _ in told))
    return max(took for _, _, took in told) / calls


def _steps(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        return int(connection.execute("SELECT count(*) FROM record").fetchone()[0])


def _record(path: str, number: int, go: Any, done: Any) -> None:
    record = recorder(path)
    go.wait()
    done.put(_for_a_while(record, extra=1))


def _write_raw(path: str, number: int, go: Any, done: Any) -> None:
    write = RawSqlite(path)
    write.rows.number += 1_000_000 * (number + 1) + _steps(Path(path)) * 1_000
    write.connection.execute("PRAGMA foreign_keys=OFF")
    go.wait()
    done.put(_for_a_while(write, extra=0))


def _for_a_while(call: Callable[[], object], *, extra: int) -> tuple[int, float, float]:
    """Return how many calls were done, how long the slowest took, and all of them.

    :param extra: calls that were done before this began.
    """
    begun = time.perf_counter()
    calls, longest = 0, 0.0
    while time.perf_counter() - begun < SECONDS_A_TURN:
        start = time.perf_counter()
        call()
        longest = max(longest, time.perf_counter() - start)
        calls += 1
    return calls + extra, longest, time.perf_counter() - begun
