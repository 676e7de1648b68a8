"""Invalidation actions of a record: what follows when it is recalled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from braid_db.api import arguments
from braid_db.api.stored import Stored
from braid_db.api.writing import Writing
from braid_db.errors import InvalidArgument, InvalidationActionNotFound, shown
from braid_db.model import NO_RUN
from braid_db.recall.actions import ActionType, create_action, link_action
from braid_db.records.contents import Contents
from braid_db.steps.invalidation import CreateActionRequest, read_action
from braid_db.steps.values import kind_of
from braid_db.store import Transaction
from braid_db.store.objects import GET_ACTION

if TYPE_CHECKING:
    from braid_db.api.session import Session


class InvalidationActionType(StrEnum):
    """How an action is carried out: as a command, or as a flow that is started."""

    SHELL_COMMAND = "shell"
    AUTOMATE_EVENT = "automate_event"


@dataclass(frozen=True, slots=True)
class InvalidationAction:
    """An action as it is kept.

    :param cmd: the program to run; for a flow, its id.
    :param params: ``{"args": [...]}`` for a program; for a flow, its input.
    """

    id: UUID
    name: str
    action_type: InvalidationActionType
    cmd: str
    params: Mapping[str, Any]


class Actionable(Stored):
    """What a record can do with actions."""

    def set_invalidation_action(
        self, invalidation_action_id: object, session: Session | None = None
    ) -> InvalidationAction | None:
        """Let an action that is there follow when the record is recalled.

        :returns: the action; None where there is none of this id.
        :raises InvalidArgument: if it is no id at all.
        """
        action_id = _action_id(invalidation_action_id)
        if action_id is None:
            arguments.session(session, self._database())
            return None

        def write(writing: Writing) -> InvalidationAction | None:
            try:
                return self._link(writing, action_id)
            except InvalidationActionNotFound:
                return None

        return self._write(write, session)

    def add_invalidation_action(
        self,
        action_type: InvalidationActionType | str,
        name: str,
        cmd: str,
        params: Mapping[str, Any] | Sequence[str] | None = None,
        session: Session | None = None,
    ) -> InvalidationAction:
        """Make an action, and let it follow when the record is recalled.

        :param cmd: the program to run, which the database's owner has to allow; for a flow, its id.
        :param params: ``{"args": [...]}`` or a list for a program; for a flow, its input.
        :raises InvalidArgument: if the type is unknown, or command or parameters do not fit it.
        """
        kind = arguments.text("action_type", action_type)
        told = read_action(
            CreateActionRequest(
                name=arguments.text("name", name),
                action_type=kind,
                command=arguments.text("cmd", cmd),
                params=_arguments_in(params) if kind == ActionType.SHELL else params,
            )
        )

        def write(writing: Writing) -> InvalidationAction:
            made = create_action(writing.tx, told)
            return self._link(writing, made["invalidation_action_id"])

        return self._write(write, session)

    def _link(self, writing: Writing, action_id: str) -> InvalidationAction:
        tx, reference = writing.tx, writing.pin_of(self).reference
        link_action(tx, reference, action_id, Contents(tx, NO_RUN))
        return _action(tx, action_id)


def _action_id(told: object) -> str | None:
    """Return the id of an action; None where it is a text that is the id of none."""
    if not isinstance(told, (str, UUID)):
        raise InvalidArgument("invalidation_action_id", kind_of(told), "the id of an action")
    try:
        return str(UUID(str(told)))
    except ValueError:
        return None


def _arguments_in(params: object) -> object:
    """Return the arguments of a program out of what upstream's programs pass."""
    if not isinstance(params, Mapping):
        return params
    if params and "args" not in params:
        found = f"an object with the key {shown(next(iter(params)), 30)}"
        raise InvalidArgument("params", found, 'a list, or {"args": [...]}')
    return params.get("args")


def _action(tx: Transaction, action_id: str) -> InvalidationAction:
    [[uid, name, kind, command, params]] = tx.rows(GET_ACTION, action_id)
    is_shell = kind == InvalidationActionType.SHELL_COMMAND
    told = json.loads(params)
    return InvalidationAction(
        id=UUID(str(uid)),
        name=name,
        action_type=InvalidationActionType("shell" if is_shell else "automate_event"),
        cmd=command,
        params={"args": told} if is_shell else told,
    )
