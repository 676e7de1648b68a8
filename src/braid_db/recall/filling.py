"""What an action hands to its program or flow, with all blanks filled in from one record."""

from __future__ import annotations

import json
from collections.abc import Mapping

from braid_db.errors import shown
from braid_db.recall.actions import ActionType
from braid_db.recall.flow_start import is_flow_id
from braid_db.recall.placeholders import CannotFill, fill, fill_all


def why_not_filled(kind: str, command: str, params: str, values: Mapping[str, str]) -> str | None:
    """Return why an action could not be started for a record; None where it could.

    :param kind: the type of the action.
    """
    try:
        if kind == ActionType.FLOW:
            input_for(command, params, values)
        elif kind == ActionType.SHELL:
            arguments_for(params, values)
    except CannotFill as fault:
        return str(fault)
    return None


def arguments_for(params: str, values: Mapping[str, str]) -> list[str]:
    """Return a program's arguments, filled in.

    :raises CannotFill: if they cannot be, or cannot be given to a program then.
    """
    told = _parameters(params)
    if not isinstance(told, list) or not all(isinstance(text, str) for text in told):
        raise _misfit(params)
    arguments = [fill(text, values) for text in told]
    for number, argument in enumerate(arguments, 1):
        if not _can_be_given(argument):
            raise CannotFill(f"no program can be given the argument {number}, {shown(argument)}")
    return arguments


def input_for(command: str, params: str, values: Mapping[str, str]) -> Mapping[str, object]:
    """Return a flow's input, filled in.

    :param command: the flow's id.
    :raises CannotFill: if it cannot be, or the flow has no id.
    """
    if not is_flow_id(command):
        raise CannotFill(f"the command {shown(command)} is not the id of a flow")
    told = _parameters(params)
    if not isinstance(told, dict):
        raise _misfit(params)
    filled: dict[str, object] = fill_all(told, values)
    return filled


def _parameters(params: str) -> object:
    try:
        return json.loads(params)
    except (ValueError, RecursionError):
        return None


def _misfit(params: str) -> CannotFill:
    return CannotFill(f"the parameters {shown(params)} do not fit an action of its type")


def _can_be_given(argument: str) -> bool:
    """Return whether the system can pass a text on: no NUL byte, no half of a surrogate pair."""
    try:
        return b"\0" not in argument.encode()
    except UnicodeEncodeError:
        return False
