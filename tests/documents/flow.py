"""The flow that the README's states belong to, as far as the README leaves it out."""

from __future__ import annotations

from typing import Any

ANALYSED = {"action_id": "tg_1", "status": "SUCCEEDED", "details": {"result": [{"peaks": 412}]}}
TRANSFERRED = {"status": "SUCCEEDED", "details": {"task_id": "one", "status": "SUCCEEDED"}}

NAMES = (
    "add_record_for_action_step",
    "add_records",
    "add_transfer_request",
    "create_invalidation_action",
    "add_invalidation_action_to_record",
    "check_records",
    "invalidate_record",
    "record_flow_run",
)

INPUT = {
    "provenance_endpoint_id": "8d5fb2c6-0f0b-4c34-9d35-4d2f0d5a3c11",
    "functions": {name: name for name in NAMES},
    "source_collection": "0e8a4f9c-61a4-4b8e-9d0c-3f6f3b1d2a01",
    "destination_collection": "5f3d1c7a-2b9e-4d8f-8a6b-7c4e9f0d2b02",
    "Analyse": ANALYSED,
    "Transfer": TRANSFERRED,
}


def as_flow(states: dict[str, Any]) -> dict[str, Any]:
    """Return a definition that runs states one after the other, in order."""
    names = list(states)
    linked = {}
    for name, following in zip(names, [*names[1:], None], strict=True):
        state = {key: value for key, value in states[name].items() if key != "End"}
        linked[name] = state | ({"Next": following} if following else {"End": True})
    return {"StartAt": names[0], "States": linked}
