"""Runs of others' flows and of our use cases, with answers in place of what cannot be had here."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from braid_db.compute.action import ComputeActions
from braid_db.flows import ActionCall, Event, FlowRun, run_flow
from braid_db.flows.actions import unable_to_run
from braid_db.flows.instrumenting.naming import is_added
from braid_db.flows.providers import hosted_providers
from braid_db.flows.web_input import People, Question
from tests.flows.checking.published import USE_CASES, accepted, read
from tests.flows.instrumenting.world import INPUT, Here

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


class Flow(NamedTuple):
    """A flow, an input for it, and what each of its functions returns."""

    definition: dict[str, Any]
    given: dict[str, Any]
    result: Any


class Failure(NamedTuple):
    """What is to fail: an execution of an action, or a person who does not answer.

    :param how: ``failed``, ``refused``, ``late`` or ``unanswered``.
    :param execution: which execution of the state it is, from 1.
    """

    state: str
    how: str
    execution: int = 1


@dataclass
class Run:
    """One run of an example: its own states in their order, and its own actions.

    :param acting: the states that are actions.
    :param may_fail: those whose end is made up here, so that it can be a bad one.
    """

    done: FlowRun
    trace: list[str]
    actions: list[tuple[str, Any]]
    here: Here
    acting: set[str]
    may_fail: set[str]
    log: list[dict[str, Any]]

    def users_state(self) -> Any:
        """Return the final state without what provenance put there."""
        state = {key: value for key, value in self.done.state.items() if key != "braid_db"}
        return without_chance(state)


def without_chance(value: Any) -> Any:
    """Return a value without what is another one in every run."""
    if isinstance(value, list):
        return [without_chance(item) for item in value]
    if not isinstance(value, dict):
        return value
    chance = ("action_id", "start_time", "completion_time")
    return {key: without_chance(inner) for key, inner in value.items() if key not in chance}


@dataclass
class Stubs:
    """Answers for the providers that cannot be had here, with what flows read of them."""

    run_id: str
    result: Any
    failures: Sequence[Failure] = ()
    actions: list[tuple[str, Any]] = field(default_factory=list)

    def answer(self, call: ActionCall) -> Any:
        """Return what comes of an action; a folder is empty when it is listed again."""
        number = len(self.actions)
        self.actions.append((call.state_name, json.loads(json.dumps(call.body))))
        how = self._how(call.state_name, call.execution)
        if how == "refused":
            raise unable_to_run("It was refused.")
        details = self._details(call, number)
        if how == "failed":
            return {"status": "FAILED", "details": {**details, "status": "FAILED"}}
        return {"status": "ACTIVE", "details": details} if how == "late" else details

    def choose(self, question: Question) -> str | None:
        """Answer with the first option, if anybody answers."""
        is_answered = self._how(question.state_name, question.execution) is None
        return question.options[0].value if is_answered else None

    def _how(self, state: str, execution: int) -> str | None:
        """Return how an execution is to fail; None where it does not."""
        failures = {(one.state, one.execution): one.how for one in self.failures}
        return failures.get((state, execution))

    def _details(self, call: ActionCall, number: int) -> dict[str, Any]:
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


def run(
    definition: Any,
    given: dict[str, Any],
    run_id: str,
    result: Any,
    failures: Sequence[Failure] = (),
) -> Run:
    """Run an example; its provenance goes where the environment says.

    :param result: what each function returns.
    :param failures: what does not come to a good end.
    """
    stubs, here, trace, log = Stubs(run_id, result, failures), Here(), [], []
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
        people=People(ask=stubs.choose),
        on_event=follow,
        run_id=run_id,
        sleep=lambda seconds: None,
    )
    acting = {name for name in own if states[name]["Type"] == "Action"}
    asking = {name for name in own if states[name]["Type"] == "AwaitWebInput"}
    return Run(done, trace, stubs.actions, here, acting, {*stubbed, *asking}, log)


def published_flows() -> dict[str, Flow]:
    """Return the flows of others that the service accepts, and our use cases, by their names."""
    made = {name: Flow(told, made_up(told), "/made/1.tar") for name, told in accepted().items()}
    return made | {folder.name: _use_case(folder) for folder in USE_CASES}


def _use_case(folder: Path) -> Flow:
    definition, given = read(folder / "definition.json"), read(folder / "input.json")
    return Flow(definition, given, dict.fromkeys(_RETURNED, "/made"))
