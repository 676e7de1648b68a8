"""A flow that Gladier made from Python is instrumented like any other."""

from __future__ import annotations

from typing import Any

import pytest
from gladier import GladierBaseTool, generate_flow_definition

from braid_db.flows.instrumenting import instrument, strip
from tests.flows.instrumenting.test_each import ids, roles
from tests.flows.instrumenting.world import INPUT, run
from tests.functions.calls import Endpoint


def find_peaks(**data: Any) -> Any:
    """Stand for a function of a tool; Gladier names a state after it."""


def plot_peaks(**data: Any) -> Any:
    """Stand for a function that is given the other one's result."""


def made_by_gladier() -> dict[str, Any]:
    taken = {"payload": "$.FindPeaks.details.token"}
    made = type("Peaks", (GladierBaseTool,), {"compute_functions": [find_peaks, plot_peaks]})
    tool = generate_flow_definition(modifiers={"plot_peaks": taken})(made)
    definition: dict[str, Any] = tool().get_flow_definition()
    return definition


def without_nulls(definition: dict[str, Any]) -> dict[str, Any]:
    """Return a definition without the empty Comments that Gladier leaves."""
    states = {
        name: {key: value for key, value in state.items() if value is not None}
        for name, state in definition["States"].items()
    }
    return {**definition, "States": states}


@pytest.mark.parametrize("mode", ["each", "once"])
def test_a_flow_made_by_gladier_is_recorded(endpoint: Endpoint, mode: str) -> None:
    told = made_by_gladier()
    done = instrument(told, mode=mode)
    assert done.recorded == ["FindPeaks", "PlotPeaks"]
    assert strip(done.definition) == told
    given = {"compute_endpoint": "c", "find_peaks_function_id": "f", "plot_peaks_function_id": "p"}
    ran = run(without_nulls(done.definition), run_input={**INPUT, "input": {**given, "frames": 3}})
    assert ran.run.succeeded
    at = ids(endpoint)
    assert (at["FindPeaks"], "informed", at["PlotPeaks"]) in roles(endpoint)
    assert (at["FindPeaks"], "followed", at["PlotPeaks"]) in roles(endpoint)
    [task] = endpoint.record(at["FindPeaks"]).tags["parameters.tasks"]
    assert task["payload"]["frames"] == 3
