"""Versions of a record: another description, another content, an old one again; and their history.

An edit or a restore is a new version of a content that is there: it adds nothing to the lineage.
An update is a new content, which came from the one that it was based on unless it corrects it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from braid_db.identity import IdentityRules
from braid_db.model import NO_RUN, Reference, Role, RunContext
from braid_db.records.contents import Content, Contents, Entity
from braid_db.records.described import (
    NO_CHANGE,
    Change,
    changed,
    description_at,
    identify,
    write_description,
)
from braid_db.records.errors import VersionConflict
from braid_db.records.predecessors import check_origin
from braid_db.records.states import State, write_states
from braid_db.records.views import get_record, get_version_id, iso
from braid_db.store import Transaction
from braid_db.store import versions as sql
from braid_db.views import Difference, VersionView

if TYPE_CHECKING:
    from braid_db.recall.views import InvalidInput

__all__ = [
    "Change",
    "Written",
    "diff_versions",
    "edit_record",
    "list_versions",
    "restore_version",
    "update_record",
]


@dataclass(frozen=True, slots=True)
class Written:
    """The version that a call made, or found that it had nothing to change.

    :param invalid_inputs: why what it came from is invalid; then it is invalid as well.
    """

    record_id: int
    version: int
    invalid_inputs: tuple[InvalidInput, ...] = ()


def edit_record(
    tx: Transaction,
    rules: IdentityRules,
    record_id: int,
    change: Change,
    *,
    author: str | None = None,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Written:
    """Describe a record otherwise, in a new version of the same content.

    :param expected_version: refuse if the record has moved on from it.
    :returns: the new version; the current one where nothing differs.
    :raises RecordNotFound: if there is no such record.
    :raises VersionConflict: if the record has moved on.
    :raises IdentityTaken: if its first URI would be another record's.
    """
    contents, entity = _open(tx, record_id, author, reason, expected_version)
    before = description_at(tx, record_id, entity.number)
    after = changed(before, change)
    if after == before:
        return Written(record_id, entity.number)
    identify(tx, rules, entity, after.uris)
    contents.next_edit(entity, after.name)
    write_description(contents, entity, before, after)
    return Written(record_id, entity.number)


def update_record(
    tx: Transaction,
    rules: IdentityRules,
    record_id: int,
    *,
    change: Change = NO_CHANGE,
    sha256: str | None = None,
    size_bytes: int | None = None,
    states: Sequence[State] = (),
    derived_from: Sequence[Reference] = (),
    based_on: int | None = None,
    correction: bool = False,
    expected_version: int | None = None,
    author: str | None = None,
    reason: str | None = None,
    context: RunContext = NO_RUN,
) -> Written:
    """Give a data, fact, model or statement record new content, in a new version.

    Nothing was derived from new content yet, so that a model may be made from what came of its
    former self: no cycle can close.

    :param change: what else is described otherwise.
    :param states: the files that hold this state of a model.
    :param derived_from: what went into it: each in the version that is named, or the current one.
    :param based_on: the version that it revises; the current one when omitted.
    :param correction: whether it mends what it is based on instead: then it does not come from
        it, and a recall of the mistake leaves it alone.
    :param expected_version: refuse if the record has moved on from it.
    :param context: the run that it belongs to.
    :raises RecordNotFound: if a record is named that is not there.
    :raises VersionNotFound: if it has no version that is named.
    :raises VersionConflict: if the record has moved on.
    :raises NotAnOutput: if it is a step or transfer, which has one content for ever.
    :raises IdentityTaken: if its first URI would be another record's.
    """
    named = [reference.record_id for reference in derived_from]
    contents, entity = _open(tx, record_id, author, reason, expected_version, named, context)
    for reference in derived_from:
        check_origin(reference, tx.database)
    sources = [contents.of_reference(reference) for reference in derived_from]
    base = contents.of_reference(Reference(record_id, based_on))
    before = description_at(tx, record_id, entity.number)
    after = changed(before, change)
    identify(tx, rules, entity, after.uris)
    entity.name = after.name
    made = contents.next_content(entity, sha256, size_bytes)
    if not correction:
        contents.add_derivation(base, made, Role.REVISION)
    for source in sources:
        contents.add_derivation(source, made, _role_of(source))
    write_description(contents, entity, before, after)
    write_states(tx, made, states)
    used = sources if correction else [base, *sources]
    return Written(record_id, entity.number, tuple(contents.spread_invalid(used)))


def restore_version(
    tx: Transaction,
    record_id: int,
    number: int,
    *,
    author: str | None = None,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Written:
    """Make an old version current again: a new version with its content and its description.

    :returns: the new version; the current one where it is the one that is asked for.
    :raises RecordNotFound: if there is no such record.
    :raises VersionNotFound: if it has no such version.
    :raises VersionConflict: if the record has moved on from ``expected_version``.
    """
    contents, entity = _open(tx, record_id, author, reason, expected_version)
    content = contents.of_reference(Reference(record_id, number))
    if number == entity.number:
        return Written(record_id, number)
    before = description_at(tx, record_id, entity.number)
    after = description_at(tx, record_id, number)
    entity.content_id = content.content_id
    contents.next_edit(entity, after.name)
    write_description(contents, entity, before, after)
    return Written(record_id, entity.number)


def list_versions(tx: Transaction, record_id: int) -> list[VersionView]:
    """Return all versions of a record, the first one first.

    :raises RecordNotFound: if there is no such record.
    """
    get_version_id(tx, record_id)
    return [
        VersionView(
            record_id=record_id,
            version=row.number,
            content=row.content,
            name=row.name,
            author=row.author,
            reason=row.reason,
            sha256=row.sha256,
            size_bytes=row.size_bytes,
            created_at=iso(row.created_at),
            valid=not row.is_invalid,
        )
        for row in (sql.HistoryRow(*found) for found in tx.rows(sql.HISTORY, record_id))
    ]


def diff_versions(tx: Transaction, record_id: int, from_: int, to: int) -> Difference:
    """Return what one version says otherwise than another.

    :raises RecordNotFound: if there is no such record.
    :raises VersionNotFound: if it has no such version.
    """
    before, after = (get_record(tx, record_id, number) for number in (from_, to))
    contents = {one.version: one.content for one in list_versions(tx, record_id)}
    keys = sorted({*before.tags, *after.tags})
    return Difference(
        record_id=record_id,
        from_version=from_,
        to_version=to,
        same_content=contents[from_] == contents[to],
        name=_pair(before.name, after.name),
        sha256=_pair(before.sha256, after.sha256),
        size_bytes=_pair(before.size_bytes, after.size_bytes),
        tags={
            key: (before.tags.get(key), after.tags.get(key))
            for key in keys
            if (key in before.tags, before.tags.get(key))
            != (key in after.tags, after.tags.get(key))
        },
        removed_uris=tuple(uri for uri in before.uris if uri not in after.uris),
        added_uris=tuple(uri for uri in after.uris if uri not in before.uris),
    )


def _pair(before: object, after: object) -> tuple[object, object] | None:
    return None if before == after else (before, after)


def _open(
    tx: Transaction,
    record_id: int,
    author: str | None,
    reason: str | None,
    expected_version: int | None,
    named: Sequence[int] = (),
    context: RunContext = NO_RUN,
) -> tuple[Contents, Entity]:
    """Lock and read a record that is to have another version, and others that it comes from."""
    ids = {record_id, *named}
    who = context._replace(started_by=author or context.started_by)
    contents = Contents(tx, who, reason=reason)
    tx.lock_records(sorted(ids))
    contents.ask(ids)()
    entity = contents.get(record_id)
    if expected_version not in (None, entity.number):
        raise VersionConflict(record_id, expected_version, entity.number)
    return contents, entity


def _role_of(source: Content) -> Role:
    return Role.GENERATED if source.entity.kind.is_activity else Role.DERIVED
