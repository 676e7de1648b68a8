"""Each law of data dependencies is seen to fail where its rule is taken out of the code."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings

from tests.flows.instrumenting.laws import LawBroken
from tests.flows.instrumenting.strategies import Told
from tests.flows.tainting.faults import FAULTS, OF_ONE_WAY
from tests.flows.tainting.laws import LAWS_OF_ONE_WAY, Traced
from tests.flows.tainting.strategies import moving, straight
from tests.flows.tainting.test_gathering import OUTCOMES, loop
from tests.functions.calls import Endpoint
from tests.records.histories.faults.planting import Fault

EXAMPLES = 400
"""How many flows a fault may survive at most."""


@pytest.mark.parametrize(
    "fault", [*FAULTS, *OF_ONE_WAY], ids=lambda fault: f"{fault.name}-{fault.law.__name__}"
)
def test_a_law_is_seen_to_fail_on_a_planted_fault(
    fault: Fault, sqlite_endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault.plant(monkeypatch)

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(told=straight() if fault in OF_ONE_WAY else moving())
    @example(told=Told(loop(), OUTCOMES))
    def search(told: Told) -> None:
        fault.law(Traced(told, sqlite_endpoint))

    with pytest.raises(LawBroken):
        search()


def test_every_law_has_a_fault_that_breaks_it() -> None:
    assert {fault.law for fault in (*FAULTS, *OF_ONE_WAY)} == {*LAWS_OF_ONE_WAY}
