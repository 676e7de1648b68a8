"""Whose results an action was given, told by the values themselves.

Each result has a token in it that no other has, so that a value carries where it came from
wherever a flow moves it: whose token is in what an action was given, its result was.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tests.flows.instrumenting.strategies import NOTHING
from tests.flows.instrumenting.world import Execution

# Members of the run's state that are no part of the flow.
PROVENANCE = "braid_db"


def given(execution: Execution) -> Any:
    """Return what the flow itself gave an action."""
    return _own(execution.body)


def _own(value: Any) -> Any:
    if isinstance(value, list):
        return [_own(item) for item in value]
    if isinstance(value, dict):
        return {key: _own(inner) for key, inner in value.items() if key != PROVENANCE}
    return value


def taint(execution: Execution) -> set[int]:
    """Return the executions whose results an action was given, by their numbers."""
    return {int(number) for number in re.findall(r"token-(\d+)-", json.dumps(given(execution)))}


def is_whole(execution: Execution) -> bool:
    """Return whether all that an action reads was there, so that its tokens say all of it."""
    return NOTHING not in json.dumps(given(execution))
