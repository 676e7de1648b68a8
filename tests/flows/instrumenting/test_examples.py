"""Flows of others and our use cases run with provenance as without, and each action is recorded."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from braid_db.compute.action import ComputeActions
from braid_db.flows import ActionCall, Event, FlowRun, run_flow
from braid_db.flows.checking import check
from braid_db.flows.instrumenting import instrument, strip
from braid_db.flows.instrumenting.naming import is_added
from braid_db.flows.providers import hosted_providers
from braid_db.flows.web_input import People, Question
from tests.flows.checking.published import USE_CASES, accepted, read
from tests.flows.instrumenting.world import INPUT, REGISTERED, Here
from tests.functions.calls import Endpoint

EXAMPLES = accepted()
ENDS_FAILED = {"automate-client__examples_flows_failed-consent_definition": "FailState"}
"""What ends in a Fail state on the way that is gone here; all others succeed."""

_TRANSFER = {
    "source_endpoint": "source",
    "destination_endpoint": "destination",
    "DATA": [
        {
            "DATA_TYPE": "transfer_item",
            "source_path": "/scans/1.h5",
            "destination_path": "/archive/1.h5",
            "recursive": False,
        }
    ],
}
_GIVEN: dict[str, Any] = {
    "input": {"Hellos": ["hello", "goodbye"]},
    "source": {"id": "source", "path": "/scans/"},
    "destination": {"id": "destination", "path": "/archive/"},
    "source_paths": ["/scans/1.h5", "/scans/2/"],
    "transfer_settings": _TRANSFER,
    "file_manager_settings": _TRANSFER,
    "transfer_items": _TRANSFER["DATA"],
    "step": 1,
}
"""Members of an input that are no texts."""

_RETURNED = ("scan", "truth", "structure", "images_folder")
"""What the use cases read of what their functions return."""

_OUTPUT = {
    "title": "Peaks",
    "date": "2026-03-01",
    "report_path": "/reports/1.pdf",
    "confidence": 0.9,
    "confidence_pct": 90,
    "low": 1,
    "high": 2,
    "std_dev": 0.1,
    "experiment_runtime": 3600,
    "measured_db": [1, 2],
    "histogram_skew": 0.1,
}


@dataclass
class Run:
    """One run of an example: its own states in their order, and its own actions."""

    done: FlowRun
    trace: list[str]
    actions: list[tuple[str, Any]]
    here: Here
    acting: set[str]
    log: list[dict[str, Any]]

    def users_state(self) -> Any:
        """Return the final state without what provenance put there."""
        state = {key: value for key, value in self.done.state.items() if key != "braid_db"}
        return _without_chance(state)


def _without_chance(value: Any) -> Any:
    """Return a value without what is another one in every run."""
    if isinstance(value, list):
        return [_without_chance(item) for item in value]
    if not isinstance(value, dict):
        return value
    chance = ("action_id", "start_time", "completion_time")
    return {key: _without_chance(inner) for key, inner in value.items() if key not in chance}


@dataclass
class Stubs:
    """Answers for the providers that cannot be had here, with what flows read of them."""

    run_id: str
    result: Any
    actions: list[tuple[str, Any]] = field(default_factory=list)

    def answer(self, call: ActionCall) -> Any:
        """Return the details of an action; a folder is empty when it is listed again."""
        number = len(self.actions)
        self.actions.append((call.state_name, json.loads(json.dumps(call.body))))
        names = ["1.h5", "2.h5"] if call.execution == 1 else []
        return {
            "task_id": str(uuid.uuid5(uuid.UUID(self.run_id), str(number))),
            "status": "SUCCEEDED",
            "type": "dir",
            "display_name": "Scans",
            "entity_type": "GCSv5_guest_collection",
            "DATA": [{"name": name, "type": "file"} for name in names],
            "total": len(names),
            "length": len(names),
            "result": [self.result],
            "results": [{"task_id": "1", "output": _OUTPUT}],
        }


def made_up(definition: Any) -> dict[str, Any]:
    """Return an input in which something stands at every path that the flow reads."""
    made: dict[str, Any] = {}
    text = json.dumps(definition)
    for path in sorted(set(re.findall(r"\$\.([A-Za-z_][\w.]*)", text)), key=len):
        *outer, last = path.split(".")
        inner = made
        for name in outer:
            if not isinstance(inner.get(name), dict):
                inner[name] = {}
            inner = inner[name]
        inner.setdefault(last, False if last.startswith("recursive") else f"/{last}")
    for name, value in _GIVEN.items():
        if isinstance(value, dict) and isinstance(made.get(name), dict):
            made[name] |= value
        elif re.search(rf"\b{name}\b", text):
            made[name] = value
    made["provenance_endpoint_id"], made["functions"] = (
        INPUT["provenance_endpoint_id"],
        INPUT["functions"],
    )
    return {name: value for name, value in made.items() if name != "_context"}


def first_option(question: Question) -> str:
    return question.options[0].value


def run(definition: Any, given: dict[str, Any], run_id: str, result: Any) -> Run:
    """Run an example; its provenance goes where the environment says.

    :param result: what each function returns.
    """
    stubs, here, trace, log = Stubs(run_id, result), Here(), [], []
    states = definition["States"]
    own = {name for name, state in states.items() if not is_added(state)}

    def follow(event: Event) -> None:
        log.append(json.loads(json.dumps(event.as_log_entry())))
        name = event.details.get("state_name")
        if event.code.endswith("Started") and name in own:
            trace.append(name)

    stubbed = [
        name
        for name in own
        if states[name]["Type"] == "Action"
        and not str(states[name].get("ActionUrl")).endswith("expression_eval")
    ]
    done = run_flow(
        definition,
        given,
        actions=hosted_providers() | ComputeActions(here).providers(),
        stubs=dict.fromkeys(stubbed, stubs.answer),
        people=People(ask=first_option),
        on_event=follow,
        run_id=run_id,
        sleep=lambda seconds: None,
    )
    acting = {name for name in own if states[name]["Type"] == "Action"}
    return Run(done, trace, stubs.actions, here, acting, log)


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("mode", ["each", "once"])
def test_a_published_flow_runs_with_provenance_as_without(
    sqlite_endpoint: Endpoint, name: str, mode: str
) -> None:
    definition = EXAMPLES[name]
    plain = check_that_provenance_changes_nothing(
        sqlite_endpoint, definition, made_up(definition), mode, "/made/1.tar"
    )
    assert plain.failed_state == ENDS_FAILED.get(name), plain.explanation


@pytest.mark.parametrize("folder", USE_CASES, ids=lambda folder: folder.name)
@pytest.mark.parametrize("mode", ["each", "once"])
def test_a_use_case_runs_with_provenance_as_without(
    sqlite_endpoint: Endpoint, folder: Path, mode: str
) -> None:
    definition, given = read(folder / "definition.json"), read(folder / "input.json")
    plain = check_that_provenance_changes_nothing(
        sqlite_endpoint, definition, given, mode, dict.fromkeys(_RETURNED, "/made")
    )
    assert plain.status == "SUCCEEDED", plain.explanation


def check_that_provenance_changes_nothing(
    endpoint: Endpoint, definition: Any, given: dict[str, Any], mode: str, result: Any
) -> FlowRun:
    """Run a flow with and without provenance, compare them, and return the one without."""
    run_id = str(uuid.uuid4())
    woven = instrument(definition, mode=mode, registered=REGISTERED).definition
    assert [finding for finding in check(woven) if finding.is_error] == []
    assert strip(woven) == definition
    plain = run(definition, given, run_id, result)
    recorded = run(woven, given, run_id, result)
    assert recorded.done.status == plain.done.status
    assert recorded.done.error == plain.done.error
    assert recorded.trace == plain.trace
    assert recorded.actions == plain.actions
    assert recorded.users_state() == plain.users_state()
    if mode == "each" and plain.actions:
        assert_each_is_recorded(endpoint, recorded)
    if mode == "once":
        assert len(recorded.here.calls) == bool(plain.actions)
    return plain.done


def assert_each_is_recorded(endpoint: Endpoint, done: Run) -> None:
    """Check that each action that ran has one record, linked to the one that ran before it."""
    rows = [row for row in endpoint.rows("record") if row.kind in ("step", "transfer")]
    ids = sorted(row.record_id for row in rows)
    names = [endpoint.record(record_id).name for record_id in ids]
    executed = [state for state in done.trace if state in done.acting]
    assert len(names) == len(executed)
    for found, state in zip(names, executed, strict=True):
        assert found == f"Action Step {state}" or found.startswith("Globus Transfer task")
    followed = {(a, b) for (a, _), role, (b, _) in endpoint.edges() if role == "followed"}
    assert followed == set(pairwise(ids))
