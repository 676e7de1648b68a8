"""What a fault is, and which law it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

Patch = pytest.MonkeyPatch
Law = Callable[[Any], None]
"""A question to what was told, of whatever kind."""


@dataclass(frozen=True)
class Fault:
    """A fault and the law that it breaks.

    :ivar among: the manners of telling, or strategies, that it is looked for in; all when empty.
    """

    plant: Callable[[Patch], None]
    law: Law
    among: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        return self.plant.__name__


PLANTED: list[Fault] = []


def breaks(
    *broken: Law, among: tuple[Any, ...] = (), planted: list[Fault] = PLANTED
) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    """Name the laws that a fault breaks, and the manners of telling that show it soon.

    :param planted: the faults that it joins: those of recorded histories by default.
    """

    def keep(plant: Callable[[Patch], None]) -> Callable[[Patch], None]:
        planted.extend(Fault(plant, law, among) for law in broken)
        return plant

    return keep
