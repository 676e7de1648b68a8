"""A transaction that stays open from call to call: what a session of the Python API works in."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Engine, func, literal_column, select

from braid_db.errors import SessionOpen, TransactionLost
from braid_db.store import forks
from braid_db.store.connecting import make_driver
from braid_db.store.driver import LOCK_NUMBER, Access, Driver, Failure, shown_url
from braid_db.store.files import file_identity
from braid_db.store.links import Link
from braid_db.store.statements import Statement
from braid_db.store.store import Store, outcome_unknown, refuse_parents
from braid_db.store.transaction import AloneNeeded, Transaction
from braid_db.store.turns import NotWritten, Patience

T = TypeVar("T")
Work = Callable[[Transaction], T]

_SETTLED = Statement(select(literal_column("1")))
"""Asked after each piece of work, as a pipeline tells of what failed only when it is asked."""

_KEEP_OTHERS_OUT = Statement(select(func.pg_advisory_xact_lock(LOCK_NUMBER)))

_GONE_OR_IN_THE_WAY = (Failure.TRY_AGAIN, Failure.OPEN_AGAIN, Failure.WAIT_AND_OPEN)


class Answered(Transaction):
    """A transaction that may have given answers already, and so cannot begin anew.

    :ivar has_answered: whether it has.
    """

    __slots__ = ("has_answered",)

    def __init__(self, driver: Driver, access: Access, database: str) -> None:
        super().__init__(driver, access, database)
        self.has_answered = False

    def need_to_be_alone(self) -> None:
        """Make sure that nobody else writes: begins anew while it may, else waits for the others.

        Each statement sees what was committed before it, so that what is asked from here on is
        asked of a database that nobody changes.
        """
        if not self.has_answered:
            super().need_to_be_alone()
        elif self._access is Access.RECORD and self._driver.records_beside_others:
            self.rows(_KEEP_OTHERS_OUT)
            self._access = Access.ALONE


class OpenTransaction:
    """A transaction on a connection of its own, begun when the first work comes.

    While it is open its thread can still read beside it. To write beside it would wait for what
    the thread itself has yet to commit, and is refused (:func:`refuse_beside_open`).
    One thread at a time may use it; a child of this process cannot.

    :param store: whose database it is.
    """

    def __init__(self, store: Store) -> None:
        self._engine: Engine = store.engine
        self._timeout_s = store.busy_timeout_s
        self._using = threading.Lock()
        self._begin_unopened()
        forks.watch(self)

    def _begin_unopened(self) -> None:
        self._link = Link(make_driver(self._engine, self._timeout_s), create=True)
        # What nobody committed is rolled back with its connection.
        self._finalizer = weakref.finalize(self, self._link.driver.close)
        self._tx: Answered | None = None
        self._place: tuple[int, str] | None = None
        self._file: tuple[int, int] | None = None

    def _find_file(self) -> tuple[int, int] | None:
        """Return which file the database is; what is written to one that was removed is lost."""
        is_file = self._engine.dialect.name == "sqlite"
        return file_identity(self._engine.url.database or "") if is_file else None

    @property
    def is_open(self) -> bool:
        """Whether it has begun and is not over."""
        return self._tx is not None

    @property
    def where(self) -> str:
        """The database, for a person to read."""
        return self._link.driver.where

    def run(self, work: Work[T], *, alone: bool = False) -> T:
        """Run work in the transaction, and begin it before where that was not done.

        The work that it begins with may run more than once, as nobody has seen an answer yet.
        What fails later cannot be tried again by itself.

        :param alone: whether nobody else may record from here on.
        :raises SessionOpen: if this thread has another one open.
        :raises TransactionLost: if the database took all of it back; it is over then.
        """
        with self._using:
            if self._tx is None:
                return self._begin(work, Access.ALONE if alone else Access.RECORD)
            refuse_parents(self._link)
            return self._go_on(self._tx, work, alone=alone)

    def _begin(self, work: Work[T], access: Access) -> T:
        place = threading.get_ident(), place_of(self._engine)
        refuse_beside_open(self._engine)
        patience = Patience(self._timeout_s)
        while True:
            try:
                result = self._begin_once(work, access)
            except AloneNeeded:
                access = Access.ALONE
            except NotWritten as fault:
                patience.wait(fault)
            else:
                self._place, self._file = place, self._find_file()
                _open[place] = self
                return result

    def _begin_once(self, work: Work[T], access: Access) -> T:
        uid, driver = self._link.ready(), self._link.driver
        try:
            driver.begin(access)
            tx = Answered(driver, access, uid)
            result = work(tx)
            tx.rows(_SETTLED)
        except driver.errors as error:
            fault = NotWritten(driver.failure(error), driver.explained(error))
            driver.rollback()
            if fault.failure is Failure.OPEN_AGAIN:
                self._link.forget()
            raise fault from None
        except BaseException:
            driver.rollback()
            raise
        tx.has_answered = True
        self._tx = tx
        return result

    def _go_on(self, tx: Answered, work: Work[T], *, alone: bool) -> T:
        driver = self._link.driver
        try:
            if alone:
                tx.need_to_be_alone()
            result = work(tx)
            tx.rows(_SETTLED)
        except driver.errors as error:
            failure, explained = driver.failure(error), driver.explained(error)
            self._end()
            if failure in _GONE_OR_IN_THE_WAY:
                raise TransactionLost(driver.where) from None
            raise explained from None
        return result

    def commit(self) -> None:
        """Commit what was written; nothing where nothing was begun.

        :raises OutcomeUnknown: if the connection was lost meanwhile.
        :raises TransactionLost: if the database took all of it back.
        """
        with self._using:
            if self._tx is None:
                return
            refuse_parents(self._link)
            driver = self._link.driver
            if self._find_file() != self._file:
                self._end()
                raise TransactionLost(driver.where)
            try:
                driver.commit()
            except driver.errors as error:
                failure = driver.failure(error)
                explained = driver.explained(error)
                self._end()
                if failure is Failure.OPEN_AGAIN:
                    raise outcome_unknown(driver.where) from None
                raise explained from None
            self._over()

    def rollback(self) -> None:
        """Take back all that was written."""
        with self._using:
            if self._link.is_the_parents:
                self._begin_unopened()
            elif self._tx is not None:
                self._end()

    def _end(self) -> None:
        """Roll back, and leave the connection only if it can still be used."""
        self._link.driver.rollback()
        if not self._link.driver.is_usable():
            self._link.forget()
        self._over()

    def _over(self) -> None:
        self._tx = None
        if self._place is not None:
            _open.pop(self._place, None)
            self._place = None

    def close(self) -> None:
        """Take back what was not committed, and close the connection."""
        self.rollback()
        with self._using:
            self._link.forget()

    def rest(self) -> bool:
        """Close a connection that nobody uses and let nobody open one; return False if one is."""
        if not self._using.acquire(blocking=False):
            return False
        if self._tx is not None:
            self._using.release()
            return False
        self._link.forget()
        return True

    def wake(self) -> None:
        """Go on after a rest."""
        self._using.release()

    def abandon(self) -> None:
        """In a child: leave the transaction to the parent, and never close its connection."""
        import ctypes  # Needed by nobody else.

        self._link.is_the_parents = True
        self._finalizer.detach()
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._link))
        if self._place is not None:
            _open.pop(self._place, None)
        self._using = threading.Lock()


_open: weakref.WeakValueDictionary[tuple[int, str], OpenTransaction] = weakref.WeakValueDictionary()
"""The open transactions of this process, by thread and database."""


def place_of(engine: Engine) -> str:
    """Return what tells one database of this process from another."""
    if engine.dialect.name == "sqlite":
        return os.path.realpath(engine.url.database or "")
    return shown_url(engine.url)


def refuse_beside_open(engine: Engine) -> None:
    """Refuse to write where this thread has an open transaction, which it would wait for.

    :raises SessionOpen: if there is one, of whatever store of this database.
    """
    if not _open:
        return
    if (other := _open.get((threading.get_ident(), place_of(engine)))) is not None:
        raise SessionOpen(other.where)
