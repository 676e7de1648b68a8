"""The provenance database: runs transactions on its connections, again where that can help."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from braid_db.errors import DatabaseBusy, DatabaseError, OutcomeUnknown
from braid_db.store import forks, schema
from braid_db.store.connecting import make_driver, make_engine
from braid_db.store.driver import Access, Failure
from braid_db.store.links import Link, Links
from braid_db.store.transaction import AloneNeeded, Transaction
from braid_db.store.turns import NotWritten, Patience, failures_of

T = TypeVar("T")
Work = Callable[[Transaction], T]

CONNECTIONS = 8
"""How many connections a process opens to a server at most, where nothing else is said."""


class Store:
    """A provenance database of one process.

    Threads work side by side on PostgreSQL, each on a connection of its own, and in turn on
    SQLite. A connection that was lost, or whose file was replaced, is opened anew, and none
    passes through a fork.

    :param url: a SQLAlchemy URL of SQLite or PostgreSQL.
    :param busy_timeout_s: how long a call waits for other writers, in seconds.
    :param create: whether to make the schema where there is none.
    :param connections: how many it may have open at once on PostgreSQL.
    """

    def __init__(
        self,
        url: str,
        *,
        busy_timeout_s: float = 60.0,
        create: bool = True,
        connections: int = CONNECTIONS,
    ) -> None:
        self.engine = make_engine(url)
        self.busy_timeout_s = busy_timeout_s
        self._links = Links(self.engine, busy_timeout_s, create=create, most=connections)
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
        link = self._links.lend()
        try:
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
        finally:
            self._links.take_back(link)

    def close(self) -> None:
        """Close all connections; the next call opens one anew.

        :raises DatabaseBusy: if a call is under way, and does not end.
        """
        self._links.stop()
        self._links.go_on()

    def _run(self, work: Work[T], access: Access) -> T:
        patience = Patience(self.busy_timeout_s)
        link = self._links.lend()
        try:
            while True:
                try:
                    return self._once(link, work, access)
                except AloneNeeded:
                    access = Access.ALONE
                except NotWritten as fault:
                    patience.wait(fault)
        finally:
            self._links.take_back(link)

    def _once(self, link: Link, work: Work[T], access: Access) -> T:
        """Run work as one transaction.

        :raises NotWritten: if the driver failed and nothing is committed.
        """
        uid, driver = link.ready(), link.driver
        committing = False
        try:
            driver.begin(access)
            result = work(Transaction(driver, access, uid))
            refuse_parents(link)
            committing = access is not Access.READ
            driver.commit()
        except driver.errors as error:
            refuse_parents(link)
            fault = NotWritten(driver.failure(error), driver.explained(error))
            driver.rollback()
            if fault.failure is Failure.OPEN_AGAIN:
                link.forget()
                if committing:
                    raise outcome_unknown(driver.where) from None
            raise fault from None
        except BaseException:
            if not link.is_the_parents:
                driver.rollback()
            raise
        return result

    def rest(self) -> bool:
        """Close all connections and let nobody open one; return False if one is in use."""
        try:
            self._links.stop()
        except DatabaseError:
            return False
        return True

    def wake(self) -> None:
        """Go on after a rest."""
        self._links.go_on()

    def abandon(self) -> None:
        """In a child: leave what was in use to the parent, and never close it."""
        self._links.abandon()


def refuse_parents(link: Link) -> None:
    """Refuse to go on with a transaction that began in the parent of this process."""
    if link.is_the_parents:
        problem = "is used by a call of the parent of this process, which forked meanwhile"
        raise DatabaseBusy(link.driver.where, problem, "Fork before or after a call.")


def outcome_unknown(where: str) -> OutcomeUnknown:
    """Return the error of a call whose connection was lost while it was being committed."""
    problem = "was lost while this call was being committed, so it may or may not be recorded"
    advice = "Call again with the same idempotency_key, which records it once either way."
    return OutcomeUnknown(where, problem, advice)
