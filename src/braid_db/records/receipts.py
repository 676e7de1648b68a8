"""Receipts: a call that comes again returns its first result and writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from braid_db.errors import KeyReused
from braid_db.store import Transaction
from braid_db.store.recording import CLAIM_RECEIPT, FIND_RECEIPT, KEEP_RESULT

Result = dict[str, Any]

BY_KEY_ALONE = bytes(32)
"""In place of a digest: whatever comes under this key is the same call."""


@dataclass(frozen=True, slots=True)
class CallKey:
    """What tells a call that comes again from a new one.

    :param function: the remote function's name; keys of different functions never meet.
    :param key: ``key:`` and the caller's idempotency key, or ``task:`` and one made of the Globus
        Compute task, so that neither can be taken for the other.
    :param arguments_sha256: 32 bytes; the digest of the call's arguments.
    """

    function: str
    key: str
    arguments_sha256: bytes


def once(tx: Transaction, call: CallKey | None, work: Callable[[Transaction], Result]) -> Result:
    """Do the work of a call, or return what it returned when it was done before.

    The receipt is claimed first of all, so that of two deliveries at once one waits for the
    other; a call that is refused takes its receipt back with everything else.

    :param call: None for a call that cannot be recognised, which is always new.
    :raises KeyReused: if the key came before with other arguments.
    """
    if call is None:
        return work(tx)
    claim = (call.function, call.key, call.arguments_sha256, None, tx.now)
    if tx.first(CLAIM_RECEIPT, *claim) is None:
        return first_result(tx, call)
    result = work(tx)
    tx.write(KEEP_RESULT, [(json.dumps(result), call.function, call.key)])
    return result


def first_result(tx: Transaction, call: CallKey) -> Result:
    """Return what a call returned when it came for the first time."""
    row = tx.first(FIND_RECEIPT, call.function, call.key)
    if row is None or bytes(row[0]) not in (call.arguments_sha256, BY_KEY_ALONE):
        raise KeyReused(call.function, call.key.partition(":")[2])
    result: Result = json.loads(row[1])
    return result


def once_by_key(tx: Transaction, call: CallKey, work: Callable[[Transaction], Result]) -> Result:
    """Do what a key stands for, or return what it returned, whatever its arguments were then.

    For what can be told in more than one way: a step by itself, with all of its run, or from the
    run's log. The one that comes later, whichever it is, gets the first one's result.
    """
    claim = (call.function, call.key, BY_KEY_ALONE, None, tx.now)
    if tx.first(CLAIM_RECEIPT, *claim) is None:
        return find_result(tx, call) or {}
    result = work(tx)
    tx.write(KEEP_RESULT, [(json.dumps(result), call.function, call.key)])
    return result


def find_result(tx: Transaction, call: CallKey) -> Result | None:
    """Return what was returned under a key, whatever its arguments were; None if it never came."""
    row = tx.first(FIND_RECEIPT, call.function, call.key)
    return None if row is None else json.loads(row[1])
