"""What has to be so of what is found in a flow, and of its runs here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from braid_db.flows import FlowRun, run_flow
from braid_db.flows.checking import Finding, check
from braid_db.flows.checking.inputs import shape_of_input
from braid_db.flows.checking.ways import shapes_of
from braid_db.flows.instrumenting import instrument
from braid_db.flows.scope import RUNTIME_ERROR
from tests.flows.instrumenting.strategies import Told
from tests.flows.instrumenting.world import INPUT, OLD_TRANSFER, OTHER, TRANSFER, Script

FORM = (
    *("schema", "dialect", "dialect-of-2020", "expression-unreadable", "path-unreadable"),
    "target-missing",
)
OF_READING = (
    *("path-never-written", "path-not-always-written", "path-undocumented"),
    *("input-not-required", "input-not-asked-for", "predecessor-may-not-have-run"),
)


MISSING = ("Nothing stands at", "there is no member", "the run's state has no")
"""What the runner says where a state reads what is not there."""


def schema_of(value: Any) -> dict[str, Any]:
    """Return the schema of a value that asks for all its members and for no others."""
    if not isinstance(value, dict):
        return {"type": "integer" if isinstance(value, int) else "string"}
    properties = {name: schema_of(inner) for name, inner in value.items()}
    asked = {"properties": properties, "required": [*value], "additionalProperties": False}
    return {"type": "object", **asked}


SCHEMA = schema_of(INPUT)


class LawBroken(AssertionError):
    """A flow for which a law does not hold."""


@dataclass
class Seen:
    """One flow, run, and what is found in it: knowing its input, its schema, or neither.

    :param came_through: the states that the run left again, whether well or by a Catch.
    """

    told: Told
    run: FlowRun
    came_through: set[str]
    knowing: dict[str, list[Finding]]


def see(told: Told) -> Seen:
    """Run a flow, and check it."""
    known: dict[str, dict[str, Any]] = {
        "nothing": {},
        "input": {"run_input": INPUT},
        "schema": {"input_schema": SCHEMA, "run_input": INPUT},
    }
    knowing = {name: check(told.definition, **options) for name, options in known.items()}
    came_through: set[str] = set()
    ran = run_flow(
        told.definition,
        dict(INPUT),
        actions=dict.fromkeys((OTHER, TRANSFER, OLD_TRANSFER), Script(told.outcomes)),
        keep=lambda point: came_through.update(point.executions),
        sleep=lambda seconds: None,
    )
    return Seen(told, ran, came_through, knowing)


def has_no_error_where_a_run_came_through(seen: Seen) -> None:
    """A state that a run here came through has no error, nor has the form of its flow."""
    for name, found in seen.knowing.items():
        for finding in found:
            if finding.is_error and (finding.state in seen.came_through or finding.code in FORM):
                raise LawBroken(f"knowing {name}: {finding}, but the run came through")


def has_no_error_where_a_run_went_everywhere(seen: Seen) -> None:
    """A flow that a run here came through without an error, and whole, has no error at all."""
    if seen.run.succeeded and set(seen.told.definition["States"]) == seen.came_through:
        wrong = [each for each in seen.knowing["input"] if each.is_error]
        if wrong:
            raise LawBroken(f"{wrong[0]}, but the run succeeded")


def inside_of_what_was_made(states: dict[str, Any], said: str) -> bool:
    """Return whether what a run says to be missing may be in what an expression made."""
    made = {
        key.removesuffix(".=")
        for state in states.values()
        if state["Type"] in ("Pass", "ExpressionEval")
        for key in state.get("Parameters", {})
        if key.endswith(".=")
    }
    path = re.search(r"path '\$\.(\w+)\.", said)
    return path[1] in made if path else bool(made) and "there is no member" in said


def is_of_a_result(states: dict[str, Any], said: str) -> bool:
    """Return whether what a run says to be missing is where a result or a caught error goes."""
    fields = [
        each
        for state in states.values()
        for each in ([state] if state["Type"] == "Action" else []) + state.get("Catch", [])
    ]
    places = {each.get("ResultPath", "$").removeprefix("$.") for each in fields} - INPUT.keys()
    path = re.search(r"path '\$\.(\w+)|state has no '(\w+)'", said)
    return path is not None and (path[1] or path[2]) in places


def fails_only_where_it_was_found(seen: Seen) -> None:
    """Where a run here fails as nothing stands at a path, that was found.

    Not knowing the input, only what the flow itself has by running is known to be missing. What is
    inside of a value that an expression made, only a run knows.
    """
    run, said = seen.run, str(seen.run.explanation)
    is_missing = run.error == RUNTIME_ERROR and any(each in said for each in MISSING)
    if is_missing and not inside_of_what_was_made(seen.told.definition["States"], said):
        is_own = is_of_a_result(seen.told.definition["States"], said)
        for name in ("nothing", "input", "schema") if is_own else ("input", "schema"):
            found = seen.knowing[name]
            if not any(
                each.state == run.failed_state and each.code in OF_READING for each in found
            ):
                raise LawBroken(f"knowing {name}: {run.failed_state} fails, as {run.explanation}")


def finds_no_more_than_with_less_known(seen: Seen) -> None:
    """What is an error whatever the input is, is one with this input where a run may come to it."""
    states = seen.told.definition["States"]
    reached = shapes_of(seen.told.definition["StartAt"], states, shape_of_input(None, INPUT))
    known = {(each.code, each.state, each.field) for each in seen.knowing["input"] if each.is_error}
    for finding in seen.knowing["nothing"]:
        is_reached = finding.state is None or finding.state in reached
        place = (finding.code, finding.state, finding.field)
        if finding.is_error and is_reached and place not in known:
            raise LawBroken(f"{finding}, but not knowing the input")


def finds_the_same_with_provenance(seen: Seen) -> None:
    """With provenance woven into it, in either mode, a flow has the findings that it had."""
    for mode in ("each", "once"):
        woven = instrument(seen.told.definition, mode=mode).definition
        if check(woven, run_input=INPUT) != seen.knowing["input"]:
            raise LawBroken(f"{mode}: {check(woven, run_input=INPUT)}")


LAWS = (
    has_no_error_where_a_run_came_through,
    has_no_error_where_a_run_went_everywhere,
    fails_only_where_it_was_found,
    finds_no_more_than_with_less_known,
    finds_the_same_with_provenance,
)
