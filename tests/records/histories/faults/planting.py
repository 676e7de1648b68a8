"""What a fault is, and which law it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.records.histories.laws import Law
from tests.records.histories.strategies import (
    Manner,
)

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Fault:
    """A fault and the law that it breaks.

    :ivar among: the manners of telling that it is looked for in; all when empty.
    """

    plant: Callable[[Patch], None]
    law: Law
    among: tuple[Manner, ...] = ()

    @property
    def name(self) -> str:
        return self.plant.__name__


PLANTED: list[Fault] = []


def breaks(
    *broken: Law, among: tuple[Manner, ...] = ()
) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    """Name the laws that a fault breaks, and the manners of telling that show it soon."""

    def keep(plant: Callable[[Patch], None]) -> Callable[[Patch], None]:
        PLANTED.extend(Fault(plant, law, among) for law in broken)
        return plant

    return keep
