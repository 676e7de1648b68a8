"""Which content a call means: the rules by which references and definitions are resolved.

A record's versions stand for contents. A new content comes from being written by a step, from a
checksum that shows a change, or from a derivation that would otherwise close a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from braid_db.errors import CycleRefused, NotAnOutput, RecordNotFound, VersionNotFound
from braid_db.model import UNKNOWN_TIMES, Definition, Kind, Reference, Role, RunContext, Times
from braid_db.records import late
from braid_db.store import Transaction, tables
from braid_db.store import recording as sql
from braid_db.store.statements import Row
from braid_db.uuid7 import uuid7

if TYPE_CHECKING:
    from braid_db.recall.views import InvalidInput

UNNAMED = "NoNameGiven"


@dataclass(slots=True)
class Entity:
    """A record as it is while a call goes on.

    :ivar number: the number of the current version.
    :ivar content_id: the content that the current version stands for.
    """

    record_id: int
    kind: Kind
    number: int
    content_id: int
    name: str
    sha256: str | None
    size_bytes: int | None


@dataclass(slots=True)
class Content:
    """One content of a record: a node of the lineage.

    :ivar number: the version of the record that a result names it by.
    :ivar sha256: its checksum, as far as this call knows it.
    """

    entity: Entity
    content_id: int
    number: int
    sha256: str | None = None

    @property
    def is_current(self) -> bool:
        """Whether the record's current version stands for this content."""
        return self.content_id == self.entity.content_id


class Contents:
    """The records that one call reads and writes, and the contents it means.

    :param context: the run that derivations belong to, and who is said to have made versions.
    :param reason: why versions are made, where a person says so.
    :ivar late: what its run tells of an activity that is told late.
    :ivar invalid: those of the contents that were read which a standing recall reaches.
    """

    def __init__(self, tx: Transaction, context: RunContext, *, reason: str | None = None) -> None:
        self.tx = tx
        self.context = context
        self.reason = reason
        self.entities: dict[int, Entity] = {}
        self._made: dict[int, list[Content]] = {}
        self._leaves: set[int] = set()
        self._opened: dict[int, int] = {}
        self.late = late.NOT_LATE
        self.invalid: set[int] = set()
        self._from_invalid: list[tuple[Content, Content, Role]] = []
        self._perhaps_invalid: set[int] = set()

    def ask(self, record_ids: Iterable[int]) -> Callable[[], None]:
        """Read records as they are, when called; those that are not there stay unknown."""
        wanted = sorted(set(record_ids).difference(self.entities))
        asked = self.tx.ask(sql.GET_CURRENT, [(record_id,) for record_id in wanted])

        def take() -> None:
            for rows in asked():
                for record_id, kind, *rest, is_invalid in rows:
                    entity = self.entities[record_id] = Entity(record_id, Kind(kind), *rest)
                    if is_invalid:
                        self.invalid.add(entity.content_id)

        return take

    def get(self, record_id: int) -> Entity:
        """Return a record that was loaded.

        :raises RecordNotFound: if this database does not hold it.
        """
        entity = self.entities.get(record_id)
        if entity is None:
            raise RecordNotFound(record_id)
        return entity

    def of_reference(self, reference: Reference) -> Content:
        """Return the content that a reference means: its version's, or the current one."""
        entity = self.get(reference.record_id)
        number = reference.version
        if number is None or number == entity.number:
            return self.current(entity)
        row = self.tx.first(sql.GET_VERSION, entity.record_id, number)
        if row is None:
            raise VersionNotFound(entity.record_id, number)
        content_id, is_invalid = row
        if is_invalid:
            self.invalid.add(content_id)
        return Content(entity, content_id, number)

    def current(self, entity: Entity) -> Content:
        """Return the content of a record's current version."""
        return Content(entity, entity.content_id, entity.number, entity.sha256)

    def of_input(self, entity: Entity, definition: Definition) -> Content:
        """Return the content that a definition among the inputs means.

        The newest with its checksum; else the one that the run of a late reader tells; else the
        current one, if its checksum is not known; else the file was changed by hand, which is a
        new content that nothing led to. A step or transfer has but one, and no checksum.
        """
        if entity.kind.is_activity:
            return self.current(entity)
        sha256 = definition.sha256
        if sha256 is not None and entity.sha256 != sha256:
            row = self.tx.first(sql.FIND_BY_SHA256, entity.record_id, sha256)
            if row is not None:
                return self.known(entity, row, sha256)
        read = late.find_read(self, entity, sha256)
        if read is None and sha256 is not None and entity.sha256 not in (None, sha256):
            return self.next_content(entity, sha256, definition.size_bytes)
        content = read or self.current(entity)
        self.fill_in(content, sha256, definition.size_bytes)
        return content

    def of_output(self, entity: Entity, definition: Definition, maker: Content) -> Content:
        """Return the content that a step or transfer made of a record.

        What the call made of it already, if it is named twice; else the newest with its checksum
        that no step made, because a reader may be recorded before the writer; else the one that
        only what came later is known to have read; else the current one, if nothing made or used
        it; else a new one.

        :raises NotAnOutput: if the record is a step or transfer.
        """
        if entity.kind.is_activity:
            raise NotAnOutput(entity.record_id, entity.kind)
        sha256 = definition.sha256
        already = self._made.setdefault(entity.record_id, [])
        made = _with_checksum(already, sha256) or self._unmade(entity, sha256)
        made = self.derive(maker, made, Role.GENERATED)
        self.fill_in(made, sha256, definition.size_bytes)
        already.append(made)
        late.tell_readers(self, made)
        return made

    def _unmade(self, entity: Entity, sha256: str | None) -> Content:
        """Return a content of a record that no step is known to have made."""
        if sha256 is not None:
            row = self.tx.first(sql.FIND_UNWRITTEN_BY_SHA256, entity.record_id, sha256)
            if row is not None:
                return self.known(entity, row, sha256)
        row = late.find_unmade(self, entity, sha256)
        if row is not None:
            return self.known(entity, row)
        if late.is_overwritten(self, entity):
            return self.content_before(entity, sha256)
        may_be = sha256 is None or entity.sha256 in (None, sha256)
        if may_be and not self._is_made_or_used(entity.content_id):
            return self.current(entity)
        return self.next_content(entity, sha256)

    def _is_made_or_used(self, content_id: int) -> bool:
        """Return whether a step made a content, or something was derived from it."""
        if content_id in self._leaves:
            return False
        row = self.tx.first(sql.IS_GENERATED_OR_USED, content_id)
        return row is not None and any(row)

    def known(self, entity: Entity, row: Row, sha256: str | None = None) -> Content:
        """Return a content that was found; the current one goes by the current version's number.

        :param row: its id, the number of the version that brought it, and whether it is invalid.
        """
        content_id, number, is_invalid = row
        if is_invalid:
            self.invalid.add(content_id)
        if content_id == entity.content_id:
            number = entity.number
        return Content(entity, content_id, number, sha256)

    def fill_in(self, content: Content, sha256: str | None, size_bytes: int | None) -> None:
        """Write down what was not known of a content yet."""
        entity = content.entity
        if content.is_current:
            sha256 = sha256 if entity.sha256 is None else None
            size_bytes = size_bytes if entity.size_bytes is None else None
        if sha256 is None and size_bytes is None:
            return
        self._tell_late(content, sha256=sha256, size_bytes=size_bytes)
        content.sha256 = sha256 or content.sha256
        if content.is_current:
            entity.sha256 = content.sha256
            entity.size_bytes = size_bytes if size_bytes is not None else entity.size_bytes

    def fill_in_times(self, content: Content, times: Times) -> None:
        """Write down when an activity began and ended, where that was not known yet."""
        if times != UNKNOWN_TIMES:
            self._tell_late(content, **times._asdict())

    def _tell_late(self, content: Content, **told: object) -> None:
        """Write down what was not known of a content, and that it was told only now."""
        for name in told:
            if told[name] is not None:
                self.tx.write(sql.NOTE_LATE[name], [(content.content_id, self.tx.now)])
        details = [told.get(detail.name) for detail in tables.DETAILS]
        self.tx.write(sql.FILL_IN_CONTENT, [(*details, content.content_id)])

    def add(self, entity: Entity, times: Times) -> Content:
        """Write the first version of a new record."""
        self.entities[entity.record_id] = entity
        self._leaves.add(entity.content_id)
        self._add_version(entity, entity.content_id, times)
        return self.current(entity)

    def next_content(
        self, entity: Entity, sha256: str | None = None, size_bytes: int | None = None
    ) -> Content:
        """Open the record's next version, with a new content.

        :raises NotAnOutput: if the record is a step or transfer, which has one content for ever.
        """
        if entity.kind.is_activity:
            raise NotAnOutput(entity.record_id, entity.kind)
        [version_id] = self.tx.new_ids(tables.version, 1)
        entity.number += 1
        entity.content_id = version_id
        entity.sha256, entity.size_bytes = sha256, size_bytes
        self._leaves.add(version_id)
        self._move_to(entity, version_id)
        return self.current(entity)

    def content_before(self, entity: Entity, sha256: str | None = None) -> Content:
        """Open a new content of a record that was there before the current one.

        The version after it stands for what was current, so that it stays so.
        """
        current = (entity.content_id, entity.sha256, entity.size_bytes)
        before = self.next_content(entity, sha256)
        entity.content_id, entity.sha256, entity.size_bytes = current
        [version_id] = self.tx.new_ids(tables.version, 1)
        entity.number += 1
        self._move_to(entity, version_id)
        return before

    def next_edit(self, entity: Entity, name: str) -> None:
        """Open the record's next version, which describes the same content anew.

        A version that this very call has opened is described once more instead.
        """
        opened = self._opened.get(entity.record_id)
        if opened is not None:
            entity.name = name
            self.tx.write(sql.RENAME_VERSION, [(name, opened)])
            return
        [version_id] = self.tx.new_ids(tables.version, 1)
        entity.number += 1
        entity.name = name
        self._move_to(entity, version_id)

    def _move_to(self, entity: Entity, version_id: int) -> None:
        self._opened[entity.record_id] = version_id
        self._add_version(entity, version_id, UNKNOWN_TIMES)
        self.tx.write(sql.MOVE_TO_VERSION, [(version_id, entity.record_id)])

    def _add_version(self, entity: Entity, version_id: int, times: Times) -> None:
        """Write the row of a record's current version; checksum and times go with the content."""
        is_content = version_id == entity.content_id
        row = (
            version_id,
            uuid7(),
            entity.record_id,
            entity.number,
            entity.content_id,
            entity.name,
            self.context.started_by,
            self.reason,
            entity.sha256 if is_content else None,
            entity.size_bytes if is_content else None,
            times.started_at,
            times.ended_at,
            self.tx.now,
        )
        self.tx.write(sql.ADD_VERSION, [row])

    def derive(self, predecessor: Content, derived: Content, role: Role) -> Content:
        """Add a derivation and return the content that it leads into.

        Where it would close a circle, the derived record's next version takes it.

        :raises CycleRefused: if the derived record is a step or transfer.
        """
        if self._closes_a_circle(predecessor, derived, role):
            if derived.entity.kind.is_activity:
                raise CycleRefused(derived.entity.record_id, predecessor.entity.record_id)
            derived = self.next_content(derived.entity)
        self.add_derivation(predecessor, derived, role)
        return derived

    def derive_unless_before(self, predecessor: Content, derived: Content, role: Role) -> None:
        """Add a derivation that is told late, unless it would close a circle."""
        if not self._closes_a_circle(predecessor, derived, role):
            self.add_derivation(predecessor, derived, role)

    def _closes_a_circle(self, predecessor: Content, derived: Content, role: Role) -> bool:
        """Return whether the derived content is an ancestor of its predecessor already."""
        if predecessor.content_id == derived.content_id:
            return True
        if not self.has_descendants(derived):
            return False
        ends = (derived.content_id, predecessor.content_id)
        if self.tx.first(sql.HAS_DERIVATION, *ends, role.value) is not None:
            return False
        self.tx.need_to_be_alone()
        return self.tx.first(sql.FIND_PATH, *ends) is not None

    def has_descendants(self, content: Content) -> bool:
        """Return whether anything was derived from a content."""
        if content.content_id in self._leaves:
            return False
        row = self.tx.first(sql.IS_GENERATED_OR_USED, content.content_id)
        return row is not None and bool(row[1])

    def add_derivation(self, predecessor: Content, derived: Content, role: Role) -> None:
        """Add a derivation that needs no look for a path.

        What is derived from something invalid joins its recalls by :meth:`spread_invalid`.
        """
        if self.invalid and role is not Role.TRANSFERRED:
            self._note_invalid(predecessor, derived, role)
        self._leaves.discard(predecessor.content_id)
        ends = (derived.content_id, predecessor.content_id)
        self.tx.write(sql.ADD_DERIVATION, [(*ends, role.value, self.context.run_id, self.tx.now)])

    def _note_invalid(self, predecessor: Content, derived: Content, role: Role) -> None:
        """Remember a derivation from something invalid.

        What was there before may be used at this moment by another call, which knows nothing of
        its becoming invalid: then nobody else may record.
        """
        is_invalid = predecessor.content_id in self.invalid
        if is_invalid:
            self._from_invalid.append((predecessor, derived, role))
        if is_invalid or predecessor.content_id in self._perhaps_invalid:
            self._perhaps_invalid.add(derived.content_id)
            if derived.content_id not in self._leaves:
                self.tx.need_to_be_alone()

    def spread_invalid(
        self, inputs: Sequence[Content], followed: Sequence[Content] = ()
    ) -> list[InvalidInput]:
        """Let what this call derived from something invalid join its recalls.

        Every call that adds derivations does this once, after the last of them. It costs nothing
        where all that the call read is valid.

        :param inputs: what the call used, as it named it.
        :param followed: the steps that it only came after.
        :returns: why inputs are invalid; empty if all are valid.
        """
        if not self.invalid:
            return []
        from braid_db.recall.born import spread  # Needed by no other call.

        derivations, self._from_invalid = self._from_invalid, []
        return spread(self, derivations, inputs, followed)


def _with_checksum(made: list[Content], sha256: str | None) -> Content | None:
    """Return the content among those made that may have a checksum, the latest first."""
    for content in reversed(made):
        if sha256 is None or content.sha256 == sha256:
            return content
    return next((content for content in reversed(made) if content.sha256 is None), None)
