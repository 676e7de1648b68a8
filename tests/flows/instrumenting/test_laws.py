"""Every law holds for flows with branches, joins, loops, Catches and states that are wiped."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.effort import costly
from tests.flows.instrumenting.laws import LAWS, ONCE_LAWS, see
from tests.flows.instrumenting.strategies import Told, flows
from tests.functions.calls import Endpoint

SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]


@settings(max_examples=costly(400), deadline=None, suppress_health_check=SLOW)
@given(told=flows())
def test_a_flow_with_provenance_runs_as_without_and_each_action_is_recorded(
    sqlite_endpoint: Endpoint, told: Told
) -> None:
    seen = see(told, "each", sqlite_endpoint)
    for law in LAWS:
        law(seen)


@settings(max_examples=costly(400), deadline=None, suppress_health_check=SLOW)
@given(told=flows())
def test_a_flow_that_is_recorded_at_its_end_runs_as_without_and_loses_nothing_it_holds(
    sqlite_endpoint: Endpoint, told: Told
) -> None:
    seen = see(told, "once", sqlite_endpoint)
    for law in ONCE_LAWS:
        law(seen)
