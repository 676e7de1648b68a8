"""The two functions that a flow asks and recalls by: ``check_records``, ``invalidate_record``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from braid_db.errors import InvalidArgument, InvalidReference
from braid_db.model import NO_REFERENCES, Reference, References
from braid_db.recall.causes import causes_of_references
from braid_db.recall.recalls import count_reached, invalidate
from braid_db.recall.targets import Targets
from braid_db.recall.views import InvalidInput
from braid_db.records.receipts import Result
from braid_db.steps import values
from braid_db.steps.call import Arguments, UseCase, answer, call
from braid_db.steps.home import Home
from braid_db.steps.references import OUTPUT_IDS, STEP_ID, one_reference, read_references
from braid_db.steps.requests import Flag, Request, Text, read_by
from braid_db.store import Transaction

MOST_SHOWN = 20
LONGEST_CAUSE = 200
MOST_IDS = 1000
"""What a result holds of each at most: a flow's state is limited to 200 KB, all in all."""


def _read_checked(argument: str, value: object) -> References:
    return read_references(argument, value, STEP_ID, also=OUTPUT_IDS)


Checked = Annotated[References, read_by(_read_checked)]
Number = Annotated[int | None, read_by(values.version)]
Time = Annotated[datetime | None, read_by(values.time)]


class CheckRequest(Request):
    """The arguments of ``check_records``."""

    record_ids: Checked = NO_REFERENCES


class InvalidateRequest(Request):
    """The arguments of ``invalidate_record``."""

    record_id: Any = None
    cause: Text = None
    version: Number = None
    all_versions: Flag = False
    since: Time = None
    until: Time = None
    follow_order: Flag = False


def check_records(arguments: Arguments) -> Result:
    """Say whether records are safe to use; nothing is written.

    :returns: ``{"valid", "invalid", "invalid_count", "database"}``.
    :raises BraidError: if a record is named that cannot be checked.
    """

    def read(request: CheckRequest, _: Home) -> UseCase:
        references = read_checked(request)
        return lambda tx: _checked(tx, causes_of_references(tx, references))

    return answer("check_records", CheckRequest, arguments, read)


def read_checked(request: CheckRequest) -> tuple[Reference, ...]:
    """Return what is to be checked.

    Nothing at all is refused, and so is what names no record whatever ``if_missing`` says: to call
    either valid would be worse than a failed step.

    :raises InvalidReference: if it is.
    """
    references = request.record_ids
    if references.missing:
        raise InvalidReference(references.missing[0])
    if not references.found:
        raise InvalidReference("'record_ids' names no records, and at least one is needed")
    return references.found


def invalidate_record(arguments: Arguments) -> Result:
    """Recall a record with all that came of it.

    :returns: ``{"recall_ids", "recalls", "reached", "owed_actions", "database"}``.
    :raises BraidError: if it is refused; nothing is written then.
    """

    def read(request: InvalidateRequest, where: Home) -> UseCase:
        targets = read_targets(request)

        def work(tx: Transaction) -> Result:
            recalls = invalidate(
                tx,
                targets,
                cause=request.cause or "",
                by=request.started_by,
                follow_order=request.follow_order,
                rules=where.rules,
            )
            ids = [recall.recall_id for recall in recalls]
            return {
                "recall_ids": ids[:MOST_IDS],
                "recalls": len(ids),
                "reached": count_reached(tx, ids),
                "owed_actions": sum(sum(recall.actions.values()) for recall in recalls),
                "database": tx.database,
            }

        return work

    return call("invalidate_record", InvalidateRequest, arguments, read)


def read_targets(request: InvalidateRequest) -> Targets:
    """Return what a call recalls.

    :raises BraidError: if it names no record, or more than one; or a version and others as well.
    """
    record = one_reference("record_id", request.record_id)
    if request.version is not None:
        if request.all_versions or request.since or request.until:
            found = "given together with all_versions, since or until"
            raise InvalidArgument("version", found, "only one of these choices")
        record = record._replace(version=request.version)
    return Targets((record,), (), (), (), request.all_versions, request.since, request.until)


def _checked(tx: Transaction, causes: list[InvalidInput]) -> Result:
    shown = [cause | {"cause": _short(cause["cause"])} for cause in causes[:MOST_SHOWN]]
    return {
        "valid": not causes,
        "invalid": shown,
        "invalid_count": len(causes),
        "database": tx.database,
    }


def _short(cause: str) -> str:
    return cause if len(cause) <= LONGEST_CAUSE else f"{cause[: LONGEST_CAUSE - 3]}..."
