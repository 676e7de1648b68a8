"""Faults in how versions are made, and the law that each of them breaks."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import bindparam, false, update

from braid_db.model import Reference, Role
from braid_db.records import versions
from braid_db.records.contents import Content, Contents, Entity
from braid_db.records.described import Description
from braid_db.records.description import Descriptions
from braid_db.store import recording, tables
from braid_db.store import versions as sql
from braid_db.store.statements import Statement
from tests.records.changes import laws
from tests.records.changes.happenings import by_people
from tests.records.histories.faults import planting
from tests.records.histories.faults.planting import Fault, Patch

FAULTS: list[Fault] = []
breaks = partial(planting.breaks, planted=FAULTS)


def _end_none(table: Any, *takes: str) -> Statement:
    """Return a statement that ends nothing, in the place of one that ends tags or URIs."""
    given = [bindparam(name).is_not(None) for name in takes if name != "number"]
    ending = update(table).where(false(), *given).values(until=bindparam("number"))
    return Statement(ending, *takes)


@breaks(laws.every_version_reads_as_it_was_told)
def a_changed_tag_is_a_second_value(patch: Patch) -> None:
    patch.setattr(recording, "END_TAG", _end_none(tables.tag, "number", "id", "k"))


@breaks(laws.every_version_reads_as_it_was_told)
def uris_are_never_removed(patch: Patch) -> None:
    patch.setattr(sql, "END_URIS", _end_none(tables.uri, "number", "id", "place"))


@breaks(laws.every_version_reads_as_it_was_told)
def only_values_of_a_key_that_are_new_are_written(patch: Patch) -> None:
    """As if each value of a key held for itself: what is restored loses those that were ended."""
    real = Descriptions.add_tags

    def add_tags(self: Descriptions, entity: Entity, tags: Any) -> None:
        real(self, entity, {tag.key: tag for tag in tags}.values())

    patch.setattr(Descriptions, "add_tags", add_tags)


@breaks(laws.every_version_reads_as_it_was_told)
def what_a_step_adds_is_told_of_all_versions(patch: Patch) -> None:
    real = Descriptions.add_uris

    def add_uris(self: Descriptions, entity: Entity, *given: Any) -> None:
        number, entity.number = entity.number, 1
        real(self, entity, *given)
        entity.number = number

    patch.setattr(Descriptions, "add_uris", add_uris)


@breaks(laws.people_change_no_version_that_is_there)
def an_edit_renames_the_version_that_is_there(patch: Patch) -> None:
    real = Contents.next_edit

    def next_edit(self: Contents, entity: Entity, name: str) -> None:
        [[version_id]] = self.tx.rows(
            Statement(
                tables.version.select()
                .with_only_columns(tables.version.c.version_id)
                .where(
                    tables.version.c.record_id == bindparam("id"),
                    tables.version.c.number == bindparam("n"),
                ),
                "id",
                "n",
            ),
            entity.record_id,
            entity.number,
        )
        self.tx.write(recording.RENAME_VERSION, [(name, version_id)])
        real(self, entity, name)

    patch.setattr(Contents, "next_edit", next_edit)


@breaks(laws.a_restored_version_reads_as_the_old_one_did, among=(by_people,))
def a_restore_keeps_the_new_content(patch: Patch) -> None:
    def of_reference(self: Contents, reference: Reference) -> Content:
        return self.current(self.get(reference.record_id))

    patch.setattr(Contents, "of_reference", of_reference)


@breaks(laws.a_restored_version_reads_as_the_old_one_did, among=(by_people,))
def a_restore_describes_nothing(patch: Patch) -> None:
    real = versions.restore_version

    def restore_version(*given: Any) -> versions.Written:
        with Patch.context() as inner:
            inner.setattr(versions, "write_description", lambda *_: None)
            return real(*given)

    patch.setattr(versions, "restore_version", restore_version)


@breaks(laws.only_new_content_has_origins)
def an_edit_and_a_restore_come_from_the_version_before(patch: Patch) -> None:
    def next_edit(self: Contents, entity: Entity, name: str) -> None:
        before = self.current(entity)
        entity.name = name
        self.add_derivation(before, self.next_content(entity), Role.REVISION)

    patch.setattr(Contents, "next_edit", next_edit)


def _updating(patch: Patch, **always: Any) -> None:
    real: Any = versions.update_record
    patch.setattr(versions, "update_record", lambda *given, **told: real(*given, **(told | always)))


@breaks(laws.only_new_content_has_origins)
def a_correction_comes_from_the_mistake(patch: Patch) -> None:
    _updating(patch, correction=False)


@breaks(laws.only_new_content_has_origins)
def an_update_comes_from_nothing(patch: Patch) -> None:
    _updating(patch, correction=True)


@breaks(laws.only_new_content_has_origins, among=(by_people,))
def an_update_revises_the_current_version_whatever_was_named(patch: Patch) -> None:
    _updating(patch, based_on=None)


@breaks(laws.only_new_content_has_origins)
def what_went_into_an_update_is_forgotten(patch: Patch) -> None:
    _updating(patch, derived_from=())


@breaks(laws.nothing_descends_from_itself)
def an_update_keeps_the_content(patch: Patch) -> None:
    def next_content(self: Contents, entity: Entity, *known: Any) -> Content:
        self.next_edit(entity, entity.name)
        return self.current(entity)

    patch.setattr(Contents, "next_content", next_content)


@breaks(laws.a_version_is_made_only_of_what_differs)
def a_change_that_changes_nothing_is_a_version(patch: Patch) -> None:
    patch.setattr(Description, "__eq__", lambda *_: False)
