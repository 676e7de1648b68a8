"""Records as objects: what programs make, link, describe and ask about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from braid_db.api import arguments
from braid_db.api.actions import Actionable
from braid_db.api.lineage import Traceable
from braid_db.api.recalling import Recallable
from braid_db.api.showing import html_of, text_of
from braid_db.api.stored import Stored
from braid_db.api.tags import BraidTagType, BraidTagValue, tag_of, value_of
from braid_db.api.versions import Versioned
from braid_db.api.writing import Writing
from braid_db.model import Definition, Kind, Reference
from braid_db.records.adding import add_derivation, add_tag, add_uri
from braid_db.records.objects import find_record, records_with_tag, values_of_tags
from braid_db.steps import values
from braid_db.views import RecordView

if TYPE_CHECKING:
    from braid_db.api.database import BraidDB
    from braid_db.api.session import Session


class BraidRecord(Versioned, Traceable, Recallable, Actionable, Stored):
    """A record: something whose origin is kept.

    It is stored at once where a database is given. Where its first URI identifies a record that
    is there, it is that one.

    :param timestamp: when what it stands for began; a time without a zone is local.
    :param debug: accepted for programs of upstream's; :class:`BraidDB` says what is logged.
    :param session: what it is written through; its owner commits.
    :param kind: what it is; by its class when omitted.
    :param uris: one or several; the first one identifies it.
    :param tags: nested mappings become dotted keys.
    """

    def __init__(
        self,
        db: BraidDB | None = None,
        name: str | None = None,
        timestamp: datetime | None = None,
        debug: bool = True,
        session: Session | None = None,
        *,
        kind: Kind | str | None = None,
        uris: str | Sequence[str] = (),
        tags: Mapping[str, Any] | None = None,
        sha256: str | None = None,
        size_bytes: int | None = None,
    ) -> None:
        home = None if db is None else arguments.database(db)
        arguments.session(session, home)
        said = Definition(
            name=values.optional_text("name", name, values.NAME_LENGTH),
            kind=self.kind_when_new if kind is None else arguments.kind(kind),
            uris=values.texts("uris", uris, values.URI_LENGTH),
            tags=arguments.tags(tags),
            sha256=values.sha256("sha256", sha256),
            size_bytes=values.size_bytes("size_bytes", size_bytes),
        )
        self._begin(home, said, timestamp)
        if home is not None:
            self._make(session)

    @classmethod
    def by_record_id(
        cls, db: BraidDB, record_id: int, session: Session | None = None
    ) -> BraidRecord | None:
        """Return a record in its current version, of the class of its kind; None if absent."""
        home, wanted = arguments.database(db), arguments.record_id(record_id)
        through = arguments.session(session, home)
        view = home.read(lambda tx: find_record(tx, wanted), through)
        return None if view is None else cls.of_view(home, view, session=through)

    @classmethod
    def for_tag_value(
        cls, db: BraidDB, key: str, value: Any, session: Session | None = None
    ) -> Iterator[BraidRecord]:
        """Yield the records whose current version has this value of a tag, the first made first.

        A text never equals a number; a whole number equals the float that is the same.
        """
        home, wanted = arguments.database(db), tag_of(key, value, BraidTagType.NONE)
        through = arguments.session(session, home)
        views = home.read(lambda tx: records_with_tag(tx, wanted), through)
        return iter([cls.of_view(home, view, session=through) for view in views])

    @property
    def record_id(self) -> int:
        """The record's id; what waits in its session is written for it.

        :raises NotStored: if it is in no database.
        """
        return self._id()

    @property
    def version(self) -> int:
        """The number of the version that this object read or wrote last."""
        self._id()
        return self.pinned.version

    @property
    def name(self) -> str:
        """The record's name, as this version has it."""
        return self._name() if self.db is None else self._known().name

    @property
    def kind(self) -> Kind:
        """What the record is; what was known before as another kind stays that."""
        return self._said.kind or Kind.DATA if self.db is None else self._known().kind

    @property
    def timestamp(self) -> datetime:
        """When what it stands for began, or else when it was recorded; in UTC."""
        if self._timestamp is not None:
            return self._timestamp
        view = self._known()
        return datetime.fromisoformat(view.started_at or view.created_at)

    @property
    def time(self) -> datetime:
        """The timestamp, by the name that it has in lists of predecessors."""
        return self.timestamp

    def view(self, session: Session | None = None) -> RecordView:
        """Return all that is known of this version, as it is described at this moment.

        Where it was found as of a time, as it was then.
        """
        return self._view(session)

    def add_derivation(self, record: BraidRecord, session: Session | None = None) -> None:
        """Say that another record was derived from this one.

        This one means the version that the object stands at; the other one means the record, whose
        next version takes the derivation where its current one came before this.

        :raises CycleRefused: if a step or transfer would come from itself.
        """
        self._check_other("record", record)

        def write(writing: Writing) -> None:
            source = writing.pin_of(self).reference
            content = add_derivation(
                writing.tx, writing.rules, source, writing.pin_of(record).record_id
            )
            writing.move(record, content.entity.record_id, content.number)

        self._collect(write, session, record)

    def add_uri(self, uri: str, session: Session | None = None) -> None:
        """Add a URI to the current version; the first one identifies the record."""
        told = arguments.text("uri", uri, values.URI_LENGTH)

        def write(writing: Writing) -> None:
            record_id = writing.pin_of(self).record_id
            content = add_uri(writing.tx, writing.rules, record_id, told)
            writing.move(self, record_id, content.number)

        self._collect(write, session)

    def get_uris(self, session: Session | None = None) -> list[str]:
        """Return the URIs of this version, in order."""
        return list(self._view(session).uris)

    def add_tag(
        self,
        key: str,
        value: Any,
        type_: BraidTagType = BraidTagType.STRING,
        session: Session | None = None,
    ) -> int:
        """Add a value of a tag to the current version, beside those that it has, if any.

        :param type_: a value keeps its own type; a text that is said to be a number becomes one.
        :returns: the number of this value, above 0.
        """
        tag = tag_of(key, value, type_)

        def write(writing: Writing) -> int:
            record_id = writing.pin_of(self).record_id
            content, tag_id = add_tag(writing.tx, writing.rules, record_id, tag)
            writing.move(self, record_id, content.number)
            return tag_id

        return self._write(write, session)

    def tags_as_dict(self, session: Session | None = None) -> dict[str, Any]:
        """Return the tags of this version; of a key with several values, a list of them."""
        told: dict[str, Any] = {}
        for key, found in self.get_tag_values(session).items():
            told[key] = found[0].value if len(found) == 1 else [one.value for one in found]
        return told

    def get_tag_values(self, session: Session | None = None) -> dict[str, list[BraidTagValue]]:
        """Return all values of each tag of this version, with their types, in order."""
        found: dict[str, list[BraidTagValue]] = {}
        rows = self._read(lambda tx, pin: values_of_tags(tx, *pin, as_of=self.as_of), session)
        for key, kind, text in rows:
            found.setdefault(key, []).append(value_of(kind, text))
        return found

    def __repr__(self) -> str:
        return text_of(type(self).__name__, self.pin, self._name(), self.as_of)

    def _repr_html_(self) -> str:
        """Show it as a small table in a notebook; what waits in a session is not written for it."""
        return html_of(type(self).__name__, self._name(), self._view() if self.pin else None)

    @property
    def reference(self) -> Reference:
        """What means exactly this version, for use cases."""
        self._id()
        return self.pinned.reference


class BraidFact(BraidRecord):
    """What is given: a configuration, software, literature, a physical parameter, a method."""

    kind_when_new = Kind.FACT


class BraidData(BraidRecord):
    """What is produced or collected: scans, outputs of simulations, files."""

    kind_when_new = Kind.DATA


class BraidModel(BraidRecord):
    """What is trained, fitted or refined; its states are its versions."""

    kind_when_new = Kind.MODEL

    def data(
        self,
        *,
        as_of: datetime | None = None,
        limit: int | None = None,
        session: Session | None = None,
    ) -> list[BraidRecord]:
        """Return the data and facts that this version was made from, nearest first.

        By data, as a recall goes: what a flow only did earlier did not train the model.
        """
        return self.ancestors(
            kinds=(Kind.DATA, Kind.FACT), as_of=as_of, by_data=True, limit=limit, session=session
        )


class BraidStatement(BraidRecord):
    """What a model or analysis asserts: an inference, a decision, a verdict."""

    kind_when_new = Kind.STATEMENT


Stored.classes = {
    Kind.FACT: BraidFact,
    Kind.DATA: BraidData,
    Kind.MODEL: BraidModel,
    Kind.STATEMENT: BraidStatement,
    Kind.STEP: BraidRecord,
}
