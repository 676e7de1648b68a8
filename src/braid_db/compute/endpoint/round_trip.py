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
    made = _call(tasks, endpoint_id, functions[RECORD], step, limit_s)
    again = _call(tasks, endpoint_id, functions[RECORD], step, limit_s)
    if made != again:
        raise RoundTripFailed("the same call, delivered twice, was recorded twice")
    record_id = made["flow_state_record_id"]
    told = _call(tasks, endpoint_id, functions[CHECK], {"record_ids": [record_id]}, limit_s)
    if told.get("valid") is not True:
        raise RoundTripFailed(f"record {record_id} was made, and is not valid")
    return RoundTrip(record_id, str(made["database"]))


def _call(
    tasks: RemoteTasks,
    endpoint_id: str,
    function_id: str,
    kwargs: dict[str, Any],
    limit_s: float,
) -> dict[str, Any]:
    outcome = tasks.run(ComputeTask(endpoint_id, function_id, [], kwargs), limit_s)
    if outcome.failed:
        raise RoundTripFailed(outcome.summary)
    if not isinstance(outcome.result, dict):
        raise RoundTripFailed("a function answered something else than an object")
    return outcome.result
