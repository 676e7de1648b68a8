"""Tells a history to a database by the use cases, and keeps what each moment left behind."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import Connection

from braid_db.errors import BraidError
from braid_db.identity import IdentityRules
from braid_db.model import NO_REFERENCES, NO_RUN, Definition, Kind, Reference, References, Role
from braid_db.model import RunContext as Run
from braid_db.recall.actions import ActionToCreate, ActionType, create_action, link_action
from braid_db.recall.outbox import run_due
from braid_db.recall.preview import preview
from braid_db.recall.recalls import invalidate
from braid_db.recall.reinstate import reinstate, reinstate_record
from braid_db.recall.targets import Targets
from braid_db.recall.views import Preview
from braid_db.records.contents import Contents
from braid_db.records.described import Change
from braid_db.records.steps import StepToRecord, record_step
from braid_db.records.transfers import Item, TransferToRecord, record_transfer
from braid_db.records.versions import edit_record, list_versions, restore_version, update_record
from braid_db.settings import Settings
from braid_db.store import Store, Transaction
from braid_db.store.connecting import make_engine
from tests.recall.histories.rows import Recalled, RecallMark, mark_recalls, read_recalled
from tests.recall.histories.world import (
    Derivation,
    Edit,
    File,
    Happening,
    History,
    Link,
    Recall,
    Reinstate,
    Restore,
    RunActions,
    Step,
    Transfer,
    Update,
)
from tests.records.histories.rows import Mark, Rows, mark, read_rows

RULES = IdentityRules()
COMMAND = shutil.which("true") or ""
ACTIONS = 2

T = TypeVar("T")
_histories = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """A database that histories are told to, one after the other, each under its own folder."""

    store: Store
    connection: Connection
    settings: Settings


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Let histories be told to a database that is made now."""
    store = Store(url)
    store.read(lambda tx: None)
    settings = Settings(url, allowed_commands=(COMMAND,))
    with make_engine(url).connect() as connection:
        yield Database(store, connection, settings)
    store.close()


@dataclass(frozen=True)
class Moment:
    """What a happening left behind.

    :ivar answer: what its use case answered; None where there was nothing to do.
    :ivar refused: why it was refused.
    :ivar preview: what was foreseen, of a recall.
    :ivar shown: whether each version is shown as valid, by record and number.
    """

    happening: Happening | None
    answer: Any
    refused: BraidError | None
    preview: Preview | None
    rows: Rows
    recalled: Recalled
    shown: dict[tuple[int, int], bool]


@dataclass
class Telling:
    """A history as it was told.

    :ivar moments: the first is before the first happening.
    :ivar listed: what results named: pairs of a record's id and a version's number.
    """

    database: Database
    prefix: str
    since: tuple[Mark, RecallMark]
    actions: list[str]
    moments: list[Moment] = field(default_factory=list)
    listed: list[tuple[int, int]] = field(default_factory=list)

    @property
    def last(self) -> Moment:
        return self.moments[-1]

    @property
    def records(self) -> list[int]:
        return sorted(self.last.rows.kinds)

    @property
    def entities(self) -> list[int]:
        kinds = self.last.rows.kinds
        return [record_id for record_id in self.records if not Kind(kinds[record_id]).is_activity]

    @property
    def recalls(self) -> list[int]:
        return sorted(self.last.recalled.recalls)

    def run_id(self, number: int) -> str:
        return f"{self.prefix}-run-{number}"

    def uri(self, file: int) -> str:
        """Return the URI of a file; the files from 4 on lie in another folder."""
        return f"{self.folder(file // 4)}/{file}"

    def folder(self, number: int) -> str:
        return f"file://host/{self.prefix}/{number}"

    def keep(self, happening: Happening | None, answer: Any = None, **more: Any) -> None:
        """Keep this moment."""
        rows = read_rows(self.database.connection, self.since[0])
        moment = Moment(
            happening=happening,
            answer=answer,
            refused=more.get("refused"),
            preview=more.get("preview"),
            rows=rows,
            recalled=read_recalled(self.database.connection, self.since[1]),
            shown=self.database.store.read(lambda tx: _shown(tx, rows)),
        )
        self.moments.append(moment)


def _shown(tx: Transaction, rows: Rows) -> dict[tuple[int, int], bool]:
    return {
        (record_id, view.version): view.valid
        for record_id in rows.kinds
        for view in list_versions(tx, record_id)
    }


def tell(history: History, database: Database, prefix: str | None = None) -> Telling:
    """Tell a history to a database.

    :param prefix: the folder that all of its files lie in; one of its own when omitted.
    """
    since = mark(database.connection), mark_recalls(database.connection)
    told = ActionToCreate("follow up", ActionType.SHELL, COMMAND, ())
    actions = [
        database.store.write(lambda tx: create_action(tx, told))["invalidation_action_id"]
        for _ in range(ACTIONS)
    ]
    telling = Telling(database, prefix or f"h{next(_histories):06d}", since, actions)
    telling.keep(None)
    for happening in history:
        _happen(telling, happening)
    return telling


def tell_both(history: History, one: Database, other: Database) -> tuple[Telling, Telling]:
    """Tell the same history to two databases, with the same URIs."""
    prefix = f"h{next(_histories):06d}"
    return tell(history, one, prefix), tell(history, other, prefix)


def _happen(telling: Telling, happening: Happening) -> None:
    foreseen = None
    try:
        if isinstance(happening, Recall):
            targets = _targets(telling, happening)
            foreseen = telling.database.store.read(
                lambda tx: preview(tx, targets, follow_order=happening.follow_order)
            )
        answer = _TELL[type(happening)](telling, happening)
    except BraidError as error:
        telling.keep(happening, refused=error, preview=foreseen)
    else:
        telling.keep(happening, answer, preview=foreseen)


def pick(among: Sequence[T], number: int) -> T:
    """Return what a number stands for."""
    return among[number % len(among)]


def _definition(telling: Telling, file: File) -> Definition:
    checksum = None if file.state is None else sha256(bytes([file.number, file.state])).hexdigest()
    return Definition(f"file {file.number}", uris=(telling.uri(file.number),), sha256=checksum)


def _one(telling: Telling, number: int | None) -> References:
    if number is None or not telling.records:
        return NO_REFERENCES
    return References((Reference(pick(telling.records, number)),))


def _step(telling: Telling, told: Step) -> Any:
    pinned = [Reference(*pick(telling.listed, n)) for n in told.pinned if telling.listed]
    makes = [Reference(pick(telling.entities, n)) for n in told.makes if telling.entities]
    step = StepToRecord(
        step=Definition("step", Kind.STEP),
        context=Run(telling.run_id(told.run)),
        previous=_one(telling, told.after),
        others=_one(telling, told.beside),
        inputs=References(tuple(pinned)),
        outputs=References(tuple(makes)),
        used=tuple(_definition(telling, file) for file in told.reads),
        made=tuple(_definition(telling, file) for file in told.writes),
    )
    return _listing(telling, lambda tx: record_step(tx, RULES, step))


def _transfer(telling: Telling, told: Transfer) -> Any:
    def end(number: int, folder: int) -> Definition:
        uri = telling.folder(folder) if told.is_of_folders else telling.uri(number)
        return Definition(uris=(uri,))

    task = f"https://app.globus.org/activity/{telling.prefix}-{told.task}/overview"
    transfer = TransferToRecord(
        task=Definition("transfer", Kind.TRANSFER, (task,)),
        items=tuple(Item(end(a, 0), end(b, 1), told.is_of_folders) for a, b in told.pairs),
        generates=told.arrives,
        is_over=told.arrives,
        previous=_one(telling, told.after),
    )
    return _listing(telling, lambda tx: record_transfer(tx, RULES, transfer))


def _listing(telling: Telling, work: Callable[[Transaction], Any]) -> Any:
    """Record, and keep what the result lists."""
    result = telling.database.store.write(work)
    for side in ("input", "output"):
        versions = result[f"{side}_versions"]
        for record_id in result[f"{side}_record_ids"]:
            number = versions.get(str(record_id), 1)
            numbers = [number] if isinstance(number, int) else number
            telling.listed += [(record_id, number) for number in numbers]
    return result


def _derivation(telling: Telling, told: Derivation) -> Any:
    if not telling.entities:
        return None
    source, aim = pick(telling.records, told.predecessor), pick(telling.entities, told.derived)

    def work(tx: Transaction) -> object:
        contents = Contents(tx, NO_RUN)
        tx.lock_records([source, aim])
        contents.ask([source, aim])()
        predecessor = contents.current(contents.get(source))
        is_step = predecessor.entity.kind.is_activity
        role = Role.GENERATED if is_step else Role.DERIVED
        made = contents.derive(predecessor, contents.current(contents.get(aim)), role)
        contents.spread_invalid([predecessor])
        return (predecessor.content_id, made.content_id)

    return telling.database.store.write(work)


def _edit(telling: Telling, told: Edit) -> Any:
    if not telling.entities:
        return None
    change = Change(name=f"name {len(telling.moments)}")
    record_id = pick(telling.entities, told.record)
    return telling.database.store.write(lambda tx: edit_record(tx, RULES, record_id, change))


def _restore(telling: Telling, told: Restore) -> Any:
    if not telling.entities:
        return None
    record_id = pick(telling.entities, told.record)
    number = pick(list(telling.last.rows.versions_of(record_id)), told.version)
    return telling.database.store.write(lambda tx: restore_version(tx, record_id, number))


def _update(telling: Telling, told: Update) -> Any:
    if not telling.entities:
        return None
    record_id = pick(telling.entities, told.record)
    numbers = list(telling.last.rows.versions_of(record_id))
    return telling.database.store.write(
        lambda tx: update_record(
            tx,
            RULES,
            record_id,
            derived_from=[Reference(pick(telling.records, n)) for n in told.sources],
            based_on=None if told.based_on is None else pick(numbers, told.based_on),
            correction=told.is_correction,
        )
    )


def _link(telling: Telling, told: Link) -> Any:
    if not telling.records:
        return None
    record = Reference(pick(telling.records, told.record))
    action_id = pick(telling.actions, told.action)
    return telling.database.store.write(
        lambda tx: link_action(tx, record, action_id, Contents(tx, NO_RUN))
    )


def _targets(telling: Telling, told: Recall) -> Targets:
    if told.run is not None or not telling.records:
        return Targets(runs=(telling.run_id(told.run or 0),))
    record_id = pick(telling.records, told.record)
    if told.version is None:
        return Targets(records=(Reference(record_id),), all_versions=True)
    number = pick(list(telling.last.rows.versions_of(record_id)), told.version)
    return Targets(records=(Reference(record_id, number),))


def _recall(telling: Telling, told: Recall) -> Any:
    targets = _targets(telling, told)
    return telling.database.store.write(
        lambda tx: invalidate(tx, targets, cause="wrong", follow_order=told.follow_order)
    )


def _reinstate(telling: Telling, told: Reinstate) -> Any:
    if not telling.recalls:
        return None
    recall_id = pick(telling.recalls, told.recall)
    if not told.by_record:
        return [telling.database.store.write(lambda tx: reinstate(tx, recall_id))]
    root = telling.last.rows.by_id[telling.last.recalled.recalls[recall_id].root]
    return telling.database.store.write(
        lambda tx: reinstate_record(tx, root.record_id, version=root.number)
    )


def _run_actions(telling: Telling, told: RunActions) -> Any:
    if not telling.recalls:
        return None
    store, settings = telling.database.store, telling.database.settings
    recall_id = pick(telling.recalls, told.recall)
    return run_due(store, settings, recall_id=recall_id, limit=told.limit)


_TELL: dict[type, Callable[[Telling, Any], Any]] = {
    Step: _step,
    Transfer: _transfer,
    Derivation: _derivation,
    Edit: _edit,
    Restore: _restore,
    Update: _update,
    Link: _link,
    Recall: _recall,
    Reinstate: _reinstate,
    RunActions: _run_actions,
}
