"""What an action provider is to a run: it takes one call and answers a status document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from braid_db.flows.errors import FlowStateError

UNABLE_TO_RUN = "ActionUnableToRun"
FAILED = "ActionFailedException"
TIMEOUT = "ActionTimeout"


@dataclass(frozen=True)
class ActionCall:
    """One action that a state asks for.

    :param url: the provider, as the definition names it.
    :param body: the evaluated input.
    :param wait_time_s: how long the state waits for it, in seconds.
    :param creator_id: the URN of who runs the flow.
    """

    state_name: str
    url: str
    body: Any
    wait_time_s: float
    creator_id: str


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
    """The providers that a run has, by their URL; a slash at the end makes no difference."""

    def __init__(self, providers: Mapping[str, ActionProvider]) -> None:
        self._providers = {_canonical(url): provider for url, provider in providers.items()}

    def find(self, url: str) -> ActionProvider | None:
        """Return the provider of a URL, or None."""
        return self._providers.get(_canonical(url))

    @property
    def urls(self) -> Iterable[str]:
        """The URLs that have a provider."""
        return sorted(self._providers)


def unable_to_run(sentence: str) -> FlowStateError:
    """Return the error of an action that was refused before anything was started."""
    return FlowStateError(UNABLE_TO_RUN, {"code": "BadRequest", "description": sentence}, sentence)


def timed_out(call: ActionCall, last_status: dict[str, Any], sentence: str) -> FlowStateError:
    """Return the error of an action that took longer than its state waits."""
    return FlowStateError(TIMEOUT, {"state_name": call.state_name, **last_status}, sentence)


def _canonical(url: str) -> str:
    return url.rstrip("/")
