"""An action depends as on data on those whose results it was given, and on no others."""

from __future__ import annotations

from hypothesis import given, settings

from tests.effort import costly
from tests.flows.instrumenting.strategies import Told
from tests.flows.instrumenting.test_laws import SLOW
from tests.flows.tainting.laws import LAWS, LAWS_OF_ONE_WAY, Traced
from tests.flows.tainting.strategies import moving, straight
from tests.functions.calls import Endpoint


@settings(max_examples=costly(600), deadline=None, suppress_health_check=SLOW)
@given(told=moving())
def test_an_action_depends_on_those_whose_results_it_was_given(
    sqlite_endpoint: Endpoint, told: Told
) -> None:
    seen = Traced(told, sqlite_endpoint)
    for law in LAWS:
        law(seen)


@settings(max_examples=costly(200), deadline=None, suppress_health_check=SLOW)
@given(told=straight())
def test_on_one_way_an_action_depends_on_no_others(sqlite_endpoint: Endpoint, told: Told) -> None:
    seen = Traced(told, sqlite_endpoint)
    for law in LAWS_OF_ONE_WAY:
        law(seen)
