"""The nouns of Braid-DB: kinds, roles, tags, definitions and references, as values.

=============  =====================================  ==========================================
word           W3C PROV                               meaning
=============  =====================================  ==========================================
record         ``prov:Entity`` or ``prov:Activity``   a thing or a step whose origin is kept
version        ``prov:specializationOf``              one numbered state of a record
content        the entity itself                      what a version stands for; a lineage node
derivation     ``used``, ``wasGeneratedBy``, ...      predecessor content -> derived content
predecessor    ``usedEntity``                         one step back
=============  =====================================  ==========================================
"""

from __future__ import annotations

import json
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a record is. Steps and transfers are PROV activities, all others are entities."""

    FACT = "fact"
    DATA = "data"
    MODEL = "model"
    STATEMENT = "statement"
    STEP = "step"
    TRANSFER = "transfer"

    @property
    def is_activity(self) -> bool:
        """Whether records of this kind are activities, which have one content for ever."""
        return self in (Kind.STEP, Kind.TRANSFER)


ENTITY_KINDS = tuple(kind for kind in Kind if not kind.is_activity)


class Role(StrEnum):
    """How a derived content came from its predecessor."""

    USED = "used"
    GENERATED = "generated"
    DERIVED = "derived"
    INFORMED = "informed"
    FOLLOWED = "followed"
    TRANSFERRED = "transferred"
    REVISION = "revision"


class Way(StrEnum):
    """By what a recall reaches a content, where there is more than one way by the first of these.

    Only ``order`` where nothing better is known of the step than which one came before it.
    """

    DATA = "data"
    REVISION = "revision"
    ORDER = "order"


class ActionState(StrEnum):
    """How far one run of an invalidation action has come.

    An owed run that may not start yet, as the owner did not allow its command, stays owed, and
    its output says why. An interrupted one was begun by an executor that is gone: nobody knows
    how far it came, so that only a person has it run again.
    """

    OWED = "owed"
    RUNNING = "running"
    DONE = "done"
    RETRY = "retry"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class TagType(IntEnum):
    """The type of a tag's value; the first four numbers are upstream's."""

    NONE = 0
    STRING = 1
    INTEGER = 2
    FLOAT = 3
    BOOLEAN = 4
    JSON = 5


class Tag(NamedTuple):
    """One value of a tag key, as it is kept.

    ``text`` is the value's JSON text, except that a string is kept as itself: strings then
    compare by code point, which JSON's escapes would break. ``number`` is the value as a double
    where it is a finite number that a double can hold.
    """

    key: str
    type: TagType
    text: str
    number: float | None = None

    def is_same_value(self, other: Tag) -> bool:
        """Return whether another tag has the same value: to the last digit, if both are numbers."""
        if (self.type, self.text) == (other.type, other.text) or self.number is None:
            return (self.type, self.text) == (other.type, other.text)
        if other.type not in (TagType.INTEGER, TagType.FLOAT):
            return False
        same: bool = json.loads(self.text) == json.loads(other.text)
        return same


class Definition(NamedTuple):
    """What a call says of a data, fact, model or statement record that it used or made."""

    name: str | None = None
    kind: Kind | None = None
    uris: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    sha256: str | None = None
    size_bytes: int | None = None
    host: str | None = None


class Reference(NamedTuple):
    """A record that an earlier step named.

    :param version: None where the current one is meant.
    :param database: the uid of the database that the naming result came from, where it says so.
    """

    record_id: int
    version: int | None = None
    database: str | None = None


class References(NamedTuple):
    """What the accepted forms of one reference argument name, and what could not be read.

    :param found: the records, in the order given.
    :param missing: one sentence for each part that names no record, for ``if_missing="mark"``.
    """

    found: tuple[Reference, ...] = ()
    missing: tuple[str, ...] = ()


NO_REFERENCES = References()


class RunContext(NamedTuple):
    """The flow run that a call belongs to, and who started it."""

    run_id: str | None = None
    flow_id: str | None = None
    started_by: str | None = None


NO_RUN = RunContext()


class Times(NamedTuple):
    """When the action itself began and ended, aware and in UTC, where that is known."""

    started_at: datetime | None = None
    ended_at: datetime | None = None


UNKNOWN_TIMES = Times()
