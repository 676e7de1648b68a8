"""Recording all that ran in one run of a flow, in its order and as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from braid_db.identity import IdentityRules
from braid_db.model import NO_REFERENCES, Reference, References
from braid_db.records.completed import complete_record
from braid_db.records.late import Late
from braid_db.records.receipts import CallKey, Result, find_result, once_by_key
from braid_db.records.steps import StepToRecord, record_step
from braid_db.records.timeline import Timeline
from braid_db.records.transfers import TransferToRecord, record_transfer
from braid_db.store import Transaction

MOST_IDS = 1000
"""How many ids a result holds at most: a flow's state is limited to 200 KB, all in all."""


class Execution(NamedTuple):
    """One execution of an action of a flow.

    :param key: of its receipt, under which it may have been recorded by itself; None where
        nothing tells it from another.
    :param after: the executions whose results it was given, by their places among all; all of them
        before its own. None where nobody knows them.
    :param has_id: whether an id of the action tells it from the state's other executions.
    """

    state: str
    key: CallKey | None
    told: StepToRecord | TransferToRecord
    after: tuple[int, ...] | None = ()
    has_id: bool = True


def record_flow_run(
    tx: Transaction,
    rules: IdentityRules,
    executions: Sequence[Execution],
    earlier: References = NO_REFERENCES,
) -> Result:
    """Record each execution that has no record yet, linked to the one before.

    :param executions: in the order in which they ran.
    :param earlier: what was recorded when the run had failed before it went on: the first one that
        has no record ran after it.
    :raises BraidError: if one of them cannot be recorded; nothing is written then.
    """
    ids = record_executions(tx, rules, _going_on(tx, executions, earlier), {})
    return {
        "flow_state_record_id": ids[-1] if ids else None,
        "record_ids": ids[:MOST_IDS],
        "records": len(ids),
        "exception_str": None,
        "database": tx.database,
    }


def _going_on(
    tx: Transaction, executions: Sequence[Execution], earlier: References
) -> Sequence[Execution]:
    """Return executions of which the first new one follows what was recorded earlier."""
    if earlier == NO_REFERENCES:
        return executions
    for place, one in enumerate(executions):
        if one.key is None or find_result(tx, one.key) is None:
            if isinstance(one.told, TransferToRecord):
                first = one._replace(told=replace(one.told, previous=earlier))
            else:
                first = one._replace(told=one.told._replace(previous=earlier))
            return [*executions[:place], first, *executions[place + 1 :]]
    return executions


def record_executions(
    tx: Transaction,
    rules: IdentityRules,
    executions: Sequence[Execution],
    known: Mapping[int, int],
) -> list[int]:
    """Record each execution that has no record yet, and return the records of all.

    :param known: the records that are there, by the executions' places; of these, only what they
        are to the new ones is added.
    """
    timeline = Timeline(rules, [one.told for one in executions], known)
    ids: list[int] = []
    for place, one in enumerate(executions):
        record_id = known.get(place)
        others = None if one.after is None else sorted({ids[each] for each in one.after})
        if record_id is None:
            told = _linked(one, ids[-1:], others or (), timeline.around(place, ids))
            result = _record(tx, rules, one.key, told)
            record_id = result["flow_state_record_id"]
        else:
            complete_record(tx, one.told.context, record_id, ids[-1:], others)
        ids.append(record_id)
    return ids


def _linked(
    one: Execution, before: Sequence[int], others: Sequence[int], late: Late
) -> StepToRecord | TransferToRecord:
    """Return what is told of an execution, with the records that it stands between."""
    earlier, given = one.told.previous, references(others)
    previous = earlier._replace(found=earlier.found or references(before).found)
    if isinstance(one.told, TransferToRecord):
        return replace(one.told, previous=previous, others=given, late=late)
    return one.told._replace(previous=previous, others=given, late=late)


def _record(
    tx: Transaction,
    rules: IdentityRules,
    key: CallKey | None,
    told: StepToRecord | TransferToRecord,
) -> Result:
    def work(tx: Transaction) -> Result:
        if isinstance(told, TransferToRecord):
            return record_transfer(tx, rules, told)
        return record_step(tx, rules, told)

    return work(tx) if key is None else once_by_key(tx, key, work)


def references(record_ids: Sequence[int]) -> References:
    """Return references to records by their ids."""
    if not record_ids:
        return NO_REFERENCES
    return References(tuple(Reference(record_id) for record_id in record_ids))
