"""Sessions: what is written through one is written whole, when its owner commits."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from braid_db.api.errors import SessionFailed
from braid_db.api.place import Place
from braid_db.api.writing import Pin, Write, Writing
from braid_db.errors import BraidError, DatabaseError, OutcomeUnknown
from braid_db.store import Transaction
from braid_db.store.open_transaction import OpenTransaction

if TYPE_CHECKING:
    from braid_db.api.stored import Stored

T = TypeVar("T")
log = logging.getLogger("braid_db")


class Session:
    """What several calls write together.

    Writes wait in the session until an answer out of them is needed: an id, a query through the
    session, the commit. Then its transaction begins, and until it ends only those who pass the
    session see what is in it. While nothing was written in it, others may write beside it.

    Leaving a ``with`` block rolls back what was not committed, as it did with upstream, and logs
    it: :meth:`commit` must be called.

    One may be used by several threads, one after the other.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._lock = threading.RLock()
        self._waiting: list[Write[Any]] = []
        self._opened: OpenTransaction | None = None
        self._refused: BaseException | None = None
        self._before: dict[Stored, Pin | None] = {}
        self._afterwards: list[Callable[[], None]] = []

    @property
    def is_open(self) -> bool:
        """Whether its transaction has begun."""
        return self._opened is not None and self._opened.is_open

    def in_transaction(self) -> bool:
        """Return whether anything was written in it that is not committed."""
        return bool(self._waiting) or self.is_open

    def flush(self) -> None:
        """Write what waits, without committing it.

        :raises BraidError: if something is refused; nothing of the session is written then.
        """
        with self._lock:
            self._check()
            if self._waiting:
                self._write_all(None)

    def commit(self) -> None:
        """Commit all that was written, whole or not at all; it can be used anew afterwards.

        :raises BraidError: if something is refused; nothing of the session is written then.
        """
        with self._lock:
            self._check()
            if self.is_open:
                self.flush()
                self._commit()
            elif self._waiting:
                self._write_and_commit()
            for pin in [stored.pin for stored in self._before]:
                log.info("Committed record %d, version %d", *(pin or (0, 0)))
            self._leave()
            log.debug("A session was committed")
            afterwards, self._afterwards = self._afterwards, []
        for follow in afterwards:
            follow()

    def rollback(self) -> None:
        """Take back all that was not committed; it can be used anew afterwards."""
        with self._lock:
            self._take_back()
            self._refused = None

    def close(self) -> None:
        """Roll back what was not committed, and say so."""
        if self.in_transaction():
            log.warning("A session was closed without a commit: nothing of it was written")
        self.rollback()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.rollback()
        self.close()

    def add(self, write: Write[Any], *touched: Stored) -> None:
        """Let a write wait for its turn.

        :param touched: the objects that it writes.
        """
        with self._lock:
            self._check()
            self._waiting.append(write)
            self.touch(*touched)

    def write(self, write: Write[T], *touched: Stored, alone: bool = False) -> T:
        """Write now, after what waits, and return what it answers.

        :param alone: whether nobody else may record from here on.
        """
        with self._lock:
            self._check()
            self.touch(*touched)
            answer: T = self._write_all(write, alone=alone)
            return answer

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Read what is committed and what was written in the session."""
        with self._lock:
            self.flush()
            if self._opened is None or not self._opened.is_open:
                return self.place.read(work)
            try:
                return self._opened.run(work)
            except BaseException as error:
                if not self.is_open or not isinstance(error, BraidError):
                    self._fail(error)
                raise

    def afterwards(self, follow: Callable[[], None]) -> None:
        """Do something once what was written is committed."""
        self._afterwards.append(follow)

    def stood(self, stored: Stored, pin: Pin) -> None:
        """Note where an object stands by a commit beside this session."""
        if stored in self._before:
            self._before[stored] = pin

    def _check(self) -> None:
        if self._refused is not None:
            raise SessionFailed(self._refused)

    def touch(self, *touched: Stored) -> None:
        """Let objects answer from this session until it is over."""
        for stored in touched:
            self._before.setdefault(stored, stored.pin)
            stored.session = weakref.ref(self)

    def _write_all(self, last: Write[Any] | None, *, alone: bool = False) -> Any:
        """Write what waits, and one thing more; the transaction begins if it has not."""
        if self._opened is None:
            self._opened = self.place.lend_transaction()
        was_open = self._opened.is_open
        try:
            done = self._opened.run(lambda tx: self._work(tx, last), alone=alone)
        except BaseException as error:
            self._refuse(error, was_open=was_open)
            raise
        return self._written(*done)

    def _write_and_commit(self) -> None:
        """Write all that waits as one call, which is tried again whatever is in its way."""
        try:
            done = self.place.write(lambda tx: self._work(tx, None))
        except BaseException as error:
            self._refuse(error, was_open=False)
            raise
        self._written(*done)

    def _work(self, tx: Transaction, last: Write[Any] | None) -> tuple[Writing, Any]:
        writing = Writing(tx, self.place.rules)
        for write in self._waiting:
            write(writing)
        return writing, None if last is None else last(writing)

    def _written(self, writing: Writing, answer: Any) -> Any:
        self._waiting = []
        for stored, pin in writing.pins.items():
            self._before.setdefault(stored, stored.pin)
            stored.pin = pin
        return answer

    def _commit(self) -> None:
        assert self._opened is not None
        try:
            self._opened.commit()
        except BaseException as error:
            self._fail(error)
            raise

    def _refuse(self, error: BaseException, *, was_open: bool) -> None:
        """Fail, unless the database did not even let it begin, and it may be tried again."""
        may_try_again = isinstance(error, DatabaseError) and not isinstance(error, OutcomeUnknown)
        if was_open or not may_try_again:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Take all of it back; nothing goes on before its owner has noticed."""
        self._take_back()
        self._refused = error

    def _take_back(self) -> None:
        self._waiting, self._afterwards = [], []
        for stored, pin in self._before.items():
            stored.pin = pin
        if self._opened is not None:
            self._opened.rollback()
        self._leave()

    def _leave(self) -> None:
        for stored in self._before:
            stored.session = None
        self._before = {}
        opened, self._opened = self._opened, None
        if opened is not None:
            self.place.take_back(opened)
