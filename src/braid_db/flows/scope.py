"""What the paths and expressions of a flow can see: the run's state and its read-only context."""

from __future__ import annotations

import getpass
import socket
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from braid_db.flows import jsonpath
from braid_db.flows.errors import FlowStateError

CONTEXT = "_context"
RUNTIME_ERROR = "States.Runtime"
DEEPEST = 200
"""How many objects and lists may stand inside each other; Python's own limit is not far above."""

_PRIVATE = "_private"
_TOKEN_LIFETIME_S = 48 * 3600


@dataclass(frozen=True)
class Scope:
    """A run's state at one moment, together with the run's context."""

    state: Any
    context: Mapping[str, Any]

    def read(self, path: str, where: str) -> Any:
        """Return what stands at a path of the state or of ``$._context``.

        :param where: which field asked, for the error's text.
        :raises FlowStateError: ``States.Runtime``, if nothing stands there.
        """
        try:
            return self.find(path)
        except jsonpath.PathNotFound:
            raise FlowStateError(
                RUNTIME_ERROR,
                f"Nothing stands at the path '{path}' of {where}; the run's state has: "
                f"{_few(self.names())}",
            ) from None

    def find(self, path: str) -> Any:
        """Return what stands at a path.

        :raises braid_db.flows.jsonpath.PathNotFound: if nothing does.
        """
        parsed = jsonpath.parse(path)
        in_context = parsed.steps[:1] == (CONTEXT,)
        return parsed.read({CONTEXT: dict(self.context)} if in_context else self.state)

    def has(self, path: str) -> bool:
        """Return whether anything stands at a path, a null included."""
        try:
            self.find(path)
        except jsonpath.PathNotFound:
            return False
        return True

    def names(self) -> dict[str, Any]:
        """Return what an expression knows by a bare name."""
        members = self.state if isinstance(self.state, dict) else {}
        return {**members, CONTEXT: dict(self.context)}


def make_context(run_id: str, flow_id: str) -> dict[str, Any]:
    """Return ``$._context`` as the service fills it, for a run by this machine's user.

    The user's identity is the same in every run: it is derived from the login and the host's
    name. ``action_id`` is what older flows call the run id.
    """
    username = f"{_login()}@{socket.gethostname()}"
    urn = f"urn:globus:auth:identity:{uuid.uuid5(uuid.NAMESPACE_URL, f'local:{username}')}"
    now = int(time.time())
    return {
        "flow_id": flow_id,
        "run_id": run_id,
        "action_id": run_id,
        "username": username,
        "email": username,
        "user_id": urn,
        "identities": [urn],
        "token_info": {"exp": now + _TOKEN_LIFETIME_S, "iat": now, "nbf": now},
    }


def visible(value: Any) -> Any:
    """Return a value as the service shows it: without members whose name begins ``_private``."""
    if isinstance(value, dict):
        return {
            key: visible(member) for key, member in value.items() if not key.startswith(_PRIVATE)
        }
    if isinstance(value, list):
        return [visible(item) for item in value]
    return value


def is_too_deep(value: Any) -> bool:
    """Return whether a value is nested deeper than a run can handle."""
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        level = [inner for outer in level for inner in _inner(outer)]
        depth += 1
    return bool(level)


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _few(names: Iterable[str], limit: int = 20) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:limit]) + (", ..." if len(ordered) > limit else "")


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"  # a container's user may have no name
