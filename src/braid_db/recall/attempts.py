"""How one attempt at an action ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Ending(Enum):
    """What is known of an attempt when it is over."""

    DONE = auto()
    FAILED = auto()
    """It did not do what it should, and may be tried again."""
    UNKNOWN = auto()
    """Nobody can tell whether it was done; to try again might do it twice."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at an action that is over.

    :param exit_status: a program's; negative for the signal that ended it, None without one.
    :param output: what it printed, or why it failed: text that any database can hold.
    """

    ending: Ending
    exit_status: int | None
    output: str
