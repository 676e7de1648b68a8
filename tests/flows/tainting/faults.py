"""Faults in following data that the laws have to see."""

from __future__ import annotations

from typing import Any

import pytest

from braid_db.flows.instrumenting import dataflow, each, origins, table
from braid_db.flows.reconciling import following
from tests.flows.tainting import laws
from tests.records.histories.faults.planting import Fault, breaks

FAULTS: list[Fault] = []
OF_ONE_WAY: list[Fault] = []
Patch = pytest.MonkeyPatch


@breaks(laws.the_log_loses_nothing, laws.records_lose_nothing, planted=FAULTS)
def what_stands_below_is_not_read(patch: Patch) -> None:
    patch.setattr(origins.Origins, "of", origins.Origins.at)


@breaks(laws.the_log_loses_nothing, laws.records_lose_nothing, planted=FAULTS)
def who_takes_the_whole_state_has_read_nothing(patch: Patch) -> None:
    whole = origins.taken_by
    patch.setattr(origins, "taken_by", lambda state: whole(state) - {()})


@breaks(laws.records_lose_nothing, planted=FAULTS)
def only_the_last_round_is_named(patch: Patch) -> None:
    patch.setattr(dataflow, "_aged", lambda source: source)


@breaks(laws.records_lose_nothing, planted=FAULTS)
def the_table_is_lost_with_the_state(patch: Patch) -> None:
    patch.setattr(each, "carries", lambda state: False)


@breaks(laws.records_lose_nothing, planted=FAULTS)
def what_is_there_is_forgotten(patch: Patch) -> None:
    keep: Any = table.Table.keep

    def forgetting(self: Any, name: str, pointer: str, path: str, after: Any) -> Any:
        return keep(self, name, pointer, path, origins.Origins({}))

    patch.setattr(table.Table, "keep", forgetting)


@breaks(laws.the_log_tells_no_more, planted=FAULTS)
def an_action_is_made_of_the_round_before(patch: Patch) -> None:
    whole = following.Way.read

    def read(self: following.Way, name: str) -> list[int]:
        return sorted({*whole(self, name), *self._by_action.get(name, [])[-1:]})

    patch.setattr(following.Way, "read", read)


@breaks(laws.the_log_tells_no_more, planted=FAULTS)
def the_way_that_was_taken_is_not_followed(patch: Patch) -> None:
    patch.setattr(following.Way, "enter", _as_of_any_run)


def _as_of_any_run(self: following.Way, name: str) -> None:
    self._at, self._here = name, self._of_any_run(name)


@breaks(laws.a_log_with_gaps_loses_nothing, planted=FAULTS)
def what_the_log_leaves_out_did_nothing(patch: Patch) -> None:
    patch.setattr(following.Way, "_after_a_gap", lambda self, name: self._here)


@breaks(laws.records_tell_no_more, planted=OF_ONE_WAY)
def all_fields_of_a_pass_are_one(patch: Patch) -> None:
    whole = origins.moved_by

    def moved_by(state: Any, its: Any) -> Any:
        new = whole(state, its)
        return dict.fromkeys(new, frozenset().union(*new.values()))

    patch.setattr(origins, "moved_by", moved_by)
