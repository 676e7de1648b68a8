"""A laboratory that records steps, recalls what is wrong, and does what a plan says."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from braid_db.identity import IdentityRules
from braid_db.model import NO_RUN, Definition, Kind, Role
from braid_db.recall.plan import make_plan
from braid_db.recall.reinstate import reinstate
from braid_db.recall.views import Plan, PlannedWork
from braid_db.records.recorder import Recorder
from braid_db.records.versions import update_record
from braid_db.store import Store, Transaction
from tests.functions.calls import Endpoint
from tests.records.planting import plant_edges, plant_records

_tasks = count(1)


class Laboratory:
    """The remote functions, and a database that is asked for plans."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.store = Store(endpoint.url)

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def given(self, name: str, kind: str = "data") -> int:
        """Record something that nothing made, and return its id."""
        told = Definition(name, Kind(kind))

        def work(tx: Transaction) -> int:
            recorder = Recorder(tx, IdentityRules(), NO_RUN)
            recorder.prepare([told])
            return recorder.make(told).entity.record_id

        return self.store.write(work)

    def step(self, name: str, inputs: Iterable[int] = (), **more: Any) -> tuple[int, list[int]]:
        """Record a step, and return its id and those of what it made."""
        made = self.endpoint.step(step_name=name, input_record_ids=list(inputs), **more)
        return made["flow_state_record_id"], made["output_record_ids"]

    def makes(self, name: str, inputs: Iterable[int] = (), **more: Any) -> tuple[int, int]:
        """Record a step that makes one thing, and return the ids of both."""
        step, [made] = self.step(name, inputs, output_record_defs={"name": f"of {name}"}, **more)
        return step, made

    def chain(self, steps: int) -> int:
        """Write a chain of so many steps, and return what it began with."""

        def work(tx: Transaction) -> int:
            contents = plant_records(tx, [Kind.DATA, *[Kind.STEP, Kind.DATA] * steps])
            ways = (Role.USED, Role.GENERATED) * steps
            plant_edges(tx, zip(contents, contents[1:], ways, strict=False))
            return contents[0]

        return self.store.write(work)

    def transfer(self, *paths: str) -> tuple[int, list[int]]:
        """Record a transfer of files from one collection to another."""
        task = {"task_id": f"task-{next(_tasks)}", "status": "SUCCEEDED"}
        items = [{"source_path": path, "destination_path": path} for path in paths]
        ends = {"source_endpoint": "here", "destination_endpoint": "there"}
        made = self.endpoint.transfer(None, ends | {"DATA": items}, task)
        return made["flow_state_record_id"], made["output_record_ids"]

    def recall(self, record_id: int, **more: Any) -> int:
        """Recall a record, and return the recall's id."""
        [recall_id] = self.endpoint.recall(record_id, "wrong", **more)["recall_ids"]
        return int(recall_id)

    def reinstate(self, recall_id: int) -> None:
        """Take a recall back."""
        self.store.write(lambda tx: reinstate(tx, recall_id))

    def correct(self, record_id: int) -> None:
        """Give a record new content that does not come from the old."""
        self.store.write(lambda tx: update_record(tx, IdentityRules(), record_id, correction=True))

    def plan(self, *recall_ids: int, limit: int | None = None) -> Plan:
        """Return what has to be done after recalls."""
        return self.store.read(lambda tx: make_plan(tx, recall_ids, limit=limit))

    def is_valid(self, record_id: int) -> bool:
        """Return whether the current version of a record is valid."""
        return self.endpoint.record(record_id).valid

    def do(self, work: PlannedWork) -> None:
        """Do one thing that a plan says, with what is there now."""
        outputs = [made.record for made in work.outputs]
        if not work.is_step:
            self.correct(work.record.record_id)
        elif work.record.kind is Kind.TRANSFER:
            self.transfer(*(made.uris[0].partition("there")[2] for made in outputs))
        else:
            used = [use.record.record_id for use in work.inputs if use.role != "informed"]
            self.endpoint.step(
                step_name=work.record.name,
                input_record_ids=used,
                output_record_ids=[made.record_id for made in outputs],
            )


def ids(plan: Plan) -> list[int]:
    """Return the records that something has to be done for, in order."""
    return [work.record.record_id for work in plan.work.items]
