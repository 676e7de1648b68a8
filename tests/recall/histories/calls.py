"""Tells a history to a database, each happening by its use case."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from braid_db.errors import BraidError
from braid_db.identity import IdentityRules
from braid_db.model import (
    NO_REFERENCES,
    NO_RUN,
    Definition,
    Kind,
    Reference,
    References,
    Role,
    Tag,
    Times,
)
from braid_db.model import RunContext as Run
from braid_db.recall.actions import ActionToCreate, ActionType, create_action, link_action
from braid_db.recall.outbox import run_due
from braid_db.recall.preview import preview
from braid_db.recall.recalls import invalidate
from braid_db.recall.reinstate import reinstate, reinstate_record
from braid_db.recall.targets import Targets
from braid_db.records.contents import Contents
from braid_db.records.described import Change
from braid_db.records.steps import StepToRecord, record_step
from braid_db.records.transfers import Item, TransferToRecord, record_transfer
from braid_db.records.versions import edit_record, restore_version, update_record
from braid_db.steps.tags import read_tag
from braid_db.store import Transaction
from tests.recall.histories.rows import mark_recalls
from tests.recall.histories.telling import COMMAND, Database, Telling, pick
from tests.recall.histories.world import (
    GRADES,
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
from tests.records.histories.rows import mark

RULES = IdentityRules()
ACTIONS = 2
BEGAN, LASTED = datetime(2026, 3, 1, tzinfo=UTC), timedelta(minutes=5)

_histories = itertools.count(1)


def tell(history: History, database: Database, prefix: str | None = None) -> Telling:
    """Tell a whole history to a database."""
    *_, telling = tell_each(history, database, prefix)
    return telling


def tell_each(history: History, database: Database, prefix: str | None = None) -> Iterator[Telling]:
    """Tell a history to a database, and yield it before its first happening and after each.

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
    yield telling
    for happening in history:
        _happen(telling, happening)
        yield telling


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


def _definition(telling: Telling, file: File) -> Definition:
    checksum = None if file.state is None else sha256(bytes([file.number, file.state])).hexdigest()
    uris = (telling.uri(file.number), *_mirrors(telling, file))
    return Definition(
        f"file {file.number}",
        uris=uris,
        sha256=checksum,
        size_bytes=1000 + file.number if file.is_sized else None,
        tags=_grades(telling, file),
    )


def _mirrors(telling: Telling, told: File | Edit) -> tuple[str, ...]:
    return () if told.mirror is None else (telling.mirror(told.mirror),)


def _grades(telling: Telling, told: File | Edit | Recall) -> tuple[Tag, ...]:
    if told.grade is None:
        return ()
    return (read_tag(telling.grade, pick(GRADES, told.grade)),)


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
        times=Times(BEGAN, BEGAN + LASTED if told.arrives else None) if told.is_timed else Times(),
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
    change = Change(
        name=f"name {len(telling.moments)}",
        tags=_grades(telling, told) or None,
        add_uris=_mirrors(telling, told),
    )
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
    """Return what is recalled: a run that nobody knows where there is nothing else to name."""
    times = sorted(version.created_at for version in telling.last.rows.versions)
    named: tuple[Reference, ...] = ()
    run = told.run
    if telling.records and (told.run, told.grade, told.uri) == (None, None, None):
        record_id = pick(telling.records, told.record)
        numbers = list(telling.last.rows.versions_of(record_id))
        version = None if told.version is None else pick(numbers, told.version)
        named = (Reference(record_id, version),)
    elif not telling.records:
        run = told.run or 0
    return Targets(
        records=named,
        tags=_grades(telling, told),
        uris=() if told.uri is None else (telling.spelled(told.uri),),
        runs=() if run is None else (telling.run_id(run),),
        all_versions=told.all_versions,
        since=pick(times, told.since) if times and told.since is not None else None,
        until=pick(times, told.until) if times and told.until is not None else None,
    )


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
