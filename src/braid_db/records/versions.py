"""Versions of a record: another description, another content, an old one again; and their history.

An edit or a restore is a new version of a content that is there: it adds nothing to the lineage.
An update is a new content, which came from the one that it was based on unless it corrects it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from braid_db.identity import IdentityRules
from braid_db.model import NO_RUN, Reference, Role, RunContext, Tag
from braid_db.records.contents import Content, Contents, Entity
from braid_db.records.described import (
    NO_CHANGE,
    Change,
    changed,
    content_id_at,
    description_at,
    identify,
    write_description,
)
from braid_db.records.errors import HasOneContent, VersionConflict
from braid_db.records.predecessors import check_origin
from braid_db.records.states import state_files, write_states
from braid_db.records.views import get_record, get_version_id, iso, tag_value
from braid_db.store import Transaction
from braid_db.store import versions as sql
from braid_db.views import Difference, StateFile, VersionView

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

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Written:
    """The version that a call made, or found that it had nothing to change.

    :param is_new: whether the call made it.
    :param invalid_inputs: why what it came from is invalid; then it is invalid as well.
    """

    record_id: int
    version: int
    is_new: bool = True
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
    whose = RunContext(started_by=author)
    contents, entity = _open(tx, record_id, whose, reason, expected_version)
    before = description_at(tx, record_id, entity.number)
    after = changed(before, change)
    if after == before:
        return Written(record_id, entity.number, is_new=False)
    identify(tx, rules, entity, before, after)
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
    states: Sequence[StateFile] = (),
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
    :raises HasOneContent: if it is a step or transfer.
    :raises NotAModel: if states are told of what is none.
    :raises IdentityTaken: if its first URI would be another record's.
    """
    for reference in derived_from:
        check_origin(reference, tx.database)
    whose = context._replace(started_by=author or context.started_by)
    base = Reference(record_id, based_on)
    contents, entity = _open(tx, record_id, whose, reason, expected_version, (base, *derived_from))
    if entity.kind.is_activity:
        raise HasOneContent(record_id, entity.kind)
    sources = [contents.of_reference(reference) for reference in derived_from]
    revised = contents.of_reference(base)
    before = description_at(tx, record_id, entity.number)
    after = changed(before, change)
    identify(tx, rules, entity, before, after)
    entity.name = after.name
    made = contents.next_content(entity, sha256, size_bytes)
    if not correction:
        contents.add_derivation(revised, made, Role.REVISION)
    for source in sources:
        contents.add_derivation(source, made, _role_of(source))
    write_description(contents, entity, before, after)
    write_states(tx, made, states)
    used = sources if correction else [revised, *sources]
    invalid_inputs = tuple(contents.spread_invalid(used))
    return Written(record_id, entity.number, invalid_inputs=invalid_inputs)


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

    :returns: the new version; the current one where it reads as the old one did.
    :raises RecordNotFound: if there is no such record.
    :raises VersionNotFound: if it has no such version.
    :raises VersionConflict: if the record has moved on from ``expected_version``.
    """
    whose, old = RunContext(started_by=author), Reference(record_id, number)
    contents, entity = _open(tx, record_id, whose, reason, expected_version, [old])
    content = contents.of_reference(old)
    before = description_at(tx, record_id, entity.number)
    after = description_at(tx, record_id, number)
    if content.is_current and after == before:
        return Written(record_id, entity.number, is_new=False)
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


def diff_versions(
    tx: Transaction, record_id: int, from_: int | None = None, to: int | None = None
) -> Difference:
    """Return what one version says otherwise than another.

    :param from_: the one before ``to`` when omitted.
    :param to: the current one when omitted.
    :raises RecordNotFound: if there is no such record.
    :raises VersionNotFound: if it has no such version.
    """
    after = get_record(tx, record_id, to)
    before = get_record(tx, record_id, max(1, after.version - 1) if from_ is None else from_)
    contents = [content_id_at(tx, record_id, one.version) for one in (before, after)]
    return Difference(
        record_id=record_id,
        from_version=before.version,
        to_version=after.version,
        same_content=contents[0] == contents[1],
        name=_pair(before.name, after.name),
        sha256=_pair(before.sha256, after.sha256),
        size_bytes=_pair(before.size_bytes, after.size_bytes),
        uris=_pair(before.uris, after.uris),
        files=_pair(state_files(tx, before), state_files(tx, after)),
        tags=_tags_that_differ(
            *(description_at(tx, record_id, one.version).tags for one in (before, after))
        ),
    )


def _tags_that_differ(
    before: Mapping[str, tuple[Tag, ...]], after: Mapping[str, tuple[Tag, ...]]
) -> dict[str, tuple[tuple[object, ...], tuple[object, ...]]]:
    """Return what keys differ in, by value and type: 1, 1.0 and true are three values."""
    return {
        key: (_values(before.get(key, ())), _values(after.get(key, ())))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    }


def _values(tags: Iterable[Tag]) -> tuple[object, ...]:
    return tuple(tag_value(tag.type, tag.text) for tag in tags)


def _pair(before: T, after: T) -> tuple[T, T] | None:
    return None if before == after else (before, after)


def _open(
    tx: Transaction,
    record_id: int,
    context: RunContext,
    reason: str | None,
    expected_version: int | None,
    sources: Sequence[Reference] = (),
) -> tuple[Contents, Entity]:
    """Lock and read a record that is to have another version, and others that it comes from.

    An identity is claimed after that, though recordings claim theirs before: only one that is
    new to a record can be waited for in a circle, and such a call is run again.
    """
    for named in (Reference(record_id), *sources):
        get_version_id(tx, named.record_id, named.version)  # Refuses what is not there.
    ids = {record_id, *(source.record_id for source in sources)}
    contents = Contents(tx, context, reason=reason)
    tx.lock_records(sorted(ids))
    contents.ask(ids)()
    entity = contents.get(record_id)
    if expected_version not in (None, entity.number):
        raise VersionConflict(record_id, expected_version, entity.number)
    return contents, entity


def _role_of(source: Content) -> Role:
    return Role.GENERATED if source.entity.kind.is_activity else Role.DERIVED
