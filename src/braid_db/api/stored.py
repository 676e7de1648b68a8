"""What every object of the Python API is: a record in a database, seen in one of its versions."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast

from braid_db.api import arguments
from braid_db.api.errors import NotStored
from braid_db.api.session import Session
from braid_db.api.writing import Pin, Write, Writing
from braid_db.errors import InvalidArgument, SessionOpen, shown
from braid_db.model import UNKNOWN_TIMES, Definition, Kind, Times
from braid_db.records.adding import add_record
from braid_db.records.contents import UNNAMED
from braid_db.records.views import get_record
from braid_db.steps.values import kind_of
from braid_db.store import Transaction
from braid_db.views import RecordView

if TYPE_CHECKING:
    from braid_db.api.database import BraidDB
    from braid_db.api.record import BraidRecord

T = TypeVar("T")

_ROLLED_BACK = "the session that it was made in was rolled back"
_NOT_WRITTEN = "the session that it was made in has not written it yet"


class Stored:
    """A record in a database, seen in the version that this object read or wrote last.

    :ivar db: the database; None for a record that is not stored.
    :ivar pin: which version that is; None as long as it is not written.
    :ivar session: the session that last wrote it and is not over.
    :ivar distance: how many derivations away it was found, where it was found by its lineage.
    :ivar other_distance: the same from the other record, where it was found as common to two.
    :ivar role: how it came from the record before it, where it was found on a way.
    """

    classes: ClassVar[dict[Kind, type[Stored]]] = {}
    """Which class an object of each kind has."""

    kind_when_new: ClassVar[Kind] = Kind.DATA

    db: BraidDB | None
    pin: Pin | None
    session: weakref.ref[Session] | None
    distance: int | None = None
    other_distance: int | None = None
    role: str | None = None

    def _begin(self, db: BraidDB | None, said: Definition, timestamp: datetime | None) -> None:
        """Be a record that is not stored yet."""
        self.db, self.pin, self.session = db, None, None
        self._said = said
        self._seen: RecordView | None = None
        self._seen_as_of: datetime | None = None
        self._timestamp = arguments.timestamp(timestamp)
        if db is None and timestamp is None:
            self._timestamp = datetime.now(UTC)

    @classmethod
    def of_view(
        cls,
        db: BraidDB,
        view: RecordView,
        *,
        session: Session | None = None,
        as_of: datetime | None = None,
    ) -> BraidRecord:
        """Return an object for a version that was read, of the class of its kind.

        :param session: what it was read through; while that is open, the object answers from it.
        :param as_of: as of when it was read, and is to answer; None for now.
        """
        seen = object.__new__(cls.classes.get(view.kind, cls.classes[Kind.STEP]))
        seen._begin(db, Definition(name=view.name), None)
        seen.pin = Pin(view.record_id, view.version)
        seen._seen, seen._seen_as_of = view, as_of
        if session is not None and session.is_open:
            session.touch(seen)
        return cast("BraidRecord", seen)

    @property
    def pinned(self) -> Pin:
        """Where the object stands.

        :raises NotStored: if it is in no database.
        """
        if self.pin is None:
            what = f"The record {shown(self._said.name)}"
            if self.db is None:
                raise NotStored(what)
            raise NotStored(what, _NOT_WRITTEN if self._own_session() else _ROLLED_BACK)
        return self.pin

    @property
    def as_of(self) -> datetime | None:
        """As of which time it answers how it is described and whether it is valid.

        That is None, for now, unless it was found as of a time and stands where it was found.
        """
        return self._seen_as_of if self._is_seen() else None

    def stand(self, pin: Pin) -> None:
        """Stand where a call without a session has brought the record."""
        self.pin = pin
        session = self._own_session()
        if session is not None:
            session.stood(self, pin)

    def store(self, session: Session | None = None) -> int:
        """Write the record, unless it is there; return its id.

        :raises NotStored: if it has no database.
        """
        arguments.session(session, self.db)
        if self.pin is None and self._own_session() is None:
            self._make(session)
        return self._id()

    def _make(self, session: Session | None) -> None:
        said, times = self._said, UNKNOWN_TIMES
        if self._timestamp is not None:
            times = Times(started_at=self._timestamp)

        def write(writing: Writing) -> Pin:
            content = add_record(writing.tx, writing.rules, said, times)
            return writing.move(self, content.entity.record_id, content.number)

        self._collect(write, session)

    def _id(self) -> int:
        session = self._own_session()
        if self.pin is None and session is not None:
            session.flush()
        return self.pinned.record_id

    def refresh(self, session: Session | None = None) -> Self:
        """Stand at the record's current version, and return self."""
        view = self._read(lambda tx, pin: get_record(tx, pin.record_id), session)
        self._seen, self.pin = view, Pin(view.record_id, view.version)
        self._seen_as_of = None
        return self

    def _known(self, session: Session | None = None) -> RecordView:
        """Return what can't change of the version that it stands at, read where it was not."""
        if self._seen is None or not self._is_seen():
            self._seen, self._seen_as_of = self._view(session), None
        return self._seen

    def _is_seen(self) -> bool:
        """Return whether the version that it stands at was read."""
        return self._seen is not None and self.pin == (self._seen.record_id, self._seen.version)

    def _view(self, session: Session | None = None) -> RecordView:
        """Return the version that it stands at, as it is described now, or was :attr:`as_of`."""
        return self._read(lambda tx, pin: get_record(tx, *pin, as_of=self.as_of), session)

    def _name(self) -> str:
        """Return its name, as far as that is known without a look."""
        if self._seen is not None and self._is_seen():
            return self._seen.name
        return UNNAMED if self._said.name is None else self._said.name

    def _own_session(self) -> Session | None:
        """Return the session that it was last written in, if that is not over."""
        session = None if self.session is None else self.session()
        return session if session is not None and session.in_transaction() else None

    def _database(self) -> BraidDB:
        if self.db is None:
            raise NotStored(f"The record {shown(self._said.name)}")
        return self.db

    def _read(
        self, work: Callable[[Transaction, Pin], T], session: Session | None, *others: Stored
    ) -> T:
        """Read something about it: through the session, or the one that it was last written in.

        :param others: other objects that it is about.
        """
        place = self._database().place
        through = self._through(session, *others)
        if through is None:
            pin = self.pinned
            return place.read(lambda tx: work(tx, pin))
        through.flush()
        pin = self.pinned
        return through.read(lambda tx: work(tx, pin))

    def _through(self, session: Session | None, *others: Stored) -> Session | None:
        """Return what something is read through: the session, or the one that it was written in."""
        own = (stored._own_session() for stored in (self, *others))
        return arguments.session(session, self._database()) or next(filter(None, own), None)

    def _write(
        self, write: Write[T], session: Session | None, *others: Stored, alone: bool = False
    ) -> T:
        """Write something now, as one transaction or in the session.

        :param others: other objects that are used in it.
        """
        through = arguments.session(session, self._database())
        if through is not None:
            return through.write(write, self, *others, alone=alone)
        self._refuse_beside(others)
        return self._database().place.write_objects(write, alone=alone)

    def _collect(self, write: Write[Any], session: Session | None, *others: Stored) -> None:
        """Write something now, as one transaction; or let it wait in the session."""
        through = arguments.session(session, self._database())
        if through is not None:
            through.add(write, self, *others)
        else:
            self._write(write, None, *others)

    def _check_other(self, argument: str, other: object) -> None:
        """Refuse to link what is no record of the same database."""
        if not isinstance(other, Stored):
            raise InvalidArgument(argument, kind_of(other), "a BraidRecord")
        if self._database().place.name != other._database().place.name:
            raise InvalidArgument(argument, "in another database", "one of the same database")

    def _refuse_beside(self, others: Iterable[Stored]) -> None:
        """Refuse to write without the session what others than its session cannot see yet.

        :raises SessionOpen: if it, or what is used for it, was written in one that is open.
        """
        for stored in (self, *others):
            session = stored._own_session()
            if session is not None and (stored.pin is None or session.is_open):
                problem = (
                    f"has the record {shown(stored._said.name)} in a session that is not "
                    f"committed, which others cannot see"
                )
                raise SessionOpen(self._database().place.name, problem)
