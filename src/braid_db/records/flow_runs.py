"""Recording all that ran in one run of a flow, in its order and as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from braid_db.identity import IdentityRules
from braid_db.model import NO_REFERENCES, Reference, References
from braid_db.records.receipts import CallKey, Result, once_by_key
from braid_db.records.steps import StepToRecord, record_step
from braid_db.records.transfers import TransferToRecord, record_transfer
from braid_db.store import Transaction

MOST_IDS = 1000
"""How many ids a result holds at most: a flow's state is limited to 200 KB, all in all."""


class Execution(NamedTuple):
    """One execution of an action of a flow.

    :param key: of its receipt, under which it may have been recorded by itself; None where
        nothing tells it from another.
    :param after: the states whose results it was given.
    """

    state: str
    key: CallKey | None
    told: StepToRecord | TransferToRecord
    after: tuple[str, ...] = ()


def record_flow_run(
    tx: Transaction, rules: IdentityRules, executions: Sequence[Execution]
) -> Result:
    """Record each execution that has no record yet, linked to the one before.

    :param executions: in the order in which they ran.
    :raises BraidError: if one of them cannot be recorded; nothing is written then.
    """
    by_state: dict[str, int] = {}
    ids: list[int] = []
    for one in executions:
        others = [by_state[state] for state in one.after if state in by_state]
        result = _record(tx, rules, one, references(ids[-1:]), references(others))
        ids.append(result["flow_state_record_id"])
        by_state[one.state] = ids[-1]
    return {
        "flow_state_record_id": ids[-1] if ids else None,
        "record_ids": ids[:MOST_IDS],
        "records": len(ids),
        "exception_str": None,
        "database": tx.database,
    }


def _record(
    tx: Transaction, rules: IdentityRules, one: Execution, before: References, others: References
) -> Result:
    def work(tx: Transaction) -> Result:
        if isinstance(one.told, TransferToRecord):
            told = replace(one.told, previous=before, others=others)
            return record_transfer(tx, rules, told)
        return record_step(tx, rules, one.told._replace(previous=before, others=others))

    return work(tx) if one.key is None else once_by_key(tx, one.key, work)


def references(record_ids: Sequence[int]) -> References:
    """Return references to records by their ids."""
    if not record_ids:
        return NO_REFERENCES
    return References(tuple(Reference(record_id) for record_id in record_ids))
