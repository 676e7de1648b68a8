"""Invalidation actions: what has to follow when a record is recalled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from braid_db.errors import InvalidationActionNotFound
from braid_db.model import Reference
from braid_db.recall.owed import owe_for_link
from braid_db.records.contents import Contents
from braid_db.records.predecessors import check_origin
from braid_db.records.receipts import Result
from braid_db.store import Transaction
from braid_db.store import recording as sql
from braid_db.uuid7 import uuid7


class ActionType(StrEnum):
    """How an invalidation action is carried out; upstream calls a flow ``automate_event``."""

    SHELL = "shell"
    FLOW = "flow"


@dataclass(frozen=True, slots=True)
class ActionToCreate:
    """What a call tells of an invalidation action.

    :param command: the program to run; for a flow, its id.
    :param params: the program's arguments; for a flow, its input.
    """

    name: str
    type: ActionType
    command: str
    params: Sequence[str] | Mapping[str, object]


def create_action(tx: Transaction, told: ActionToCreate) -> Result:
    """Write a new invalidation action.

    :returns: its id, for records to be linked to.
    """
    action_id = uuid7()
    params = json.dumps(told.params)
    row = (action_id, told.name, told.type.value, told.command, params, tx.now)
    tx.write(sql.ADD_ACTION, [row])
    return {"invalidation_action_id": action_id, "database": tx.database}


def link_action(tx: Transaction, record: Reference, action_id: str, contents: Contents) -> Result:
    """Link an invalidation action to a record; linking it again changes nothing.

    A recall that stands and reaches the record already owes the action from now on, as a record
    that is born invalid cannot be linked before.

    :returns: the ids of both, the record's as the one that the flow hands on.
    :raises OtherDatabase: if the record is one of another database.
    :raises RecordNotFound: if there is no such record.
    :raises InvalidationActionNotFound: if there is no such action.
    """
    check_origin(record, tx.database)
    tx.lock_records([record.record_id])
    contents.ask([record.record_id])()
    entity = contents.get(record.record_id)
    if tx.first(sql.FIND_ACTION, action_id) is None:
        raise InvalidationActionNotFound(action_id)
    tx.write(sql.LINK_ACTION, [(entity.record_id, action_id, tx.now)])
    owe_for_link(tx, entity.record_id, action_id)
    return {
        "invalidation_action_id": action_id,
        "flow_state_record_id": entity.record_id,
        "database": tx.database,
    }
