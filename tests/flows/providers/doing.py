"""Calling one action of Transfer by the smallest flow that does so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from braid_db.flows import FlowRun, run_flow
from braid_db.flows.providers import transfer_providers
from braid_db.flows.providers.collections import Collections

HERE = "aaaaaaaa-0000-0000-0000-000000000001"
THERE = "bbbbbbbb-0000-0000-0000-000000000002"
TODAY = "https://transfer.actions.globus.org"


class Sites:
    """Two folders that stand in for collections, side by side in one that does not."""

    def __init__(self, outside: Path) -> None:
        self.outside = outside
        self.here, self.there = outside / "here", outside / "there"
        self.here.mkdir()
        self.there.mkdir()
        self.providers = transfer_providers(Collections({HERE: self.here, THERE: self.there}))

    def act(self, name: str, body: Any, *, base: str = TODAY, **fields: Any) -> FlowRun:
        """Run one action, its document at ``$.r``."""
        state = {"Type": "Action", "ActionUrl": f"{base}/{name}", "Parameters": body}
        state |= {"ResultPath": "$.r", "End": True, **fields}
        return run_flow({"StartAt": "Act", "States": {"Act": state}}, {}, actions=self.providers)

    def transfer(self, *items: dict[str, Any], **fields: Any) -> FlowRun:
        """Transfer items from here to there."""
        ends = {"source_endpoint": HERE, "destination_endpoint": THERE}
        return self.act("transfer", {**ends, "DATA": list(items), **fields})

    def write(self, path: str, text: str) -> Path:
        """Write a file of the collection that is here."""
        file = self.here / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file


def item(source: str, destination: str, **fields: Any) -> dict[str, Any]:
    return {"source_path": source, "destination_path": destination, **fields}


def details(run: FlowRun) -> Any:
    assert run.succeeded, run
    return run.state["r"]["details"]


def fault(run: FlowRun) -> Any:
    """Return what ended a task, as its document tells it."""
    assert run.error == "ActionFailedException", run
    assert run.cause["details"]["faults"] >= 1
    return run.cause["details"]["fatal_error"]["code"]
