"""Recording a Globus Transfer task: which files it read, and which came from which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from braid_db.errors import InvalidArgument
from braid_db.identity import IdentityRules
from braid_db.model import (
    NO_REFERENCES,
    NO_RUN,
    UNKNOWN_TIMES,
    Definition,
    Kind,
    References,
    Role,
    RunContext,
    Times,
)
from braid_db.records.contents import Content, Entity
from braid_db.records.late import NOT_LATE, Late
from braid_db.records.predecessors import Predecessors, ids_of
from braid_db.records.receipts import Result
from braid_db.records.recorder import Recorder
from braid_db.records.steps import result_of
from braid_db.store import Transaction
from braid_db.store import recording as sql


@dataclass(frozen=True, slots=True)
class Item:
    """One file or folder of a transfer.

    :param is_folder: whether it stands for all the files under it.
    """

    source: Definition
    destination: Definition
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class TransferToRecord:
    """What a call tells of one transfer task.

    :param task: the task's own definition; its URI identifies it.
    :param generates: whether files arrived; those of a failed task did not.
    :param is_over: whether the task has ended; a document from before does not change what is
        known of it.
    :param others: what the request for it was made of, beside its files.
    :param late: what its run tells of it, where it is told late.
    """

    task: Definition
    items: tuple[Item, ...] = ()
    generates: bool = True
    is_over: bool = True
    context: RunContext = NO_RUN
    times: Times = UNKNOWN_TIMES
    previous: References = NO_REFERENCES
    previous_in_run: bool = False
    others: References = NO_REFERENCES
    mark_missing: bool = False
    late: Late = NOT_LATE


def record_transfer(tx: Transaction, rules: IdentityRules, told: TransferToRecord) -> Result:
    """Record one transfer task whole; a task that is known already is completed.

    :returns: the ids that the flow hands on, and which versions they mean.
    :raises BraidError: if anything that is told cannot be recorded; nothing is written then.
    """
    recorder = Recorder(tx, rules, told.context)
    earlier = Predecessors(recorder, mark=told.mark_missing)
    earlier.read(told.previous, told.others)
    before = earlier.previous(told.previous, told.context, latest=told.previous_in_run)
    sources = [item.source for item in told.items]
    destinations = [item.destination for item in told.items] if told.generates else []
    if any(item.is_folder for item in told.items):
        # A file under it that is recorded at this moment would be seen by neither side.
        tx.need_to_be_alone()
    within = [files_under(recorder, item) for item in told.items]
    recorder.prepare(
        (*sources, *destinations, told.task),
        inputs=sources,
        changed={record_id for files in within for record_id in files}.union(ids_of(told.others)),
        named=ids_of(before),
        late=told.late,
    )
    transfer = Transfer(recorder, told)
    followed = earlier.contents(before)
    transfer.follow(followed)
    others = earlier.contents(told.others)
    transfer.depend(others)
    read = [transfer.read(item, files) for item, files in zip(told.items, within, strict=True)]
    recorder.derive_from_folders()
    written = [
        transfer.write(source, item.destination)
        for source, item in zip(read, told.items, strict=True)
        if told.generates
    ]
    transfer.finish(earlier)
    invalid = recorder.contents.spread_invalid([*others, *read], followed)
    return result_of(tx, transfer.task, read, written, earlier.missing, invalid)


def files_under(recorder: Recorder, item: Item) -> list[int]:
    """Return the ids of the records that lie under a folder that is transferred."""
    folder = recorder.identity_of(item.source) if item.is_folder else None
    if folder is None:
        return []
    prefix = f"{folder}/"
    low = prefix[: sql.INDEXED_CHARACTERS]
    rows = recorder.tx.rows(sql.FIND_UNDER, low, f"{low}\U0010ffff", len(prefix), prefix)
    return [record_id for (record_id,) in rows]


class Transfer:
    """One transfer task while it is being recorded."""

    def __init__(self, recorder: Recorder, told: TransferToRecord) -> None:
        self.recorder = recorder
        self.contents = recorder.contents
        self.told = told
        known = recorder.find(told.task)
        if known is not None and known.kind is not Kind.TRANSFER:
            found = f"of a task whose page is recorded as {known.kind} record {known.record_id}"
            raise InvalidArgument("transfer_result", found, "a task that is no other record")
        self.was_known = known is not None
        self.task = self._complete(known) if known else recorder.make(told.task, told.times)

    def _complete(self, known: Entity) -> Content:
        """Write what is told of a task that was recorded before."""
        task = self.contents.current(known)
        if self.told.is_over:
            self.recorder.descriptions.tell(task, self.told.task, may_edit=True)
        self.contents.fill_in_times(task, self.told.times)
        return task

    def follow(self, before: Sequence[Content]) -> None:
        """Add the steps that the transfer came after.

        By now the run's latest step may be this task itself, or one that came after it: a task
        that was known has its previous step already, unless another is named.
        """
        if self.was_known and not self.told.previous.found:
            return
        for content in before:
            self.contents.derive(content, self.task, Role.FOLLOWED)

    def depend(self, others: Sequence[Content]) -> None:
        """Add what the transfer was made of: a step's data inform it, others are used."""
        for content in others:
            role = Role.INFORMED if content.entity.kind.is_activity else Role.USED
            self.contents.derive(content, self.task, role)

    def read(self, item: Item, files: Sequence[int]) -> Content:
        """Return the content that was transferred, with the files that it stands for."""
        source = self._linked(item.source, sql.FIND_PREDECESSOR, Role.TRANSFERRED)
        if source is None:
            source = self._gather(self.recorder.use(self._told(item.source)), files)
            self.contents.derive(source, self.task, Role.TRANSFERRED)
        return source

    def _gather(self, folder: Content, files: Sequence[int]) -> Content:
        """Return the content of a folder that is made of the files under it, as they are now.

        A content that was sent before, or that files were first seen in, keeps what it came
        from: what is new since then is part of the folder's next content.
        """
        entities = [self.contents.get(record_id) for record_id in files]
        parts = [
            self.contents.current(entity) for entity in entities if not entity.kind.is_activity
        ]
        ends = [(folder.content_id, part.content_id, Role.DERIVED.value) for part in parts]
        if all(self.recorder.tx.each(sql.HAS_DERIVATION, ends)):
            return folder
        if self.contents.has_descendants(folder):
            folder = self.contents.next_content(folder.entity)
        for part in parts:
            self.contents.add_derivation(part, folder, Role.DERIVED)
        return folder

    def write(self, source: Content, destination: Definition) -> Content:
        """Return what arrived: made by the task, and derived from its own source alone."""
        arrived = self._linked(destination, sql.FIND_DERIVED, Role.GENERATED)
        if arrived is None:
            arrived = self.recorder.generate(self._told(destination), self.task)
        derived = self.contents.derive(source, arrived, Role.DERIVED)
        if derived is not arrived:
            self.contents.add_derivation(self.task, derived, Role.GENERATED)
        return derived

    def _told(self, definition: Definition) -> Definition:
        """Return what is told of a file; one that is known keeps the name that it has."""
        return (
            definition if self.recorder.find(definition) is None else definition._replace(name=None)
        )

    def _linked(self, definition: Definition, find: sql.Statement, role: Role) -> Content | None:
        """Return the content that an earlier recording of this task meant, if there was one."""
        entity = self.recorder.find(definition) if self.was_known else None
        if entity is None:
            return None
        row = self.recorder.tx.first(find, self.task.content_id, role.value, entity.record_id)
        return None if row is None else self.contents.known(entity, row)

    def finish(self, earlier: Predecessors) -> None:
        """Keep with the task what differed and what was missing."""
        tags = [*self.recorder.descriptions.differing, *earlier.tags()]
        self.recorder.descriptions.add_new_tags(self.task.entity, tags)
