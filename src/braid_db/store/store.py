"""The provenance database: opens it, keeps one connection, and runs transactions on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from braid_db.errors import DatabaseBusy, DatabaseError, NotAProvenanceDatabase, OutcomeUnknown
from braid_db.store import forks, schema
from braid_db.store.connecting import make_driver, make_engine
from braid_db.store.driver import Access, Driver, Failure
from braid_db.store.transaction import AloneNeeded, Transaction
from braid_db.store.turns import NotWritten, Patience, Turn, failures_of

T = TypeVar("T")
Work = Callable[[Transaction], T]


class Store:
    """A provenance database of one process.

    It keeps one connection open, which threads take in turn; one that was lost, or whose file
    was replaced, is opened anew, and none passes through a fork.

    :param url: a SQLAlchemy URL of SQLite or PostgreSQL.
    :param busy_timeout_s: how long a call waits for other writers, in seconds.
    :param create: whether to make the schema where there is none.
    """

    def __init__(self, url: str, *, busy_timeout_s: float = 60.0, create: bool = True) -> None:
        self.engine = make_engine(url)
        self.busy_timeout_s = busy_timeout_s
        self._create = create
        self._driver = make_driver(self.engine, self.busy_timeout_s)
        self._uid: str | None = None
        self._turn = Turn(self._driver.where, busy_timeout_s)
        forks.watch(self)

    def read(self, work: Work[T]) -> T:
        """Run work that reads one consistent state; it may run more than once."""
        return self._run(work, Access.READ)

    def write(self, work: Work[T], *, alone: bool = False) -> T:
        """Run work as one transaction: all that it wrote, or nothing.

        :param work: called with the transaction; it may run more than once, as a deadlock or a
            lost connection takes back all that it did.
        :param alone: whether nobody else may record meanwhile.
        :raises DatabaseError: if the database could not do it.
        """
        return self._run(work, Access.ALONE if alone else Access.RECORD)

    def schema_state(self) -> schema.SchemaState | None:
        """Return what the database says of itself, whatever its schema; None for an empty one.

        :raises NotAProvenanceDatabase: if it holds something else.
        """
        patience = Patience(self.busy_timeout_s)
        with self._turn:
            while True:
                driver = make_driver(self.engine, self.busy_timeout_s)
                try:
                    with failures_of(driver):
                        driver.open(make=False)
                        return schema.read_state(driver)
                except NotWritten as fault:
                    patience.wait(fault)
                finally:
                    driver.close()

    def close(self) -> None:
        """Close the connection; the next call opens it anew."""
        with self._turn:
            self._forget()

    def _run(self, work: Work[T], access: Access) -> T:
        patience = Patience(self.busy_timeout_s)
        with self._turn:
            while True:
                try:
                    return self._once(work, access)
                except AloneNeeded:
                    access = Access.ALONE
                except NotWritten as fault:
                    patience.wait(fault)

    def _once(self, work: Work[T], access: Access) -> T:
        """Run work as one transaction.

        :raises NotWritten: if the driver failed and nothing is committed.
        """
        driver, uid = self._ready()
        committing = False
        try:
            driver.begin(access)
            result = work(Transaction(driver, access, uid))
            self._refuse_parents(driver)
            committing = access is not Access.READ
            driver.commit()
        except driver.errors as error:
            fault = NotWritten(driver.failure(error), driver.explained(error))
            driver.rollback()
            if fault.failure is Failure.OPEN_AGAIN:
                self._forget()
                if committing:
                    raise outcome_unknown(driver.where) from None
            raise fault from None
        except BaseException:
            if driver is self._driver:
                driver.rollback()
            raise
        return result

    def _refuse_parents(self, driver: Driver) -> None:
        """Refuse to commit a transaction that began in the parent of this process."""
        if driver is not self._driver:
            problem = "is used by a call of the parent of this process, which forked meanwhile"
            raise DatabaseBusy(driver.where, problem, "Fork before or after a call.")

    def _ready(self) -> tuple[Driver, str]:
        """Return the connection, opened where it is not, and the uid of its database."""
        if self._uid is None or not self._driver.is_usable():
            self._forget()
            try:
                with failures_of(self._driver):
                    self._uid = self._open(self._driver)
            except BaseException:
                self._forget()
                raise
        return self._driver, self._uid

    def _open(self, driver: Driver) -> str:
        driver.open(make=self._create)
        state = schema.read_state(driver)
        if state is None and not self._create:
            advice = "Make it with 'braid-db db create', or name another one."
            raise NotAProvenanceDatabase(driver.where, "holds no provenance yet", advice)
        if state is not None:
            schema.check(driver.where, state)
        driver.prepare()
        return (state or schema.create(driver)).uid

    def _forget(self) -> None:
        self._uid = None
        self._driver.close()

    def rest(self) -> bool:
        """Close the connection and let nobody open one; return False if it is in use."""
        try:
            self._turn.__enter__()
        except DatabaseError:
            return False
        self._forget()
        return True

    def wake(self) -> None:
        """Go on after a rest."""
        self._turn.__exit__(None, None, None)

    def abandon(self) -> None:
        """In a child: leave a connection that was in use to the parent, and never close it."""
        import ctypes  # Needed by nobody else.

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._driver))
        self._driver = make_driver(self.engine, self.busy_timeout_s)
        self._uid = None
        self._turn = Turn(self._driver.where, self.busy_timeout_s)


def outcome_unknown(where: str) -> OutcomeUnknown:
    """Return the error of a call whose connection was lost while it was being committed."""
    problem = "was lost while this call was being committed, so it may or may not be recorded"
    advice = "Call again with the same idempotency_key, which records it once either way."
    return OutcomeUnknown(where, problem, advice)
