"""The two functions that make invalidation actions and link them to records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from braid_db.errors import InvalidArgument, InvalidReference, shown
from braid_db.model import NO_RUN
from braid_db.recall.actions import ActionToCreate, ActionType, create_action, link_action
from braid_db.recall.flow_start import is_flow_id
from braid_db.recall.placeholders import NAMES, fault_in
from braid_db.records.contents import Contents
from braid_db.records.receipts import Result
from braid_db.steps import values
from braid_db.steps.call import Arguments, UseCase, call
from braid_db.steps.documents import failure_of, is_document, results_of
from braid_db.steps.home import Home
from braid_db.steps.references import one_reference
from braid_db.steps.requests import Request, Text
from braid_db.steps.tags import read_tags

UNNAMED = "Not Provided"
ACTION_ID = "invalidation_action_id"
UPSTREAM_FLOW = "automate_event"


class CreateActionRequest(Request):
    """The arguments of ``create_invalidation_action``."""

    name: Text = None
    action_type: Text = None
    command: Text = None
    params: Any = None


class LinkActionRequest(Request):
    """The arguments of ``add_invalidation_action_to_record``."""

    record_id: Any = None
    invalidation_action_id: Any = None


def create_invalidation_action(arguments: Arguments) -> Result:
    """Make an invalidation action.

    :returns: ``{"invalidation_action_id"}``.
    :raises BraidError: if it is refused; nothing is written then.
    """

    def read(request: CreateActionRequest, _: Home) -> UseCase:
        told = read_action(request)
        return lambda tx: create_action(tx, told)

    return call("create_invalidation_action", CreateActionRequest, arguments, read)


def add_invalidation_action_to_record(arguments: Arguments) -> Result:
    """Link an invalidation action to a record.

    :returns: ``{"invalidation_action_id", "flow_state_record_id"}``.
    :raises BraidError: if it is refused; nothing is written then.
    """

    def read(request: LinkActionRequest, _: Home) -> UseCase:
        record = one_reference("record_id", request.record_id)
        action_id = one_action(request.invalidation_action_id)
        return lambda tx: link_action(tx, record, action_id, Contents(tx, NO_RUN))

    return call("add_invalidation_action_to_record", LinkActionRequest, arguments, read)


def read_action(request: CreateActionRequest) -> ActionToCreate:
    """Return what a call tells of an invalidation action.

    :raises InvalidArgument: if the type is unknown, or command or parameters do not fit it.
    """
    kind = action_type(request.action_type)
    if request.command is None:
        expected = "the program to run, or the id of the flow to start"
        raise InvalidArgument("command", "absent", expected)
    if kind is ActionType.FLOW and not is_flow_id(request.command):
        raise InvalidArgument("command", shown(request.command), "the id of the flow, a UUID")
    read = read_arguments if kind is ActionType.SHELL else read_input
    return ActionToCreate(request.name or UNNAMED, kind, request.command, read(request.params))


def action_type(name: str | None) -> ActionType:
    """Return how an action is carried out; a shell command where it is not said."""
    known = {None: ActionType.SHELL, UPSTREAM_FLOW: ActionType.FLOW}
    if name in known:
        return known[name]
    if name not in list(ActionType):
        raise InvalidArgument("action_type", shown(name), "'shell' or 'flow'")
    return ActionType(name)


def read_arguments(params: Any) -> Sequence[str]:
    """Return a program's arguments."""
    if params is None:
        return ()
    if not isinstance(params, (list, tuple)):
        expected = "a list of texts, one for each argument"
        raise InvalidArgument("params", values.kind_of(params), expected)
    limit = values.VALUE_LENGTH
    told = [values.text(f"params[{n}]", item, limit) for n, item in enumerate(params)]
    _check_blanks(told)
    return told


def read_input(params: Any) -> Mapping[str, object]:
    """Return a flow's input."""
    if params is None:
        return {}
    if not isinstance(params, dict):
        raise InvalidArgument("params", values.kind_of(params), "an object, the flow's input")
    read_tags("params", params)
    _check_blanks(params)
    return params


def _check_blanks(value: Any) -> None:
    """Refuse what nothing could ever be filled into."""
    if isinstance(value, str) and (fault := fault_in(value)) is not None:
        raise InvalidArgument("params", f"not to be filled in, as {fault}", f"only {NAMES}")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            _check_blanks(item)


def one_action(value: Any) -> str:
    """Return the id of an invalidation action, given itself or by the step that made it.

    :raises InvalidReference: if that names none, or more than one.
    """
    found = [_id_in(result) for result in _candidates(value)]
    if len(found) != 1:
        reason = f"'{ACTION_ID}' names {len(found) or 'no'} actions, and exactly one is needed"
        raise InvalidReference(reason)
    return found[0]


def _candidates(value: Any) -> list[Any]:
    """Return what may hold an action's id: the value itself, or the results in a document."""
    items = value if isinstance(value, list) else [] if value in (None, "", {}) else [value]
    found = []
    for item in items:
        if not is_document(item):
            found.append(item)
        elif (reason := failure_of(item)) is not None:
            raise InvalidReference(f"'{ACTION_ID}' holds a status document, and {reason}")
        else:
            found += results_of(item)
    return found


def _id_in(value: Any) -> str:
    action_id = value.get(ACTION_ID) if isinstance(value, dict) else value
    try:
        return str(UUID(action_id if isinstance(action_id, str) else ""))
    except ValueError:
        reason = f"'{ACTION_ID}' holds {shown(action_id)}, which is no id of an invalidation action"
        raise InvalidReference(reason) from None
