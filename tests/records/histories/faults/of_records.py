"""Faults in records, their versions and what is told of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, false, select, update
from sqlalchemy.engine import Dialect

from braid_db.identity import IdentityRules
from braid_db.model import Definition, Times
from braid_db.records.contents import Content, Contents, Entity
from braid_db.records.description import Descriptions
from braid_db.records.recorder import Recorder
from braid_db.store import recording as sql
from braid_db.store.statements import Compiled, Statement
from braid_db.store.tables import record, tag, version
from tests.records.histories import laws
from tests.records.histories.faults.planting import Patch, breaks
from tests.records.histories.strategies import LATE_WITH_CHECKSUMS

_END_NO_TAG = Statement(
    update(tag)
    .where(false(), tag.c.record_id == bindparam("id"), tag.c.key == bindparam("k"))
    .values(until=bindparam("number")),
    "number",
    "id",
    "k",
)


@breaks(laws.a_file_is_one_record_whatever_its_spelling)
def collections_are_not_folders(patch: Patch) -> None:
    patch.setattr(IdentityRules, "_in_its_folder", lambda _, normal: normal)


@breaks(laws.a_file_is_one_record_whatever_its_spelling)
def the_host_of_a_definition_is_not_read(patch: Patch) -> None:
    real = IdentityRules.canonical
    patch.setattr(IdentityRules, "canonical", lambda self, uri, host=None: real(self, uri))


@breaks(laws.a_file_is_one_record_whatever_its_spelling)
def what_has_no_uri_is_known_by_its_name(patch: Patch) -> None:
    real = Recorder.identity_of

    def identity_of(self: Recorder, definition: Definition) -> str | None:
        return real(self, definition) or (definition.name if not definition.kind else None)

    patch.setattr(Recorder, "identity_of", identity_of)


@breaks(laws.versions_count_from_one_and_the_newest_is_current)
def numbers_are_left_out(patch: Patch) -> None:
    real = Contents.next_content

    def next_content(self: Contents, entity: Entity, *known: Any) -> Content:
        entity.number += 1
        return real(self, entity, *known)

    patch.setattr(Contents, "next_content", next_content)


@breaks(laws.versions_count_from_one_and_the_newest_is_current)
def the_record_does_not_move_on(patch: Patch) -> None:
    def move_to(self: Contents, entity: Entity, version_id: int) -> None:
        self._add_version(entity, version_id, Times())

    patch.setattr(Contents, "_move_to", move_to)


@breaks(laws.an_edit_changes_the_description_of_the_same_content, among=(LATE_WITH_CHECKSUMS,))
def an_edit_repeats_the_checksum(patch: Patch) -> None:
    real = Contents.next_edit

    def next_edit(self: Contents, entity: Entity, name: str) -> None:
        real(self, entity, name)
        told = select(version.c.version_id).where(
            version.c.record_id == entity.record_id, version.c.number == entity.number
        )
        [[version_id]] = self.tx.select(told)
        self.tx.write(sql.FILL_IN_CONTENT, [("0" * 64, None, None, None, version_id)])

    patch.setattr(Contents, "next_edit", next_edit)


@breaks(laws.an_edit_changes_the_description_of_the_same_content)
def a_definition_that_changes_nothing_is_an_edit(patch: Patch) -> None:
    real = Descriptions.tell

    def tell(self: Descriptions, content: Content, said: Definition, *, may_edit: bool) -> None:
        if may_edit and content.is_current:
            self._edit(content, content.entity.name, [])
        real(self, content, said, may_edit=may_edit)

    patch.setattr(Descriptions, "tell", tell)


@breaks(laws.every_version_reads_as_it_did)
def a_new_tag_is_told_of_all_versions(patch: Patch) -> None:
    real = Descriptions.add_tags

    def add_tags(self: Descriptions, entity: Entity, tags: Any) -> None:
        number, entity.number = entity.number, 1
        real(self, entity, tags)
        entity.number = number

    patch.setattr(Descriptions, "add_tags", add_tags)


@breaks(laws.every_version_reads_as_it_did)
def a_changed_tag_ends_a_version_too_early(patch: Patch) -> None:
    early = (
        update(tag)
        .where(tag.c.record_id == bindparam("id"), tag.c.key == bindparam("k"))
        .where(tag.c.until.is_(None))
        .values(until=bindparam("number") - 1)
    )
    patch.setattr(sql, "END_TAG", Statement(early, "number", "id", "k"))


@breaks(laws.every_version_reads_as_it_did)
def a_further_uri_takes_the_first_place(patch: Patch) -> None:
    real = Descriptions.add_uris
    patch.setattr(Descriptions, "add_uris", lambda *given: real(*given[:3]))


@breaks(laws.every_version_reads_as_it_did)
def a_kind_is_what_was_told_last(patch: Patch) -> None:
    real = Descriptions.tell
    change = update(record).where(record.c.record_id == bindparam("id"))
    changing = Statement(change.values(kind=bindparam("told")), "told", "id")

    def tell(self: Descriptions, content: Content, said: Definition, *, may_edit: bool) -> None:
        real(self, content, said, may_edit=may_edit)
        if said.kind:
            self.tx.write(changing, [(said.kind.value, content.entity.record_id)])

    patch.setattr(Descriptions, "tell", tell)


@breaks(laws.what_is_told_of_a_file_can_be_read)
def a_changed_tag_is_a_second_value(patch: Patch) -> None:
    patch.setattr(sql, "END_TAG", _END_NO_TAG)


@breaks(laws.what_is_told_of_a_file_can_be_read)
def outputs_are_not_described_anew(patch: Patch) -> None:
    real = Descriptions.tell

    def tell(self: Descriptions, content: Content, said: Definition, *, may_edit: bool) -> None:
        real(self, content, said, may_edit=False)

    patch.setattr(Descriptions, "tell", tell)


@breaks(laws.what_is_told_of_a_file_can_be_read)
def further_uris_are_dropped(patch: Patch) -> None:
    patch.setattr(Descriptions, "_new_uris", lambda *_: [])


@breaks(laws.an_input_edits_nothing)
def inputs_are_described_anew(patch: Patch) -> None:
    real = Descriptions.tell

    def tell(self: Descriptions, content: Content, said: Definition, *, may_edit: bool) -> None:
        real(self, content, said, may_edit=True)

    patch.setattr(Descriptions, "tell", tell)


@breaks(laws.an_input_edits_nothing, laws.what_is_told_of_a_file_can_be_read)
def what_differs_is_not_kept(patch: Patch) -> None:
    patch.setattr(Descriptions, "_keep_on_step", lambda *_: None)


class _OnlyOnPostgresql:
    """A statement that is another one on PostgreSQL."""

    def __init__(self, real: Statement, other: Statement) -> None:
        self._real, self._other = real, other
        self.takes = real.takes

    def on(self, dialect: Dialect) -> Compiled:
        chosen = self._other if dialect.name == "postgresql" else self._real
        return chosen.on(dialect)


def postgresql_ends_no_tags(patch: Patch) -> None:
    """As if a statement meant something else on one of the databases."""
    patch.setattr(sql, "END_TAG", _OnlyOnPostgresql(sql.END_TAG, _END_NO_TAG))
