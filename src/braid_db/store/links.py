"""Which connection a call works on: one that is kept, or on PostgreSQL one of a pool beside it."""

from __future__ import annotations

import threading
import weakref

from sqlalchemy import Engine

from braid_db.errors import DatabaseBusy, NotAProvenanceDatabase
from braid_db.store import schema
from braid_db.store.connecting import make_driver, make_pool
from braid_db.store.driver import Driver
from braid_db.store.turns import failures_of


class Link:
    """A connection that is opened when a call needs it, and anew once it was lost.

    :param create: whether to make the schema where there is none.
    :ivar is_the_parents: whether a call of the parent of this process uses it.
    """

    __slots__ = ("_create", "_uid", "driver", "is_the_parents")

    def __init__(self, driver: Driver, *, create: bool) -> None:
        self.driver = driver
        self._create = create
        self._uid: str | None = None
        self.is_the_parents = False

    def ready(self) -> str:
        """Make sure that it is open, and return the uid of its database.

        :raises NotWritten: if the driver failed.
        """
        if self._uid is None or not self.driver.is_usable():
            self.forget()
            try:
                with failures_of(self.driver):
                    self._uid = self._open(self.driver)
            except BaseException:
                self.forget()
                raise
        return self._uid

    def _open(self, driver: Driver) -> str:
        driver.open(make=self._create)
        known: str | None = driver.memory.get("uid")
        if known is not None:
            return known
        state = schema.read_state(driver)
        if state is None and not self._create:
            advice = "Make it with 'braid-db db create', or name another one."
            raise NotAProvenanceDatabase(driver.where, "holds no provenance yet", advice)
        if state is not None:
            schema.check(driver.where, state)
        driver.prepare()
        uid = (state or schema.create(driver)).uid
        driver.memory["uid"] = uid
        return uid

    def forget(self) -> None:
        """Close it; the next call opens it anew."""
        self._uid = None
        self.driver.close()

    def give_back(self) -> None:
        """Leave it open to the pool that it came from."""
        self._uid = None
        self.driver.give_back()


class Links:
    """The connections of one process, at most one of them lent to a thread at a time.

    One is kept, and lent without a look at the server, which would cost each call of a process
    that works on one thread a round trip. Threads that find it in use get one of SQLAlchemy's
    pool, which looks. Where there is none, as on SQLite with its one writer, they wait for it.

    :param most: how many there may be on PostgreSQL.
    :param timeout_s: how long a thread waits for one.
    """

    def __init__(self, engine: Engine, timeout_s: float, *, create: bool, most: int) -> None:
        self._engine = engine
        self._timeout_s = timeout_s
        self._create = create
        self._most_pooled = most - 1 if engine.dialect.name == "postgresql" else 0
        self._begin()

    def _begin(self) -> None:
        self._kept = self._link(self._engine)
        self._turn = threading.Lock()
        self._changed = threading.Condition(threading.Lock())
        self._waiting = 0
        self._pooled = 0
        self._lent: dict[int, Link] = {}
        self._pool: Engine | None = None
        self._dispose: weakref.finalize[..., Links] | None = None

    def _link(self, engine: Engine) -> Link:
        return Link(make_driver(engine, self._timeout_s), create=self._create)

    def lend(self) -> Link:
        """Return a connection for a call of this thread, opened or not.

        :raises DatabaseBusy: if this thread has a call under way, or others keep all of them.
        """
        thread = threading.get_ident()
        if thread in self._lent:
            raise self._in_use_here()
        link = self._kept if self._turn.acquire(blocking=False) else self._wait_for_one()
        self._lent[thread] = link
        return link

    def take_back(self, link: Link) -> None:
        """Let others have a connection that was lent to this thread."""
        if link.is_the_parents:
            return
        del self._lent[threading.get_ident()]
        if link is self._kept:
            self._turn.release()
            if self._waiting:
                with self._changed:
                    self._changed.notify_all()
        else:
            link.give_back()
            with self._changed:
                self._pooled -= 1
                self._changed.notify_all()

    def _wait_for_one(self) -> Link:
        with self._changed:
            self._waiting += 1
            try:
                link = self._changed.wait_for(self._free_one, self._timeout_s)
            finally:
                self._waiting -= 1
        if link is None:
            raise self._too_long()
        return link

    def _free_one(self) -> Link | None:
        if self._turn.acquire(blocking=False):
            return self._kept
        if self._pooled == self._most_pooled:
            return None
        if self._pool is None:
            self._pool = make_pool(self._engine, self._most_pooled)
            self._dispose = weakref.finalize(self, self._pool.dispose)
        self._pooled += 1
        return self._link(self._pool)

    def stop(self) -> None:
        """Close all connections, when no call uses them, and lend none until :meth:`go_on`.

        :raises DatabaseBusy: if this thread has a call under way, or others do for too long.
        """
        if threading.get_ident() in self._lent:
            raise self._in_use_here()
        self._changed.acquire()
        self._waiting += 1
        all_are_here = self._changed.wait_for(self._have_all, self._timeout_s)
        self._waiting -= 1
        if not all_are_here:
            self._changed.release()
            raise self._too_long()
        self._kept.forget()
        if self._pool is not None:
            self._pool.dispose()

    def _have_all(self) -> bool:
        return self._pooled == 0 and self._turn.acquire(blocking=False)

    def go_on(self) -> None:
        """Lend connections again."""
        self._turn.release()
        self._changed.notify_all()
        self._changed.release()

    def abandon(self) -> None:
        """In a child: leave what was in use to the parent, and never close it."""
        import ctypes  # Needed by nobody else.

        for link in self._lent.values():
            link.is_the_parents = True
        for inherited in (self._kept, self._lent, self._pool):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))
        if self._dispose is not None:
            self._dispose.detach()
        self._begin()

    def _in_use_here(self) -> DatabaseBusy:
        problem = "is already in use by a call that this thread has under way"
        advice = "Finish that one first, or pass its session on."
        return DatabaseBusy(self._kept.driver.where, problem, advice)

    def _too_long(self) -> DatabaseBusy:
        where = self._kept.driver.where
        if not self._most_pooled:
            problem = "was kept by another thread of this process for too long"
            return DatabaseBusy(where, problem, "Nothing was written: call again.")
        problem = f"gave this process {self._most_pooled + 1} connections, and other threads kept"
        advice = "Nothing was written: call again, or set BRAID_DB_CONNECTIONS higher."
        return DatabaseBusy(where, f"{problem} them all for too long", advice)
