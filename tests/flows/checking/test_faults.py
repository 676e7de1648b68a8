"""Each law of checking is seen to fail where its rule is taken out of the code."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.flows.checking.faults import FAULTS
from tests.flows.checking.laws import LAWS, LawBroken, see
from tests.flows.checking.strategies import reading_flows
from tests.flows.instrumenting.strategies import Told
from tests.records.histories.faults.planting import Fault

EXAMPLES = 600
"""How many flows a fault may survive at most."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.name}-{fault.law.__name__}")
def test_a_law_is_seen_to_fail_on_a_planted_fault(
    fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault.plant(monkeypatch)

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(told=reading_flows())
    def search(told: Told) -> None:
        fault.law(see(told))

    with pytest.raises(LawBroken):
        search()


def test_every_law_has_a_fault_that_breaks_it() -> None:
    assert {fault.law for fault in FAULTS} == set(LAWS)
