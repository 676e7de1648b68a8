"""What has to be so of every flow that is run with and without provenance."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from braid_db.flows.actions import ActionProviders
from braid_db.flows.definition import check_definition
from braid_db.flows.instrumenting import Instrumented, instrument, strip
from braid_db.flows.instrumenting.naming import is_added
from tests.flows.instrumenting.strategies import Told
from tests.flows.instrumenting.world import (
    OLD_TRANSFER,
    OTHER,
    REGISTERED,
    TRANSFER,
    Ran,
    Script,
    run,
)
from tests.functions.calls import Endpoint

COMPUTE = "https://compute.actions.globus.org/v3"
SECRETS = ("secret-word", "secret-key", "secret-token")


class LawBroken(AssertionError):
    """A flow for which a law does not hold."""


def hold(condition: object, what: str) -> None:
    """Break a law unless a condition is so."""
    if not condition:
        raise LawBroken(what)


@dataclass
class Seen:
    """One flow, run without provenance and with it."""

    told: Told
    woven: Instrumented
    plain: Ran
    recorded: Ran
    run_id: str
    endpoint: Endpoint

    def records(self) -> list[Any]:
        """Return the steps and transfers of the run, in the order of their records."""
        rows = [row for row in self.endpoint.rows("record") if row.run_id == self.run_id]
        return sorted(
            (row for row in rows if row.kind in ("step", "transfer")), key=lambda row: row.record_id
        )


def see(told: Told, mode: str, endpoint: Endpoint, *, broken: int = 0) -> Seen:
    """Run a flow without provenance and with it."""
    woven = instrument(told.definition, mode=mode, registered=REGISTERED)
    run_id = str(uuid.uuid4())
    plain = run(told.definition, told.outcomes, run_id=run_id)
    recorded = run(woven.definition, told.outcomes, run_id=run_id, broken=broken)
    return Seen(told, woven, plain, recorded, run_id, endpoint)


def takes_out_what_it_put_in(seen: Seen) -> None:
    """Strip gives back the very definition."""
    before = json.dumps(seen.told.definition, sort_keys=True)
    hold(json.dumps(strip(seen.woven.definition), sort_keys=True) == before, "strip inverts")


def is_a_definition(seen: Seen) -> None:
    """What comes out can be run, and its own states are marked."""
    providers = ActionProviders(dict.fromkeys((OTHER, TRANSFER, OLD_TRANSFER, COMPUTE), Script()))
    check_definition(seen.woven.definition, providers)
    new = {name for name, state in seen.woven.definition["States"].items() if is_added(state)}
    hold(new == set(seen.woven.definition["States"]) - set(seen.told.definition["States"]), "marks")


def goes_the_same_way(seen: Seen) -> None:
    """The flow's own states are entered in the same order, with the same input."""
    hold(seen.recorded.trace == seen.plain.trace, "trace")
    hold(len(seen.recorded.executions) == len(seen.plain.executions), "executions")


def ends_in_the_same_state(seen: Seen) -> None:
    """The run ends as it would, with the same state but for the member of the provenance."""
    hold(seen.recorded.run.status == seen.plain.run.status, "status")
    hold(seen.recorded.run.error == seen.plain.run.error, "error")
    hold(seen.recorded.run.failed_state == seen.plain.run.failed_state, "failed state")
    hold(_causes(seen.recorded) == _causes(seen.plain), "cause")
    hold(seen.recorded.users_state() == seen.plain.users_state(), "state")


def _causes(ran: Ran) -> list[str]:
    """Return why a run failed, as it and its log say, but for what stood in its state then."""
    told = ran.run.cause, ran.log[-1]["details"].get("cause")
    return [str(cause).partition("the run's state has")[0] for cause in told]


def gives_actions_the_same(seen: Seen) -> None:
    """Each action is given the same as without provenance."""
    given = [execution.body for execution in seen.recorded.executions]
    hold(given == [execution.body for execution in seen.plain.executions], "input")


def records_each_execution_once(seen: Seen) -> None:
    """Every action that ran has one record, named after it, linked to the one that ran before."""
    records, executions = seen.records(), seen.recorded.executions
    hold(len(records) == len(executions), f"{len(records)} records of {len(executions)}")
    for record, execution in zip(records, executions, strict=True):
        name = seen.endpoint.record(record.record_id).name
        expected = f"Action Step {execution.state}"
        hold(name == expected or name.startswith("Globus Transfer task"), name)
    edges = seen.endpoint.edges()
    for before, after in pairwise(records):
        into = {a for (a, _), role, (b, _) in edges if b == after.record_id and role == "followed"}
        hold(into == {before.record_id}, f"{after.record_id} follows {into}")


def tells_what_was_given(seen: Seen) -> None:
    """A step's record holds what the action was given, as it was given."""
    calls = [call for call in seen.recorded.here.calls if call[0] == "add_record_for_action_step"]
    steps = [each for each in seen.recorded.executions if "DATA" not in each.body]
    steps = [each for each in steps if "transfer_items" not in each.body]
    for (_, kwargs), execution in zip(calls, steps, strict=True):
        public = {key: execution.body[key] for key in ("a", "deep", "other")}
        hold(kwargs["tags"]["parameters"] == public, f"{execution.state} was given {public}")


def tells_failures(seen: Seen) -> None:
    """What failed is recorded as failed, and what did not is not."""
    for record, execution in zip(seen.records(), seen.recorded.executions, strict=True):
        tags = seen.endpoint.record(record.record_id).tags
        late_transfer = execution.how == "late" and record.kind == "transfer"
        failed = tags["status"] in ("FAILED", ["FAILED"])
        hold(late_transfer or failed == (execution.how != "done"), f"{tags} of {execution.how}")


def depends_on_what_it_read(seen: Seen) -> None:
    """An action that was given another one's result depends on it as on data."""
    records, executions = seen.records(), seen.recorded.executions
    made_by = {each.token: record for each, record in zip(executions, records, strict=True)}
    edges = {(a, b) for (a, _), role, (b, _) in seen.endpoint.edges() if role == "informed"}
    for number, (record, execution) in enumerate(zip(records, executions, strict=True)):
        for token in set(re.findall(r"token-\d+-", json.dumps(execution.body))):
            first = int(token.split("-")[1])
            source = executions[first].state
            # Of what a state made of an earlier round's result, the last round is named.
            again = source in [each.state for each in executions[first + 1 : number + 1]]
            is_known = (made_by[token].record_id, record.record_id) in edges
            is_lost = loses_records(seen.told.definition)
            hold(is_known or again or is_lost, f"{record.record_id} needs {token}")


def loses_records(definition: dict[str, Any]) -> bool:
    """Return whether a state may put what is no object in place of the whole state.

    Nothing can be carried on there, and what is read later of earlier results is not known.
    """
    states = definition["States"].values()
    return any(state.get("InputPath", "$") != "$" and "ResultPath" not in state for state in states)


def keeps_secrets(seen: Seen) -> None:
    """Nothing that a flow keeps private is given to a provenance function."""
    told = json.dumps(seen.recorded.here.calls)
    hold(not [secret for secret in SECRETS if secret in told], "secrets")


def held_at_the_end(seen: Seen) -> set[str]:
    """Return the actions whose documents the run's state still holds, or that ended the run."""
    held = set()
    for name, state in seen.told.definition["States"].items():
        place = state.get("ResultPath", "$").removeprefix("$.")
        found = seen.plain.run.state.get(place)
        if state["Type"] == "Action" and isinstance(found, dict):
            held |= {found["action_id"]} if found.get("state_name") == name else set()
    return held


def records_what_is_held(seen: Seen) -> None:
    """What the state holds at the end is recorded, each once and in its order."""
    prefix = f"key:{seen.run_id}:"
    rows = seen.endpoint.rows("receipt") if seen.recorded.here.calls else []
    keys = [row.key.removeprefix(prefix) for row in rows if row.key.startswith(prefix)]
    ids = [key.rpartition(":")[2] for key in keys]
    hold(held_at_the_end(seen) <= set(ids), f"{held_at_the_end(seen)} in {ids}")
    records = seen.records() if rows else []
    hold(len(records) == len(keys) == len(set(keys)) <= len(seen.plain.executions), f"{keys}")
    last = seen.plain.run.failed_state
    if last and seen.told.definition["States"][last]["Type"] == "Action" and records:
        name = seen.endpoint.record(records[-1].record_id).name
        hold(name == f"Action Step {last}" or "Transfer task" in name, f"{name} ended the run")
    edges = seen.endpoint.edges() if rows else set()
    for before, after in pairwise(records):
        into = {a for (a, _), role, (b, _) in edges if b == after.record_id and role == "followed"}
        hold(into == {before.record_id}, f"{after.record_id} follows {into}")


def calls_once(seen: Seen) -> None:
    """A run waits for one call of provenance, at its end."""
    hold(len(seen.recorded.here.calls) <= 1, "calls")
    ran = bool(held_at_the_end(seen))
    hold(len(seen.recorded.here.calls) == 1 or not ran, "no call")
    hold(
        not [
            one
            for one in seen.recorded.run.state.get("braid_db", {}).get("record", {})
            if one == "Error"
        ],
        "refused",
    )


ONCE_LAWS = (
    takes_out_what_it_put_in,
    is_a_definition,
    goes_the_same_way,
    ends_in_the_same_state,
    gives_actions_the_same,
    records_what_is_held,
    calls_once,
    keeps_secrets,
)
"""What has to be so where a run is recorded at its end."""

LAWS = (
    takes_out_what_it_put_in,
    is_a_definition,
    goes_the_same_way,
    ends_in_the_same_state,
    gives_actions_the_same,
    records_each_execution_once,
    tells_what_was_given,
    tells_failures,
    depends_on_what_it_read,
    keeps_secrets,
)
"""What has to be so where each action is recorded."""
