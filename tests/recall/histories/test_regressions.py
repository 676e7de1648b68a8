"""Histories that once left something wrong behind, as short as they get."""

from __future__ import annotations

from tests.recall.histories import laws
from tests.recall.histories.calls import tell
from tests.recall.histories.telling import Database
from tests.recall.histories.world import File, Recall, Step, Transfer


def test_a_transfer_of_something_invalid_says_so_before_it_arrives(database: Database) -> None:
    writer, recall = Step(writes=(File(0),)), Recall(record=0, version=0)
    on_its_way = Transfer(0, ((0, 4),), arrives=False)
    telling = tell((writer, recall, on_its_way), database)
    [reason] = telling.last.answer["invalid_inputs"]
    assert reason["record_id"] == telling.records[0]
    laws.a_result_lists_why_its_inputs_are_invalid(telling)
