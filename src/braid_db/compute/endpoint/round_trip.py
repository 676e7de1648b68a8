"""A round trip: a record is made through an endpoint, and asked for through it again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from braid_db.compute.action import ComputeTask
from braid_db.compute.endpoint.errors import RoundTripFailed
from braid_db.compute.remote import RemoteTasks

RECORD, CHECK = "add_record_for_action_step", "check_records"
"""The functions that it calls."""

ADD = "add_records"
"""The function that adds a record by itself."""


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """What came back.

    :param record_id: the record that was made.
    :param database: the uid of the database that it is in.
    """

    record_id: int
    database: str


def go_round(
    tasks: RemoteTasks, endpoint_id: str, functions: Mapping[str, str], limit_s: float
) -> RoundTrip:
    """Record a step through an endpoint, and ask whether it is there and valid.

    :param functions: the ids of the two functions, by name.
    :param limit_s: how long each call may take, in seconds.
    :raises RoundTripFailed: if a call failed, or told something else.
    """
    key = f"round-trip:{uuid.uuid4()}"
    step = {"step_name": "Round trip", "idempotency_key": key, "tags": {"round_trip": True}}
    record = ComputeTask(endpoint_id, functions[RECORD], [], step)
    made, again = _object(_call(tasks, record, limit_s)), _call(tasks, record, limit_s)
    if made != again:
        raise RoundTripFailed("the same call, delivered twice, was recorded twice")
    record_id = made["flow_state_record_id"]
    check = ComputeTask(endpoint_id, functions[CHECK], [], {"record_ids": [record_id]})
    told = _object(_call(tasks, check, limit_s))
    if told.get("valid") is not True:
        raise RoundTripFailed(f"record {record_id} was made, and is not valid")
    return RoundTrip(record_id, str(made["database"]))


def add_record(
    tasks: RemoteTasks, endpoint_id: str, function_id: str, name: str, limit_s: float
) -> int:
    """Add a record through an endpoint, and return its id.

    :param function_id: of ``add_records``.
    :param limit_s: how long it may take, in seconds.
    :raises RoundTripFailed: if the call failed, or told something else.
    """
    made = _call(tasks, ComputeTask(endpoint_id, function_id, [{"name": name}], {}), limit_s)
    match made:
        case [{"record_id": int(record_id)}]:
            return record_id
    raise RoundTripFailed(f"the function {function_id} answered something else than a record")


def _call(tasks: RemoteTasks, task: ComputeTask, limit_s: float) -> Any:
    outcome = tasks.run(task, limit_s)
    if outcome.failed:
        raise RoundTripFailed(outcome.summary)
    return outcome.result


def _object(result: Any) -> dict[str, Any]:
    if not isinstance(result, dict):
        raise RoundTripFailed("a function answered something else than an object")
    return result
