"""Faults in reconciling that the laws have to see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from braid_db.flows.reconciling import documents, following, given, known_flow, telling
from braid_db.records import completed, completing, flow_runs, late, receipts
from braid_db.records.contents import Contents
from tests.flows.reconciling import laws, losses
from tests.records.histories.faults.planting import Fault, breaks

FAULTS: list[Fault] = []
OF_LOSSES: list[Fault] = []
Patch = pytest.MonkeyPatch


@breaks(laws.links_what_ran_as_it_ran, planted=FAULTS)
def data_is_taken_for_order(patch: Patch) -> None:
    patch.setattr(following.Way, "read", lambda self, name: [])


@breaks(laws.equals_what_each_recorded, planted=FAULTS)
def what_failed_is_not_told(patch: Patch) -> None:
    patch.setattr(telling._Teller, "_failed", lambda self, begun, entry, name: None)


@breaks(laws.equals_what_each_recorded, planted=FAULTS)
def times_are_those_of_the_log(patch: Patch) -> None:
    whole = documents.recorded_of

    def recorded_of(document: documents.Document, **how: bool) -> documents.Document:
        return {**whole(document, **how), "start_time": "2026-03-01T09:00:00+00:00"}

    patch.setattr(telling, "recorded_of", recorded_of)


@breaks(laws.adds_nothing_to_what_each_recorded, planted=FAULTS)
def what_has_no_id_is_always_new(patch: Patch) -> None:
    whole = completing._Search.by

    def by(self: completing._Search, key: object, **among: object) -> None:
        if not among:
            whole(self, key)  # type: ignore[arg-type]

    patch.setattr(completing._Search, "by", by)


@breaks(laws.adds_nothing_to_what_each_recorded, planted=FAULTS)
def added_states_are_taken_for_the_flows_own(patch: Patch) -> None:
    patch.setattr(known_flow.KnownFlow, "records", lambda self, name: False)
    patch.setattr(telling, "is_of_provenance", lambda document: False)


@breaks(laws.adds_what_is_missing, planted=FAULTS)
def rounds_of_a_loop_are_taken_for_one(patch: Patch) -> None:
    whole = telling._Teller._add

    def add(self: telling._Teller, begun: object, document: object, error: object) -> None:
        seen = {step["step_name"] for step in self.told.steps}
        if begun.name not in seen:  # type: ignore[attr-defined]
            whole(self, begun, document, error)  # type: ignore[arg-type]

    patch.setattr(telling._Teller, "_add", add)


@breaks(laws.twice_changes_nothing, planted=FAULTS)
def what_is_known_is_not_looked_for(patch: Patch) -> None:
    patch.setattr(completing, "find_known", lambda tx, run_id, executions: {})
    patch.setattr(flow_runs, "once_by_key", lambda tx, call, work: receipts.once(tx, None, work))


@breaks(laws.keeps_secrets, planted=FAULTS)
def what_the_log_shows_is_recorded(patch: Patch) -> None:
    patch.setattr(given.Given, "_shown", lambda self, public, logged: logged)


@breaks(losses.reaches_no_less, planted=OF_LOSSES)
def a_late_writer_is_read_by_nobody(patch: Patch) -> None:
    patch.setattr(late, "tell_readers", lambda contents, made: None)


@breaks(losses.reaches_no_less, planted=OF_LOSSES)
def what_was_read_before_it_was_written_is_not_looked_for(patch: Patch) -> None:
    patch.setattr(late, "find_unmade", lambda contents, entity, sha256: None)
    patch.setattr(late, "tell_readers", lambda contents, made: None)


@breaks(losses.reaches_no_less, losses.follows_no_less, planted=OF_LOSSES)
def what_has_a_record_is_not_linked(patch: Patch) -> None:
    patch.setattr(flow_runs, "complete_record", lambda tx, context, record_id, before, others: None)


@breaks(losses.reaches_no_more, losses.reaches_no_less, planted=OF_LOSSES)
def a_late_reader_read_what_is_there_now(patch: Patch) -> None:
    patch.setattr(late, "find_read", lambda contents, entity, sha256: None)


@breaks(losses.keeps_the_newest, planted=OF_LOSSES)
def what_a_late_writer_wrote_is_the_newest(patch: Patch) -> None:
    patch.setattr(late, "is_overwritten", lambda contents, entity: False)


@breaks(losses.keeps_the_newest, planted=OF_LOSSES)
def what_is_put_before_is_the_newest(patch: Patch) -> None:
    patch.setattr(Contents, "content_before", Contents.next_content)


@breaks(losses.lacks_nothing, planted=OF_LOSSES)
def what_was_missing_is_said_for_ever(patch: Patch) -> None:
    patch.setattr(completed, "_end_missing", lambda contents, entity, told: None)


@breaks(laws.links_what_ran_as_it_ran, laws.equals_what_each_recorded, planted=FAULTS)
def an_action_is_made_of_the_one_before(patch: Patch) -> None:
    whole = following.Way.read

    def read(self: following.Way, name: str) -> list[int]:
        before = [place for places in self._by_action.values() for place in places]
        return sorted({*whole(self, name), *before[-1:]})

    patch.setattr(following.Way, "read", read)


@breaks(laws.links_what_ran_as_it_ran, planted=FAULTS)
def an_action_follows_the_one_before_the_last(patch: Patch) -> None:
    whole = flow_runs.references

    def references(record_ids: Sequence[int]) -> Any:
        more = [one - 1 for one in record_ids if one > 1]
        return whole([*record_ids, *more])

    patch.setattr(flow_runs, "references", references)
