"""Faults in checking that the laws have to see."""

from __future__ import annotations

from typing import Any

import pytest

from braid_db.flows.checking import checker, choosing, published, reads, unwritten, ways
from braid_db.flows.checking.shape import ABSENT, Member, Shape
from tests.flows.checking import laws
from tests.records.histories.faults.planting import Fault, breaks

FAULTS: list[Fault] = []
Patch = pytest.MonkeyPatch


@breaks(
    laws.has_no_error_where_a_run_came_through,
    laws.has_no_error_where_a_run_went_everywhere,
    planted=FAULTS,
)
def what_is_written_takes_the_place_of_all(patch: Patch) -> None:
    def put(self: Shape, path: tuple[str, ...], member: Member) -> Shape:
        return Shape({path[0]: member}, self.rest) if path else member.shape

    patch.setattr(Shape, "put", put)


@breaks(laws.has_no_error_where_a_run_came_through, planted=FAULTS)
def presence_is_taken_for_absence(patch: Patch) -> None:
    told_apart = choosing._told_apart
    patch.setattr(choosing, "_told_apart", lambda path, shape: told_apart(path, shape)[::-1])


@breaks(laws.has_no_error_where_a_run_came_through, planted=FAULTS)
def a_guard_in_an_expression_is_not_seen(patch: Patch) -> None:
    patch.setattr(reads._Reader, "is_guarded", lambda self, path: False)


@breaks(laws.has_no_error_where_a_run_came_through, planted=FAULTS)
def a_pass_is_taken_for_a_wait(patch: Patch) -> None:
    patch.setitem(published.STATES, "Pass", published.STATES["Wait"])


@breaks(laws.fails_only_where_it_was_found, planted=FAULTS)
def a_way_that_has_not_written_is_forgotten(patch: Patch) -> None:
    joined = Member.joined

    def join(self: Member, other: Member) -> Member:
        both = joined(self, other)
        return Member((both.how - {ABSENT}) or both.how, both.shape)

    patch.setattr(Member, "joined", join)


@breaks(laws.fails_only_where_it_was_found, planted=FAULTS)
def an_action_wipes_nothing(patch: Patch) -> None:
    put = ways._put

    def putting(by: str, fields: Any, shape: Shape, value: Shape, how: str = ways.WRITTEN) -> Shape:
        is_wiping = how == ways.WRITTEN and fields.get("ResultPath", "$") == "$"
        return shape if is_wiping else put(by, fields, shape, value, how)

    patch.setattr(ways, "_put", putting)


@breaks(laws.fails_only_where_it_was_found, planted=FAULTS)
def expressions_are_not_read(patch: Patch) -> None:
    reads_in = reads.reads_in
    patch.setattr(reads, "reads_in", lambda each: reads_in(each) if "$" in each.key else ())


@breaks(laws.fails_only_where_it_was_found, planted=FAULTS)
def an_unknown_input_has_what_the_flow_writes(patch: Patch) -> None:
    patch.setattr(Shape, "doubted", lambda self, paths: self)


@breaks(laws.finds_the_same_with_provenance, planted=FAULTS)
def what_was_added_is_looked_at_as_well(patch: Patch) -> None:
    patch.setattr(checker, "_as_written", lambda definition: definition)


@breaks(laws.finds_no_more_than_with_less_known, planted=FAULTS)
def an_unknown_input_is_empty(patch: Patch) -> None:
    never = unwritten.Shape.find

    def find(self: Shape, path: tuple[str, ...]) -> Member:
        found = never(self, path)
        return Member(frozenset({ABSENT}), found.shape) if found.how == {"open"} else found

    patch.setattr(Shape, "find", find)
