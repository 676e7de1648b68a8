"""What an action provider is to a run: it takes one call and answers a status document."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from braid_db.flows.errors import FlowStateError

UNABLE_TO_RUN = "ActionUnableToRun"
FAILED = "ActionFailedException"
TIMEOUT = "ActionTimeout"

OVER = ("SUCCEEDED", "FAILED")
"""The status of an action that goes on no more."""


@dataclass(frozen=True)
class ActionCall:
    """One action that a state asks for.

    :param url: the provider, as the definition names it.
    :param body: the evaluated input.
    :param wait_time_s: how long the state waits for it, in seconds.
    :param creator_id: the URN of who runs the flow.
    :param execution: which execution of this state in its run it is, from 1.
    :param again: whether an interrupted run goes on with it: part of its work may be done.
    :param id: what identifies this execution: it has the same id where an interrupted run goes
        on with it, so that what it records is recognised.
    """

    state_name: str
    url: str
    body: Any
    wait_time_s: float
    creator_id: str
    execution: int = 1
    again: bool = False
    id: uuid.UUID = field(default_factory=uuid.uuid4)


class ActionProvider(Protocol):
    """Runs the actions of one or more URLs."""

    def run(self, call: ActionCall) -> dict[str, Any]:
        """Run one action to its end and return its status document.

        The runner adds ``state_name``; everything else is the provider's, ``status`` being
        ``SUCCEEDED`` or ``FAILED``.

        :raises FlowStateError: ``ActionUnableToRun`` if nothing was started, ``ActionTimeout``
            with the last status document if the wait time was exceeded.
        """
        ...


class ActionProviders:
    """The providers that a run has, by their URL or by the state that they stand in for.

    :param providers: by URL; a slash at the end makes no difference.
    :param stubs: by the name of a state, whatever that state calls.
    """

    def __init__(
        self,
        providers: Mapping[str, ActionProvider],
        stubs: Mapping[str, ActionProvider] | None = None,
    ) -> None:
        self._providers = {_canonical(url): provider for url, provider in providers.items()}
        self._stubs = dict(stubs or {})

    def find(self, url: str, state_name: str = "") -> ActionProvider | None:
        """Return what runs the actions of a state, or None."""
        return self._stubs.get(state_name) or self._providers.get(_canonical(url))

    @property
    def urls(self) -> Iterable[str]:
        """The URLs that have a provider."""
        return sorted(self._providers)

    @property
    def stubbed(self) -> Iterable[str]:
        """The states that have a stub."""
        return sorted(self._stubs)


def status_document(
    call: ActionCall,
    status: str,
    details: Any,
    *,
    started_at: datetime,
    display_status: str | None = None,
    **other: Any,
) -> dict[str, Any]:
    """Return the document that an action leaves, with the fields that all of them have.

    One that is over completed now.

    :param other: fields that have another value than most providers give them.
    """
    is_over = status in OVER
    document = {
        "action_id": str(call.id),
        "status": status,
        "details": details,
        "completion_time": datetime.now(UTC).isoformat() if is_over else None,
        "creator_id": call.creator_id,
        "display_status": display_status or status,
        "label": None,
        "manage_by": [],
        "monitor_by": [],
        "release_after": "P30D",
        "start_time": started_at.isoformat(),
    }
    return {**document, **other}


def unable_to_run(sentence: str) -> FlowStateError:
    """Return the error of an action that was refused before anything was started."""
    return FlowStateError(UNABLE_TO_RUN, {"code": "BadRequest", "description": sentence}, sentence)


def timed_out(call: ActionCall, last_status: dict[str, Any], sentence: str) -> FlowStateError:
    """Return the error of an action that took longer than its state waits."""
    return FlowStateError(TIMEOUT, {"state_name": call.state_name, **last_status}, sentence)


def _canonical(url: str) -> str:
    return url.rstrip("/")
