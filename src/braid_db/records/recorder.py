"""One recording: makes the records that a call names, and finds those that are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from braid_db.identity import IdentityRules, digest, folders_above
from braid_db.model import UNKNOWN_TIMES, Definition, Kind, Role, RunContext, Times
from braid_db.records.contents import UNNAMED, Content, Contents, Entity
from braid_db.records.description import Descriptions
from braid_db.records.late import NOT_LATE, Late
from braid_db.store import Transaction, tables
from braid_db.store import recording as sql
from braid_db.uuid7 import uuid7


class Recorder:
    """Makes and finds the records of one call, within its transaction.

    The order of its locks is the same in every call: the run, identities by digest, records by
    id. So no two calls wait for each other in a circle.
    """

    def __init__(self, tx: Transaction, rules: IdentityRules, context: RunContext) -> None:
        self.tx = tx
        self.rules = rules
        self.context = context
        self.contents = Contents(tx, context)
        self.descriptions = Descriptions(self.contents, rules)
        self._identities: dict[str, int] = {}
        self._first_seen: list[tuple[Content, Definition]] = []
        self._slots: dict[str | int, tuple[Any, ...]] = {}

    def prepare(
        self,
        definitions: Sequence[Definition],
        *,
        inputs: Sequence[Definition] = (),
        changed: Iterable[int] = (),
        named: Iterable[int] = (),
        late: Late = NOT_LATE,
    ) -> None:
        """Find all that a call names, lock what it may change and read it, in few round trips.

        :param definitions: what the call defines; new records get their ids in this order.
        :param inputs: those of them that are read, and so may come from folders that are known.
        :param changed: ids of other records that the call reads as data or writes.
        :param named: ids of steps that came before.
        :param late: what its run tells of an activity that is told late.
        """
        self._begin_run()
        identities = list(filter(None, map(self.identity_of, definitions)))
        self._find(identities)
        take_slots = self._ask_slots(definitions)
        if any(uri not in self._identities for uri in identities):
            take_slots()
            self._claim(identities)
            self._find(self._folders_above(inputs))
        taken = {slot[0] for slot in self._slots.values()}
        locked = {*changed, *self._identities.values()} - taken
        self.tx.lock_records(sorted(locked))
        take_records = self.contents.ask(locked.union(named))
        take_slots()
        take_records()
        self.contents.late = late.by_record(self._identities)
        self._leave_alone(named)

    def _leave_alone(self, named: Iterable[int]) -> None:
        """Keep all others out where data is named as the step before, as it was not locked.

        Another call could make it out of what this call makes of it.
        """
        before = [self.contents.entities.get(record_id) for record_id in named]
        if any(entity is not None and not entity.kind.is_activity for entity in before):
            self.tx.need_to_be_alone()

    def identity_of(self, definition: Definition) -> str | None:
        """Return the canonical URI that identifies what is defined; None where nothing does."""
        if not definition.uris or definition.kind is Kind.STEP:
            return None
        return self.rules.canonical(definition.uris[0], definition.host)

    def find(self, definition: Definition) -> Entity | None:
        """Return the record that a definition means, if it is there by now."""
        canonical = self.identity_of(definition)
        record_id = None if canonical is None else self._identities.get(canonical)
        return None if record_id is None else self.contents.entities.get(record_id)

    def use(self, definition: Definition) -> Content:
        """Return the content that a definition among the inputs means; make it where it is new."""
        entity = self.find(definition)
        if entity is None:
            content = self.make(definition)
            self._first_seen.append((content, definition))
            return content
        content = self.contents.of_input(entity, definition)
        self.descriptions.tell(content, definition, may_edit=False)
        return content

    def generate(self, definition: Definition, maker: Content) -> Content:
        """Return the content that a step or transfer made of what a definition names."""
        entity = self.find(definition)
        if entity is None:
            return self.contents.of_output(self.make(definition).entity, definition, maker)
        content = self.contents.of_output(entity, definition, maker)
        self.descriptions.tell(content, definition, may_edit=True)
        return content

    def make(self, definition: Definition, times: Times = UNKNOWN_TIMES) -> Content:
        """Write a new record with its first version, tags and URIs."""
        record_id, version_id = self._slots[self._slot_of(definition)]
        kind = definition.kind or Kind.DATA
        name = UNNAMED if definition.name is None else definition.name
        known = (definition.sha256, definition.size_bytes)
        entity = Entity(record_id, kind, 1, version_id, name, *known)
        self.tx.write(sql.ADD_RECORD, [self._row(entity)])
        content = self.contents.add(entity, times)
        self.descriptions.add_tags(entity, definition.tags)
        self.descriptions.add_uris(entity, definition.uris)
        return content

    def _row(self, entity: Entity) -> Sequence[object]:
        return (
            entity.record_id,
            uuid7(),
            self.tx.database,
            entity.kind.value,
            self.context.run_id,
            entity.content_id,
            self.context.started_by,
            self.tx.now,
        )

    def _begin_run(self) -> None:
        """Make the run known that the call belongs to."""
        run = self.context
        if run.run_id is not None:
            self.tx.write(sql.ADD_RUN, [(run.run_id, run.flow_id, run.started_by, self.tx.now)])

    def _find(self, identities: Iterable[str]) -> None:
        """Look up identities that were not found yet."""
        wanted = [uri for uri in dict.fromkeys(identities) if uri not in self._identities]
        found = self.tx.each(sql.FIND_IDENTITY, [(digest(uri),) for uri in wanted])
        for uri, rows in zip(wanted, found, strict=True):
            if rows:
                self._identities[uri] = rows[0][0]

    def _slot_of(self, definition: Definition) -> str | int:
        """Return the key of the ids that a new record of this definition has."""
        return self.identity_of(definition) or id(definition)

    def _ask_slots(self, definitions: Sequence[Definition]) -> Callable[[], None]:
        """Ask for the ids of the records that are new, in order; they come when called."""
        keys = dict.fromkeys(map(self._slot_of, definitions))
        new = [key for key in keys if key not in self._identities]
        ids = self.tx.ask_ids((tables.record, tables.version), len(new))

        def take() -> None:
            if not self._slots:
                self._slots.update(zip(new, ids(), strict=True))

        return take

    def _claim(self, identities: Iterable[str]) -> None:
        """Claim the identities that nobody has, in digest order.

        Where another call claims one at the same moment, its record is the one that is meant.
        """
        new = sorted({uri for uri in identities if uri not in self._identities}, key=digest)
        rows = [(digest(uri), self._slots[uri][0], uri) for uri in new]
        claimed = self.tx.each(sql.CLAIM_IDENTITY, rows)
        for uri, answer in zip(new, claimed, strict=True):
            if answer:
                self._identities[uri] = self._slots[uri][0]
        self._find(new)

    def _folders_above(self, inputs: Iterable[Definition]) -> list[str]:
        """Return the folders that those inputs lie in which were never seen before."""
        return [folder for uri in self._new(inputs) for folder in folders_above(uri)]

    def _new(self, definitions: Iterable[Definition]) -> list[str]:
        identities = filter(None, map(self.identity_of, definitions))
        return [
            uri
            for uri in identities
            if uri in self._slots and self._slots[uri][0] == self._identities.get(uri)
        ]

    def derive_from_folders(self) -> None:
        """Derive the inputs that are first seen from folders, once all inputs are there."""
        for content, definition in self._first_seen:
            self._derive_from_folder(content, definition)
        self._first_seen.clear()

    def _derive_from_folder(self, content: Content, definition: Definition) -> None:
        """Derive a file that is first seen from the nearest folder above it that is known."""
        canonical = self.identity_of(definition)
        for folder in folders_above(canonical or ""):
            record_id = self._identities.get(folder)
            entity = None if record_id is None else self.contents.entities.get(record_id)
            if entity is not None and entity is not content.entity:
                known = self.contents.current(entity)
                self.contents.add_derivation(known, content, Role.DERIVED)
                return
