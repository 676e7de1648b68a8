"""Where a run stands between two states, which is all that it needs to go on.

It is kept in a file after each state, so that a run that was interrupted, killed or has failed can
be resumed at the state where that happened.
"""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from braid_db.flows.definition import Definition, check_shape
from braid_db.flows.errors import FlowInputInvalid, SavedRunUnusable
from braid_db.flows.limits import LARGEST_STATE_BYTES, json_bytes
from braid_db.flows.scope import CONTEXT, DEEPEST, is_too_deep, make_context

_FLOW_IDS = uuid.UUID("25fd79b2-e7ab-44c5-baef-e070cbe6076b")
_FORMAT = "braid-db flow run 1"


@dataclass(frozen=True)
class RunPoint:
    """A run at one moment, between two states.

    :param context: ``$._context``.
    :param next: the state that is entered next; None after the last.
    :param executions: how often each state was executed to its end.
    :param web_inputs: what was asked of people, by the web input's id.
    :param source: the file that the definition was read from; its functions stand beside it.
    """

    definition: Definition
    context: dict[str, Any]
    state: Any
    next: str | None
    executions: Mapping[str, int] = field(default_factory=dict)
    web_inputs: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None

    @property
    def run_id(self) -> str:
        """The run's id."""
        return str(self.context["run_id"])


Keeper = Callable[[RunPoint], None]


def keep_nothing(point: RunPoint) -> None:
    """Let a run be forgotten when it ends."""


def start_of(
    definition: Definition,
    run_input: Any,
    *,
    run_id: str | None = None,
    flow_id: str | None = None,
    source: Path | None = None,
) -> RunPoint:
    """Return where a new run of a definition stands before its first state.

    :param run_id: a new UUID when omitted.
    :param flow_id: when omitted one that is the same for every run of this definition.
    :raises FlowDefinitionInvalid: if the definition is none at all.
    :raises FlowInputInvalid: if the input is no object, would hide the run's context, or is
        larger than a run's state can be.
    """
    check_shape(definition)
    state = _checked_input(run_input)
    context = make_context(run_id or str(uuid.uuid4()), flow_id or _flow_id(definition))
    read_from = str(source.absolute()) if source else None
    return RunPoint(definition, context, state, definition.get("StartAt"), source=read_from)


def save(point: RunPoint, path: Path) -> None:
    """Write a point to a file: whole or not at all, readable by its owner alone.

    :raises SavedRunUnusable: if it cannot be written.
    """
    document = {"format": _FORMAT, **asdict(point)}
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise SavedRunUnusable(path, f"cannot be written: {error.strerror}") from None


def load(path: Path) -> RunPoint:
    """Return the point that a file holds.

    :raises SavedRunUnusable: if it holds none.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SavedRunUnusable(path, "does not exist") from None
    except OSError as error:
        raise SavedRunUnusable(path, f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise SavedRunUnusable(path, "is no JSON") from None
    names = {each.name for each in fields(RunPoint)}
    if not (isinstance(document, dict) and document.pop("format", None) == _FORMAT):
        raise SavedRunUnusable(path, "holds no run that 'braid-db flow run --state' has kept")
    if set(document) != names:
        raise SavedRunUnusable(path, "was kept by another version of Braid-DB")
    return RunPoint(**document)


def _checked_input(run_input: Any) -> Any:
    """Return the input as JSON carries it, a copy."""
    if not isinstance(run_input, dict):
        raise FlowInputInvalid("A flow's input is a JSON object; its members are the first state.")
    if CONTEXT in run_input:
        raise FlowInputInvalid(
            f"The input has a member '{CONTEXT}', which would hide the run's own; rename it."
        )
    if is_too_deep(run_input):
        raise FlowInputInvalid(f"The flow's input is nested more than {DEEPEST} deep.")
    try:
        state = json.loads(json.dumps(run_input))
    except (TypeError, ValueError) as error:
        raise FlowInputInvalid(f"The flow's input is not JSON: {error}.") from None
    size = json_bytes(state)
    if size > LARGEST_STATE_BYTES:
        raise FlowInputInvalid(
            f"The flow's input has {size:,} bytes, and the service keeps at most "
            f"{LARGEST_STATE_BYTES:,} of a run's state; pass names of files, not what they hold."
        )
    return state


def _flow_id(definition: Definition) -> str:
    return str(uuid.uuid5(_FLOW_IDS, json.dumps(definition, sort_keys=True)))
