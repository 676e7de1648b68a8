"""From an action run to what carries it out: what is allowed here, with all blanks filled in."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial

from braid_db.errors import shown
from braid_db.recall.actions import ActionType
from braid_db.recall.attempts import Attempt
from braid_db.recall.commands import AllowedCommands, NotAllowed
from braid_db.recall.filling import arguments_for, input_for
from braid_db.recall.flow_start import client_of, start_flow
from braid_db.recall.placeholders import values_for
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
        values = values_for(tx, [run.version_id], run.cause)[run.version_id]
        if run.type == ActionType.FLOW:
            return self._start_of_flow(run, values)
        arguments = arguments_for(run.params, values)
        path = self._commands.path_of(run.command)
        return partial(run_program, path, arguments, self._limit_s)

    def _start_of_flow(self, run: DueRun, values: Mapping[str, str]) -> Job:
        assert self._client is not None
        body = input_for(run.command, run.params, values)
        label = f"Braid-DB: recall {run.recall_id}, record {run.record_id}"
        return partial(start_flow, self._client, run.command, body, label, self._limit_s)


def here(settings: Settings) -> Means:
    """Return what this process would carry actions out with."""
    return Means(settings, os.environ)
