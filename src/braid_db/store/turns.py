"""Trying again after others were in the way, or after a connection was lost."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from braid_db.errors import DatabaseError
from braid_db.store.driver import Driver, Failure

_SHORTEST_WAIT_S = 0.0002
_LONGEST_WAIT_S = 0.05
_LONGEST_WAIT_TO_OPEN_S = 0.25


class NotWritten(Exception):
    """The driver failed before anything was committed.

    :param failure: what can be done about it.
    :param explained: what to raise where nothing can.
    """

    def __init__(self, failure: Failure, explained: DatabaseError) -> None:
        self.failure = failure
        self.explained = explained
        super().__init__()


@contextmanager
def failures_of(driver: Driver) -> Iterator[None]:
    """Turn the driver's errors into what can be done about them."""
    try:
        yield
    except driver.errors as error:
        raise NotWritten(driver.failure(error), driver.explained(error)) from None


class Patience:
    """How long one call goes on trying.

    It sleeps for a random time, at most twice as long each time: SQLite's own waiting sleeps up
    to 0.1 s, and of many writers some would then never find the file free.
    """

    def __init__(self, timeout_s: float) -> None:
        self._deadline = time.monotonic() + timeout_s
        self._wait_s = _SHORTEST_WAIT_S
        self._opened_again = False

    def wait(self, fault: NotWritten) -> None:
        """Return when it is worth trying again.

        :raises DatabaseError: if it is not, or the time is over.
        """
        if fault.failure is Failure.OPEN_AGAIN and not self._opened_again:
            self._opened_again = True
            return
        longest_s = _LONGEST.get(fault.failure)
        if longest_s is None or time.monotonic() > self._deadline:
            raise fault.explained from None
        time.sleep(random.uniform(0, self._wait_s))
        self._wait_s = min(2 * self._wait_s, longest_s)


_LONGEST = {Failure.TRY_AGAIN: _LONGEST_WAIT_S, Failure.WAIT_AND_OPEN: _LONGEST_WAIT_TO_OPEN_S}
