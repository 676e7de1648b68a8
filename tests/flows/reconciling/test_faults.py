"""Each law of reconciled runs is seen to fail where its rule is taken out of the code."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.flows.instrumenting.laws import LawBroken
from tests.flows.instrumenting.strategies import Told, flows
from tests.flows.reconciling.books import Book
from tests.flows.reconciling.faults import FAULTS
from tests.flows.reconciling.laws import LAWS, Seen
from tests.records.histories.faults.planting import Fault

EXAMPLES = 200
"""How many flows a fault may survive at most."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.name}-{fault.law.__name__}")
def test_a_law_is_seen_to_fail_on_a_planted_fault(
    fault: Fault, new_book: Callable[[], Book], monkeypatch: pytest.MonkeyPatch
) -> None:
    fault.plant(monkeypatch)

    @seed(4)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(told=flows())
    def search(told: Told) -> None:
        fault.law(Seen(told, new_book))

    with pytest.raises(LawBroken):
        search()


def test_every_law_has_a_fault_that_breaks_it() -> None:
    assert {fault.law for fault in FAULTS} == {*LAWS}
