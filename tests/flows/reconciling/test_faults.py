"""Each law of reconciled runs is seen to fail where its rule is taken out of the code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.flows.instrumenting.laws import LawBroken
from tests.flows.instrumenting.strategies import flows
from tests.flows.reconciling import losses
from tests.flows.reconciling.books import Book
from tests.flows.reconciling.faults import FAULTS, OF_LOSSES
from tests.flows.reconciling.laws import LAWS, Seen
from tests.records.histories.faults.planting import Fault

EXAMPLES = 200
"""How many flows a fault may survive at most."""


def is_seen(fault: Fault, strategy: st.SearchStrategy[Any], seen: Callable[[Any], object]) -> None:
    """Assert that a law fails on one of the first examples of a strategy."""

    @seed(4)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(drawn=strategy)
    def search(drawn: Any) -> None:
        fault.law(seen(drawn))

    with pytest.raises(LawBroken):
        search()


def name_of(fault: Fault) -> str:
    return f"{fault.name}-{fault.law.__name__}"


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_law_is_seen_to_fail_on_a_planted_fault(
    fault: Fault, new_book: Callable[[], Book], monkeypatch: pytest.MonkeyPatch
) -> None:
    fault.plant(monkeypatch)
    is_seen(fault, flows(), lambda told: Seen(told, new_book))


@pytest.mark.parametrize("fault", OF_LOSSES, ids=name_of)
def test_a_law_of_lost_records_is_seen_to_fail_on_a_planted_fault(
    fault: Fault, new_book: Callable[[], Book], monkeypatch: pytest.MonkeyPatch
) -> None:
    fault.plant(monkeypatch)
    is_seen(fault, losses.losses(), lambda loss: losses.Compared(loss, new_book))


def test_every_law_has_a_fault_that_breaks_it() -> None:
    assert {fault.law for fault in FAULTS} == {*LAWS}
    assert {fault.law for fault in OF_LOSSES} == {*losses.LAWS}
