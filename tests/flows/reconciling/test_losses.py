"""A run of which records were lost is, once reconciled, as it would have been recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings

from braid_db.flows.reconciling.telling import RunTold
from tests.effort import costly
from tests.flows.instrumenting.test_each import flow, transfer
from tests.flows.instrumenting.test_laws import SLOW
from tests.flows.instrumenting.world import run
from tests.flows.reconciling.books import Book, book, read
from tests.flows.reconciling.losses import LAWS, Compared, Loss, losses
from tests.flows.reconciling.test_telling import RUN, there_and_back
from tests.functions.calls import Endpoint


@pytest.fixture
def kept(endpoint: Endpoint) -> Iterator[Book]:
    """A database on either kind."""
    with book(endpoint.url) as opened:
        yield opened


@settings(max_examples=costly(200), deadline=None, suppress_health_check=SLOW)
@given(loss=losses())
def test_what_was_lost_and_reconciled_reaches_what_it_would_have(
    new_book: Callable[[], Book], loss: Loss
) -> None:
    seen = Compared(loss, new_book)
    for law in LAWS:
        law(seen)


def test_what_was_written_again_and_told_late_reaches_who_read_it(kept: Book) -> None:
    again = transfer("Again", {"source_path": "/data/y"})
    states = there_and_back()["States"]
    definition = flow(In=states["In"] | {"Next": "Again"}, Again=again, Back=states["Back"])
    told = read(run(definition, run_id=RUN).log, definition)
    first, back = kept.reconcile(RunTold(told.run, [told.steps[0], told.steps[2]])).record_ids
    [(old, _)] = [one for one in kept.endpoint.into(back) if one[1] == "transferred"]
    _, new, _ = kept.reconcile(told).record_ids
    moved, _ = old
    assert ((first, 1), "generated") in kept.endpoint.into(moved, 1)
    assert ((new, 1), "generated") in kept.endpoint.into(moved, 2)
    assert {((moved, 1), "transferred"), ((moved, 2), "transferred")} < kept.endpoint.into(back)
    [arrived] = [to for at, role, to in kept.endpoint.edges() if (at, role) == (old, "derived")]
    assert ((moved, 2), "derived") in kept.endpoint.into(*arrived)


def test_who_read_before_it_was_written_is_not_said_to_have_read_what_was_written(
    kept: Book,
) -> None:
    out = transfer("Out", {"source_path": "/archive/x"})
    out["Parameters"] |= there_and_back()["States"]["Back"]["Parameters"]
    out["Parameters"]["DATA"] = [{"source_path": "/archive/x", "destination_path": "/data/old"}]
    definition = flow(Out=out, In=transfer("In", {"source_path": "/data/x"}))
    told = read(run(definition, run_id=RUN).log, definition)
    [written] = kept.reconcile(RunTold(told.run, told.steps[1:])).new
    reader, _ = kept.reconcile(told).record_ids
    [((moved, before), _)] = [one for one in kept.endpoint.into(reader) if one[1] == "transferred"]
    assert kept.endpoint.into(moved, before) == set()
    assert ((written, 1), "generated") in kept.endpoint.into(moved, 1)
    versions = {row.version_id: row for row in kept.endpoint.rows("version")}
    [record] = [row for row in kept.endpoint.rows("record") if row.record_id == moved]
    newest = versions[versions[record.current_version_id].content_id]
    assert (newest.number, before) == (1, 2)
