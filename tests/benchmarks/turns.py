"""Taking turns: what is compared runs in alternation, and the median of the rounds counts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

ROUNDS = 5


@dataclass(frozen=True)
class Compared:
    """One comparison: seconds of each side in each round.

    :param at_most: the ratio that is promised; None where none is.
    """

    name: str
    ours_s: Sequence[float]
    raw_s: Sequence[float]
    at_most: float | None = None

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        pairs = zip(self.ours_s, self.raw_s, strict=True)
        return statistics.median(ours / raw for ours, raw in pairs)

    @property
    def holds(self) -> bool:
        """Whether the ratio is what is promised, where something is."""
        return self.at_most is None or self.ratio <= self.at_most


def alternate(
    name: str,
    ours: Callable[[], float],
    raw: Callable[[], float],
    *,
    at_most: float | None = None,
    rounds: int = ROUNDS,
) -> Compared:
    """Run both sides in turn, once to warm up and then for some rounds.

    :param ours: runs our side once and returns seconds per call.
    """
    ours(), raw()
    pairs = [(ours(), raw()) for _ in range(rounds)]
    return Compared(name, [pair[0] for pair in pairs], [pair[1] for pair in pairs], at_most)


def seconds_per_call(call: Callable[[], object], calls: int) -> float:
    """Return the time of one call, as the mean of many."""
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls


def show(results: Sequence[Compared]) -> None:
    """Print medians and ratios as a table."""
    table = Table("what", "ours", "raw", "ratio", "at most", title="Braid-DB beside raw SQL")
    for result in results:
        ours, raw = statistics.median(result.ours_s), statistics.median(result.raw_s)
        limit = "" if result.at_most is None else f"{result.at_most:g}"
        cells = (in_units(ours), in_units(raw), f"{result.ratio:.3g}", limit)
        table.add_row(result.name, *cells)
    Console(width=110).print(table)


def in_units(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    return f"{seconds * 1e6:,.0f} µs" if seconds < 0.01 else f"{seconds * 1e3:,.1f} ms"
