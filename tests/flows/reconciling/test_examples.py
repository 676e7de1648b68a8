"""The published flows and our use cases: their logs tell what they record themselves."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from braid_db.flows.instrumenting import instrument
from tests.flows.instrumenting.published_runs import published_flows, run
from tests.flows.instrumenting.world import REGISTERED
from tests.flows.reconciling.books import Book, read
from tests.flows.reconciling.laws import hold_the_same

FLOWS = [pytest.param(*flow, id=name) for name, flow in published_flows().items()]


@pytest.mark.parametrize(("definition", "given", "result"), FLOWS)
def test_the_log_of_a_flow_tells_what_it_recorded_itself(
    new_book: Callable[[], Book], definition: Any, given: dict[str, Any], result: Any
) -> None:
    from_log, recorded = new_book(), new_book()
    woven = instrument(definition, registered=REGISTERED).definition
    ran = run(woven, given, str(uuid.uuid4()), result)
    told = read(ran.log, woven)
    assert told.warnings == []
    found = from_log.reconcile(told)
    assert [step["step_name"] for step in told.steps] == [
        name for name in ran.trace if name in ran.acting
    ]
    if found.record_ids:
        hold_the_same(from_log.endpoint, recorded.endpoint, definition)
    before = recorded.endpoint.everything()
    assert recorded.reconcile(told).new == []
    assert recorded.endpoint.everything() == before


@pytest.mark.parametrize(("definition", "given", "result"), FLOWS)
def test_what_a_flow_could_not_record_at_its_end_is_added_from_its_log(
    new_book: Callable[[], Book], definition: Any, given: dict[str, Any], result: Any
) -> None:
    recorded = new_book()
    woven = instrument(definition, mode="once", registered=REGISTERED).definition
    ran = run(woven, given, str(uuid.uuid4()), result)
    known = {row.record_id for row in recorded.endpoint.rows("record")}
    found = recorded.reconcile(read(ran.log, woven))
    executed = [name for name in ran.trace if name in ran.acting]
    assert len(set(found.record_ids)) == len(executed)
    assert not known & set(found.new)
    before = recorded.endpoint.everything()
    assert recorded.reconcile(read(ran.log, woven)).new == []
    assert recorded.endpoint.everything() == before
