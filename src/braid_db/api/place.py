"""The database that objects are kept in: reading and writing without a session, or for one."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from braid_db.api.writing import Write, Writing
from braid_db.errors import DatabaseError
from braid_db.identity import IdentityRules
from braid_db.recall.outbox import run_due
from braid_db.records.database import place_of as shown_place
from braid_db.records.database import schema_of
from braid_db.settings import Settings
from braid_db.store import Store, Transaction
from braid_db.store.open_transaction import OpenTransaction, place_of, refuse_beside_open

T = TypeVar("T")
log = logging.getLogger("braid_db")


class Place:
    """One database, as the objects of a :class:`BraidDB` use it.

    :ivar name: what tells it from other databases of this process.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self.store = store
        self.rules = IdentityRules(settings.host, settings.collections)
        self.name = place_of(store.engine)
        self._is_there = False
        self._spare: list[OpenTransaction] = []
        self._finalizer = weakref.finalize(self, _close, store, self._spare)

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Read what is committed; unlike writing, this makes no database where there is none."""
        if not self._is_there:
            schema_of(self.store)
            self._is_there = True
        return self.store.read(work)

    def write(self, work: Callable[[Transaction], T], *, alone: bool = False) -> T:
        """Run work as one transaction.

        :raises SessionOpen: if this thread has a session open, for which it would wait.
        """
        refuse_beside_open(self.store.engine)
        return self.store.write(work, alone=alone)

    def write_objects(self, write: Write[T], *, alone: bool = False) -> T:
        """Write for objects, as one transaction, and let them stand where it brings them."""

        def work(tx: Transaction) -> tuple[Writing, T]:
            writing = Writing(tx, self.rules)
            return writing, write(writing)

        writing, answer = self.write(work, alone=alone)
        for stored, pin in writing.pins.items():
            log.info("Wrote record %d, version %d", *pin)
            stored.stand(pin)
        return answer

    def lend_transaction(self) -> OpenTransaction:
        """Return a transaction that has not begun."""
        return self._spare.pop() if self._spare else OpenTransaction(self.store)

    def take_back(self, opened: OpenTransaction) -> None:
        """Keep a transaction that is over, with its connection, for the next session."""
        if self._spare:
            opened.close()
        else:
            self._spare.append(opened)

    @property
    def shown_name(self) -> str:
        """The database's URL, without a password."""
        return shown_place(self.store)

    def run_actions(self, recall_ids: Iterable[int]) -> None:
        """Run what recalls owe; what the database does not let run now stays owed."""
        for recall_id in recall_ids:
            try:
                run_due(self.store, self.settings, recall_id=recall_id)
            except DatabaseError as error:
                log.warning("The actions of recall %d stay owed: %s", recall_id, error)

    def close(self) -> None:
        """Close all connections; the next call opens one anew."""
        while self._spare:
            self._spare.pop().close()
        self.store.close()


def _close(store: Store, spare: list[OpenTransaction]) -> None:
    """Close what an object that is gone has left open; a driver would complain of it."""
    with suppress(DatabaseError):
        while spare:
            spare.pop().close()
        store.close()
