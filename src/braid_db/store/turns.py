"""Waiting for one's turn: threads of a process in turn, and again after others were in the way."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from braid_db.errors import DatabaseBusy, DatabaseError
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


class Turn:
    """A lock for the threads of one process that refuses what would wait for itself.

    :param where: the database, for a person to read.
    """

    def __init__(self, where: str, timeout_s: float) -> None:
        self._where = where
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._thread: int | None = None

    def is_mine(self) -> bool:
        """Return whether the calling thread has the turn."""
        return self._thread == threading.get_ident()

    def __enter__(self) -> None:
        if self.is_mine():
            advice = "Finish that one first, or pass its session on."
            problem = "is already in use by a call that this thread has under way"
            raise DatabaseBusy(self._where, problem, advice)
        if not self._lock.acquire(timeout=self._timeout_s):
            problem = "was kept by another thread of this process for too long"
            raise DatabaseBusy(self._where, problem, "Nothing was written: call again.")
        self._thread = threading.get_ident()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread = None
        self._lock.release()
