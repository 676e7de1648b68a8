"""Completing what is recorded of a run: what has a record already stays, the rest gets one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from braid_db.identity import IdentityRules
from braid_db.records.flow_runs import Execution, record_executions
from braid_db.records.receipts import find_result
from braid_db.records.transfers import TransferToRecord
from braid_db.store import Transaction
from braid_db.store.recording import STEPS_OF_RUN


class Completed(NamedTuple):
    """What is recorded of a run.

    :param record_ids: the record of each execution, in their order.
    :param new: those that were recorded now.
    """

    record_ids: list[int]
    new: list[int]


def complete_run(
    tx: Transaction, rules: IdentityRules, run_id: str, executions: Sequence[Execution]
) -> Completed:
    """Record the executions of a run that have no record yet.

    :param executions: in the order in which they ran.
    :raises BraidError: if one of them cannot be recorded; nothing is written then.
    """
    known = find_known(tx, run_id, executions)
    record_ids = record_executions(tx, rules, executions, known)
    return Completed(record_ids, [one for n, one in enumerate(record_ids) if n not in known])


class _Recorded(NamedTuple):
    """A step or transfer of a run, as it was recorded first."""

    record_id: int
    kind: str
    name: str
    started_at: datetime | None


_Key = tuple[object, ...] | None


def find_known(tx: Transaction, run_id: str, executions: Sequence[Execution]) -> dict[int, int]:
    """Return the records that executions have already, by the executions' places in the list.

    The key tells it, where it was recorded under one and the receipt is still there. Else it is
    the step of the run that began at that very moment, as the states of a flow are executed one
    after the other; or, for one that is known by no id, a step of its name that is nobody else's.
    """
    search = _Search(executions, [_Recorded(*row) for row in tx.rows(STEPS_OF_RUN, run_id)])
    for place, one in enumerate(executions):
        result = None if one.key is None else find_result(tx, one.key)
        if result is not None:
            search.found(place, result["flow_state_record_id"])
    search.by(lambda step: (step.kind, step.name, step.started_at) if step.started_at else None)
    search.by(lambda step: (step.kind, step.started_at) if step.started_at else None)
    search.by(lambda step: (step.kind, step.name), among=lambda one: not one.has_id)
    return search.known


class _Search:
    """The executions whose records are still looked for, and the records that are nobody's yet."""

    def __init__(self, executions: Sequence[Execution], recorded: list[_Recorded]) -> None:
        self._executions = executions
        self._free = {step.record_id: step for step in recorded}
        self.known: dict[int, int] = {}

    def found(self, place: int, record_id: int) -> None:
        """Note the record of an execution."""
        self.known[place] = record_id
        self._free.pop(record_id, None)

    def by(
        self,
        key: Callable[[_Recorded], _Key],
        among: Callable[[Execution], bool] = lambda one: True,
    ) -> None:
        """Give executions the records that are like them, in their order."""
        alike: dict[_Key, list[int]] = {}
        for step in reversed(self._free.values()):
            alike.setdefault(key(step), []).append(step.record_id)
        for place, one in enumerate(self._executions):
            wanted = key(_expected(one))
            if wanted and place not in self.known and among(one) and alike.get(wanted):
                self.found(place, alike[wanted].pop())


def _expected(one: Execution) -> _Recorded:
    """Return the record that an execution would have."""
    told = one.told
    own = told.task if isinstance(told, TransferToRecord) else told.step
    return _Recorded(0, own.kind or "", own.name or "", told.times.started_at)
