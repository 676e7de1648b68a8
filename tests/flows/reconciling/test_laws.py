"""Every law holds for flows with branches, joins, loops, Catches and states that are wiped."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings

from tests.effort import costly
from tests.flows.instrumenting.strategies import Told, flows
from tests.flows.instrumenting.test_laws import SLOW
from tests.flows.reconciling.books import Book
from tests.flows.reconciling.laws import LAWS, Seen


@settings(max_examples=costly(200), deadline=None, suppress_health_check=SLOW)
@given(told=flows())
def test_a_run_is_reconciled_to_what_would_have_been_recorded(
    new_book: Callable[[], Book], told: Told
) -> None:
    seen = Seen(told, new_book)
    for law in LAWS:
        law(seen)
