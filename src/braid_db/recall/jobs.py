"""From an action run to what carries it out: what is allowed here, with all blanks filled in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import partial

from braid_db.errors import shown
from braid_db.recall.actions import ActionType
from braid_db.recall.attempts import Attempt
from braid_db.recall.commands import AllowedCommands, NotAllowed
from braid_db.recall.flow_start import client_of, is_flow_id, start_flow
from braid_db.recall.placeholders import CannotFill, fill, fill_all, values_for
from braid_db.recall.shell import run_program
from braid_db.settings import Settings
from braid_db.store import Transaction
from braid_db.store.actions import DueRun

Job = Callable[[], Attempt]
"""One attempt at an action, ready to be made."""

_NO_CLIENT = (
    "a flow needs a Globus client that starts it; set GLOBUS_COMPUTE_CLIENT_ID and "
    "GLOBUS_COMPUTE_CLIENT_SECRET where actions are run"
)


class Means:
    """What an executor has to carry actions out with.

    :param variables: the executor's environment.
    """

    def __init__(self, settings: Settings, variables: Mapping[str, str]) -> None:
        self._limit_s = settings.action_time_limit_s
        self._commands = AllowedCommands(settings.allowed_commands, variables.get("PATH", ""))
        self._client = client_of(variables)

    def lack_for(self, kind: str, command: str) -> str | None:
        """Return why an action cannot be started here and now; None where it can.

        :param kind: the type of the action.
        """
        if kind == ActionType.FLOW:
            return None if self._client else _NO_CLIENT
        if kind != ActionType.SHELL:
            return f"this version does not know actions of the type {shown(kind)}"
        try:
            self._commands.path_of(command)
        except NotAllowed as refusal:
            return str(refusal)
        return None

    def job_for(self, tx: Transaction, run: DueRun) -> Job:
        """Return what carries out an action that nothing is lacking for.

        :raises CannotFill: if something in its parameters cannot be filled in.
        """
        values = values_for(tx, run.record_id, run.version_id, run.cause)
        if run.type == ActionType.FLOW:
            return self._start_of_flow(run, values)
        path = self._commands.path_of(run.command)
        return partial(run_program, path, _arguments(run.params, values), self._limit_s)

    def _start_of_flow(self, run: DueRun, values: Mapping[str, str]) -> Job:
        assert self._client is not None
        if not is_flow_id(run.command):
            raise CannotFill(f"the command {shown(run.command)} is not the id of a flow")
        body = _body(run.params, values)
        label = f"Braid-DB: recall {run.recall_id}, record {run.record_id}"
        return partial(start_flow, self._client, run.command, body, label, self._limit_s)


def here(settings: Settings) -> Means:
    """Return what this process would carry actions out with."""
    return Means(settings, os.environ)


def _arguments(params: str, values: Mapping[str, str]) -> list[str]:
    """Return a program's arguments, filled in."""
    told = _parameters(params)
    if not isinstance(told, list) or not all(isinstance(text, str) for text in told):
        raise _misfit(params)
    arguments = [fill(text, values) for text in told]
    for number, argument in enumerate(arguments, 1):
        if not _can_be_given(argument):
            raise CannotFill(f"no program can be given the argument {number}, {shown(argument)}")
    return arguments


def _body(params: str, values: Mapping[str, str]) -> Mapping[str, object]:
    """Return a flow's input, filled in."""
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
