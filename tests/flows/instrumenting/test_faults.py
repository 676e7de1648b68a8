"""Each law of instrumented flows is seen to fail where its rule is taken out of the code."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings

from tests.flows.instrumenting.faults import FAULTS, OF_ONCE
from tests.flows.instrumenting.laws import LAWS, ONCE_LAWS, LawBroken, see
from tests.flows.instrumenting.strategies import Told, flows, given_to
from tests.flows.instrumenting.world import OTHER, Outcome
from tests.functions.calls import Endpoint
from tests.records.histories.faults.planting import Fault

EXAMPLES = 400
"""How many flows a fault may survive at most."""

_ACTION = {"Type": "Action", "ActionUrl": OTHER, **given_to("S0", "vars")}
REPLACED = Told(
    {
        "StartAt": "S0",
        "States": {
            "S0": {**_ACTION, "ResultPath": "$.S0", "Next": "S1"},
            "S1": {"Type": "Pass", "InputPath": "$.folder", "Next": "S2"},
            "S2": {**_ACTION, "ResultPath": "$.S2", "End": True},
        },
    },
    [Outcome(), Outcome()],
)
"""A flow whose state is replaced on the way: few that are drawn come so far as to an action."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.name}-{fault.law.__name__}")
def test_a_law_is_seen_to_fail_on_a_planted_fault(
    fault: Fault, sqlite_endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault.plant(monkeypatch)
    mode = "once" if fault.law not in LAWS or fault.plant in OF_ONCE else "each"

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @example(told=REPLACED)
    @given(told=flows())
    def search(told: Told) -> None:
        try:
            seen = see(told, mode, sqlite_endpoint)
        except Exception as error:
            raise LawBroken("it cannot be run") from error
        fault.law(seen)

    with pytest.raises(LawBroken):
        search()


def test_every_law_has_a_fault_that_breaks_it() -> None:
    assert {fault.law for fault in FAULTS} == {*LAWS, *ONCE_LAWS}
