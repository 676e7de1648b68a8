"""Faults in what leads where."""

from __future__ import annotations

from braid_db.model import Kind, Role
from braid_db.records import steps as step_rules
from braid_db.records.contents import Content, Contents, Entity
from braid_db.records.recorder import Recorder
from braid_db.records.transfers import Transfer
from braid_db.store import recording as sql
from tests.records.histories import laws
from tests.records.histories.faults.planting import Patch, breaks
from tests.records.histories.strategies import (
    ANYHOW,
    IN_ORDER,
    REWRITTEN_AND_TOLD_LATE,
)


@breaks(laws.nothing_descends_from_itself, among=(REWRITTEN_AND_TOLD_LATE,))
def circles_are_not_looked_for(patch: Patch) -> None:
    patch.setattr(Contents, "_closes_a_circle", lambda *_: False)


@breaks(laws.nothing_descends_from_itself, among=(REWRITTEN_AND_TOLD_LATE,))
def only_the_shortest_circles_are_looked_for(patch: Patch) -> None:
    def closes(self: Contents, predecessor: Content, derived: Content, role: Role) -> bool:
        return predecessor.content_id == derived.content_id

    patch.setattr(Contents, "_closes_a_circle", closes)


@breaks(laws.no_derivation_is_lost, among=(REWRITTEN_AND_TOLD_LATE,))
def what_closes_a_circle_is_dropped(patch: Patch) -> None:
    def derive(self: Contents, predecessor: Content, derived: Content, role: Role) -> Content:
        if not self._closes_a_circle(predecessor, derived, role):
            self.add_derivation(predecessor, derived, role)
        return derived

    patch.setattr(Contents, "derive", derive)


@breaks(laws.no_derivation_is_lost)
def the_order_of_steps_is_dropped(patch: Patch) -> None:
    real = step_rules.add_predecessors
    patch.setattr(step_rules, "add_predecessors", lambda *given: real(*given[:2], [], given[3]))


@breaks(laws.no_derivation_is_lost, among=(ANYHOW,))
def files_do_not_come_from_their_folder(patch: Patch) -> None:
    patch.setattr(Recorder, "_derive_from_folder", lambda *_: None)


@breaks(laws.no_derivation_is_lost, among=(ANYHOW,))
def folders_are_not_made_of_their_files(patch: Patch) -> None:
    patch.setattr(Transfer, "_gather", lambda self, folder, files: folder)


@breaks(laws.activities_have_one_content_and_make_only_entities, among=(REWRITTEN_AND_TOLD_LATE,))
def a_content_is_made_again(patch: Patch) -> None:
    patch.setattr(sql, "FIND_UNWRITTEN_BY_SHA256", sql.FIND_BY_SHA256)


@breaks(laws.activities_have_one_content_and_make_only_entities, among=(IN_ORDER,))
def a_transfer_that_comes_again_is_a_new_content(patch: Patch) -> None:
    def complete(self: Transfer, known: Entity) -> Content:
        kind, known.kind = known.kind, Kind.DATA
        content = self.contents.next_content(known)
        known.kind = kind
        return content

    patch.setattr(Transfer, "_complete", complete)


@breaks(laws.a_refused_call_writes_nothing)
def steps_can_be_made(patch: Patch) -> None:
    patch.setattr(Kind, "is_activity", property(lambda _: False))


@breaks(laws.a_transfer_that_is_recorded_again_adds_nothing, among=(IN_ORDER,))
def a_transfer_that_comes_again_writes_again(patch: Patch) -> None:
    patch.setattr(Transfer, "_linked", lambda *_: None)
