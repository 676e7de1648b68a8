"""How much a run's state may hold in the service, and saying so where it holds more."""

from __future__ import annotations

import json
from typing import Any

from braid_db.flows.errors import FlowStateError

TOO_LARGE = "States.DataLimitExceeded"

LARGEST_STATE_BYTES = 200_000
"""200 KB in the service's documents; read strictly, so that what passes here passes there."""


def json_bytes(value: Any) -> int:
    """Return how many bytes a value takes as compact JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode(errors="surrogatepass"))


def check_size(state: Any, name: str) -> None:
    """Refuse a run's state that the service could not keep.

    :param name: the state whose result made it so.
    :raises FlowStateError: ``States.DataLimitExceeded``, naming the largest member.
    """
    size = json_bytes(state)
    if size > LARGEST_STATE_BYTES:
        raise FlowStateError(
            TOO_LARGE,
            f"With the result of state '{name}' the run's state has {size:,} bytes, and the "
            f"service keeps at most {LARGEST_STATE_BYTES:,}{_largest(state)}; let functions return "
            f"the names of files, not what they hold, or drop by a Pass state what is not needed",
        )


def _largest(state: Any) -> str:
    if not (isinstance(state, dict) and state):
        return ""
    size, name = max((json_bytes(value), name) for name, value in state.items())
    return f" (its largest member is '{name}' with {size:,})"
