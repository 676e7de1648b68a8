"""Faults in which content a call means and names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, false, literal_column, select

from braid_db.model import Definition, Reference, Role
from braid_db.records import steps as step_rules
from braid_db.records.contents import Content, Contents, Entity
from braid_db.records.recorder import Recorder
from braid_db.store import recording as sql
from braid_db.store.statements import Statement
from braid_db.store.tables import version
from tests.records.histories import laws
from tests.records.histories.faults.planting import Patch, breaks
from tests.records.histories.strategies import (
    IN_ORDER,
    LATE_WITH_CHECKSUMS,
    REWRITTEN_AND_TOLD_LATE,
    REWRITTEN_IN_ORDER,
)


@breaks(laws.a_checksum_means_a_content_that_has_it)
def inputs_mean_the_current_content(patch: Patch) -> None:
    def of_input(self: Contents, entity: Entity, definition: Definition) -> Content:
        return self.current(entity)

    patch.setattr(Contents, "of_input", of_input)


@breaks(laws.a_checksum_means_a_content_that_has_it, among=(LATE_WITH_CHECKSUMS,))
def a_change_by_hand_is_not_seen(patch: Patch) -> None:
    real = Contents.of_input

    def of_input(self: Contents, entity: Entity, definition: Definition) -> Content:
        sha256 = definition.sha256
        if sha256 and entity.sha256 not in (None, sha256):
            row = self.tx.first(sql.FIND_BY_SHA256, entity.record_id, sha256)
            if row is None:
                return self.current(entity)
        return real(self, entity, definition)

    patch.setattr(Contents, "of_input", of_input)


@breaks(laws.a_checksum_means_a_content_that_has_it)
def a_checksum_is_not_filled_in(patch: Patch) -> None:
    patch.setattr(Contents, "fill_in", lambda *_: None)


@breaks(laws.a_checksum_means_a_content_that_has_it, among=(LATE_WITH_CHECKSUMS,))
def every_read_checksum_that_is_not_current_is_a_new_content(patch: Patch) -> None:
    patch.setattr(sql, "FIND_BY_SHA256", _newest_with_sha256(false()))


@breaks(laws.the_lineage_of_what_can_be_known_is_the_true_one, among=(LATE_WITH_CHECKSUMS,))
def a_late_writer_opens_a_new_content(patch: Patch) -> None:
    patch.setattr(sql, "FIND_UNWRITTEN_BY_SHA256", _newest_with_sha256(false()))


@breaks(laws.the_lineage_of_what_can_be_known_is_the_true_one, among=(IN_ORDER,))
def a_writer_overwrites_the_current_content(patch: Patch) -> None:
    patch.setattr(Contents, "_is_made_or_used", lambda *_: False)


@breaks(laws.the_lineage_of_what_can_be_known_is_the_true_one, among=(REWRITTEN_IN_ORDER,))
def the_oldest_of_equal_bytes_is_read(patch: Patch) -> None:
    patch.setattr(sql, "FIND_BY_SHA256", _newest_with_sha256(oldest=True))
    real = Contents.of_input

    def of_input(self: Contents, entity: Entity, definition: Definition) -> Content:
        if definition.sha256 is not None:
            row = self.tx.first(sql.FIND_BY_SHA256, entity.record_id, definition.sha256)
            if row is not None:
                return self.known(entity, row, definition.sha256)
        return real(self, entity, definition)

    patch.setattr(Contents, "of_input", of_input)


@breaks(laws.a_checksum_means_a_content_that_has_it, among=(REWRITTEN_AND_TOLD_LATE,))
def the_oldest_of_equal_bytes_is_found(patch: Patch) -> None:
    patch.setattr(sql, "FIND_BY_SHA256", _newest_with_sha256(oldest=True))


@breaks(laws.an_edit_changes_the_description_of_the_same_content)
def new_content_is_described_by_a_second_version(patch: Patch) -> None:
    real = Contents.next_edit

    def next_edit(self: Contents, entity: Entity, name: str) -> None:
        self._opened.clear()
        real(self, entity, name)

    patch.setattr(Contents, "next_edit", next_edit)


@breaks(laws.the_lineage_of_what_can_be_known_is_the_true_one, among=(IN_ORDER,))
def outputs_are_resolved_before_inputs(patch: Patch) -> None:
    real = Recorder.prepare

    def prepare(
        self: Recorder,
        definitions: Sequence[Definition],
        *,
        inputs: Sequence[Definition] = (),
        **more: Any,
    ) -> None:
        real(self, definitions, inputs=inputs, **more)
        read = set(map(self.identity_of, inputs))
        for definition in definitions[len(inputs) :]:
            entity = self.find(definition)
            if entity is not None and self.identity_of(definition) in read:
                self.contents.next_content(entity, definition.sha256)

    patch.setattr(Recorder, "prepare", prepare)


@breaks(laws.the_lineage_of_what_can_be_known_is_the_true_one, among=(LATE_WITH_CHECKSUMS,))
def an_output_that_is_listed_twice_is_made_twice(patch: Patch) -> None:
    real = Contents.of_output

    def of_output(self: Contents, *given: Any) -> Content:
        self._made.clear()
        return real(self, *given)

    patch.setattr(Contents, "of_output", of_output)


@breaks(laws.the_lineage_of_what_can_be_known_is_the_true_one)
def an_edit_is_a_new_content(patch: Patch) -> None:
    def next_edit(self: Contents, entity: Entity, name: str) -> None:
        entity.name = name
        self.next_content(entity, entity.sha256)

    patch.setattr(Contents, "next_edit", next_edit)


@breaks(laws.the_lineage_of_what_can_be_known_is_the_true_one, among=(LATE_WITH_CHECKSUMS,))
def what_is_told_late_opens_a_version_without_looking_for_a_path(patch: Patch) -> None:
    def closes(self: Contents, predecessor: Content, derived: Content, role: Role) -> bool:
        if predecessor.content_id == derived.content_id:
            return True
        row = self.tx.first(sql.IS_GENERATED_OR_USED, derived.content_id)
        return row is not None and bool(row[1])

    patch.setattr(Contents, "_closes_a_circle", closes)


@breaks(laws.a_result_names_the_contents_that_were_recorded)
def results_name_no_versions(patch: Patch) -> None:
    patch.setattr(step_rules, "versions_of", lambda _: {})


@breaks(laws.a_result_names_the_contents_that_were_recorded)
def results_name_the_newest_version(patch: Patch) -> None:
    def versions_of(contents: Iterable[Content]) -> dict[str, int]:
        numbers = {str(c.entity.record_id): c.entity.number for c in contents}
        return {record_id: number for record_id, number in numbers.items() if number != 1}

    patch.setattr(step_rules, "versions_of", versions_of)


@breaks(laws.a_result_names_the_contents_that_were_recorded)
def a_result_means_the_current_version(patch: Patch) -> None:
    def of_reference(self: Contents, reference: Reference) -> Content:
        return self.current(self.get(reference.record_id))

    patch.setattr(Contents, "of_reference", of_reference)


def _newest_with_sha256(*conditions: Any, oldest: bool = False) -> Statement:
    """Return a statement in the place of those that look for a checksum."""
    number = version.c.number
    query = select(version.c.version_id, number, literal_column("0")).where(
        version.c.record_id == bindparam("id"), version.c.sha256 == bindparam("sha256"), *conditions
    )
    return Statement(query.order_by(number if oldest else number.desc()), "id", "sha256")
