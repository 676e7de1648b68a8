"""A flow that Gladier made from Python is instrumented and run like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gladier import GladierBaseTool, generate_flow_definition

from braid_db.compute.local_run import LocalRunOptions, run_locally
from braid_db.flows.checking import check
from braid_db.flows.instrumenting import instrument, strip
from tests.flows.instrumenting import peaks
from tests.flows.instrumenting.test_each import ids, roles
from tests.functions.calls import Endpoint

INPUT: dict[str, Any] = {
    "compute_endpoint": "c",
    "counts": [3, 250, 7, 260],
    "threshold": 100,
    **{f"{name}_function_id": name for name in ("find_peaks", "plot_peaks")},
}
FUNCTIONS = LocalRunOptions(functions=(Path(peaks.__file__),))


def made_by_gladier() -> dict[str, Any]:
    functions = [peaks.find_peaks, peaks.plot_peaks]
    taken = {"payload": "$.FindPeaks.details.result[0]"}
    made = type("Peaks", (GladierBaseTool,), {"compute_functions": functions})
    tool = generate_flow_definition(modifiers={"plot_peaks": taken})(made)
    definition: dict[str, Any] = tool().get_flow_definition()
    return definition


def test_it_runs_as_gladier_made_it() -> None:
    told = made_by_gladier()
    assert told["States"]["PlotPeaks"]["Comment"] is None
    ran = run_locally(told, {"input": INPUT}, FUNCTIONS)
    assert ran.state["PlotPeaks"]["details"]["result"] == [{"plotted": [1, 3]}]


@pytest.mark.parametrize("mode", ["each", "once"])
def test_it_is_recorded(endpoint: Endpoint, mode: str) -> None:
    done = instrument(made_by_gladier(), mode=mode)
    assert done.recorded == ["FindPeaks", "PlotPeaks"]
    options = LocalRunOptions(functions=FUNCTIONS.functions, db_url=endpoint.url)
    ran = run_locally(done.definition, {"input": INPUT}, options)
    assert ran.succeeded, ran.explanation
    at, found = ids(endpoint), roles(endpoint)
    assert (at["FindPeaks"], "informed", at["PlotPeaks"]) in found
    assert (at["FindPeaks"], "followed", at["PlotPeaks"]) in found
    assert (at["FindPeaks"], "generated", at["peaks"]) in found
    assert endpoint.record(at["peaks"]).tags == {"count": 2}
    [task] = endpoint.record(at["FindPeaks"]).tags["parameters.tasks"]
    assert task["payload"]["counts"] == INPUT["counts"]


@pytest.mark.parametrize("mode", ["each", "once"])
def test_a_comment_of_null_is_one_error_that_instrumenting_mends(mode: str) -> None:
    told = made_by_gladier()
    [found] = check(told)
    assert (found.code, found.state, found.field) == ("schema", "PlotPeaks", "Comment")
    assert found.sentence == "It is null."
    woven = instrument(told, mode=mode).definition
    assert check(woven) == []
    del told["States"]["PlotPeaks"]["Comment"]
    assert strip(woven) == told
