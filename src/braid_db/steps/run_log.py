"""What a run's log tells of the actions that ran, read into what the use case takes.

It comes as plain JSON from whoever has read the log, and is checked like any request.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from braid_db.errors import BraidError, InvalidArgument
from braid_db.identity import IdentityRules
from braid_db.records.completing import complete_run
from braid_db.records.flow_runs import Execution
from braid_db.records.steps import StepToRecord
from braid_db.records.transfers import TransferToRecord
from braid_db.steps.action_step import ActionStepRequest, read_action_step
from braid_db.steps.flow_run import STEP, TRANSFER, key_of_execution
from braid_db.steps.requests import Request
from braid_db.steps.transfer_task import TransferRequest, read_transfer
from braid_db.store import Store

Told = dict[str, Any]
"""One execution of an action: its ``step_name``, ``result`` (its status document), ``id`` and
``has_id``, ``is_transfer``, what it was ``given``, the ``error`` that it ended by, and the
executions ``after`` whose results it was given, by their places; None where nobody knows them."""


class Reconciled(NamedTuple):
    """What came of reconciling a run.

    :param record_ids: the record of each action that ran, in their order.
    :param new: those that were made now.
    :param warnings: what could not be recorded as it was told.
    """

    record_ids: list[int]
    new: list[int]
    warnings: list[str]


def complete_flow_run(
    store: Store, rules: IdentityRules, run: dict[str, Any], steps: list[Told]
) -> Reconciled:
    """Record what ran in a run and has no record yet, in one transaction.

    :param run: its ``run_id``, ``flow_id`` and ``started_by``.
    :param steps: what ran, in its order.
    :raises BraidError: if a part of it cannot be recorded; nothing is written then.
    """
    run_id = Request.model_validate(run).run_id
    if run_id is None:
        raise InvalidArgument("run_id", "empty", "the id of the run")
    warnings: list[str] = []
    executions = [_execution(run, run_id, step, warnings) for step in steps]
    completed = store.write(lambda tx: complete_run(tx, rules, run_id, executions))
    return Reconciled(*completed, warnings)


def _execution(run: Told, run_id: str, step: Told, warnings: list[str]) -> Execution:
    """Return one execution; what it was given and left is left out where it cannot be recorded."""
    is_transfer, name = step["is_transfer"], step["step_name"]
    without_given = {**step, "given": None}
    alone = {**without_given, "result": {**step["result"], "details": {}}}
    *attempts, last = (step, without_given, alone)
    read = _transfer if is_transfer else _step
    for attempt in attempts:
        try:
            told = read(run, attempt)
            break
        except BraidError as error:
            reason = error.message.removesuffix(" Nothing was written.")
            warnings.append(f"{name}: recorded without a part of it: {reason}")
    else:
        told = read(run, last)
    key = key_of_execution(TRANSFER if is_transfer else STEP, run_id, name, step["id"])
    after = None if step["after"] is None else tuple(step["after"])
    return Execution(name, key, told, after, step["has_id"])


def _step(run: Told, step: Told) -> StepToRecord:
    parameters = {} if step["given"] is None else {"parameters": step["given"]}
    told = {
        "step_name": step["step_name"],
        "tags": {**parameters, **step["error"]},
        "step_result": step["result"],
    }
    return read_action_step(ActionStepRequest.model_validate({**run, **told}))


def _transfer(run: Told, step: Told) -> TransferToRecord:
    result = {**step["result"], **step["error"]}
    told = {"transfer_input": step["given"], "transfer_result": result}
    return read_transfer(TransferRequest.model_validate({**run, **told}))
