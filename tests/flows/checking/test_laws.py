"""What is found in a flow agrees with what comes of its runs here."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.effort import costly
from tests.flows.checking.laws import LAWS, see
from tests.flows.checking.strategies import reading_flows
from tests.flows.instrumenting.strategies import Told

SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@settings(max_examples=costly(600), deadline=None, derandomize=True, suppress_health_check=SLOW)
@given(told=reading_flows())
def test_an_error_fails_a_run_that_comes_there_and_no_path_fails_one_unseen(told: Told) -> None:
    seen = see(told)
    for law in LAWS:
        law(seen)
