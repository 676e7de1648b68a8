"""Small flows in files, as somebody writes them, and the service as a process here asks it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.globus.account import Account

State = dict[str, Any]

GREET: State = {
    "Type": "Action",
    "ActionUrl": "https://actions.globus.org/hello_world",
    "Parameters": {"echo_string.$": "$.word"},
    "ResultPath": "$.Greet",
    "End": True,
}
FAIL: State = {"Type": "Fail", "Error": "NoLuck", "Cause": "the die was cast"}
SCHEMA = {
    "type": "object",
    "required": ["word"],
    "properties": {"word": {"type": "string"}},
    "additionalProperties": False,
}


class FlowFolder:
    """A folder with a definition, its input schema, and an input.

    :param states: the definition's, in order; each has its ``Next`` or ``End`` from its place.
    """

    def __init__(self, folder: Path, **states: State) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.definition, self.schema = folder / "definition.json", folder / "input_schema.json"
        self.input = folder / "input.json"
        self.write(**states)
        self.input.write_text(json.dumps({"word": "hello"}))
        self.schema.write_text(json.dumps(SCHEMA))

    def write(self, **states: State) -> None:
        """Write the definition anew."""
        definition = {"StartAt": next(iter(states)), "States": states}
        self.definition.write_text(json.dumps(definition))


def wait(seconds: int, **after: Any) -> State:
    """Return a state that waits."""
    return {"Type": "Wait", "Seconds": seconds, **(after or {"End": True})}


def passing(**after: Any) -> State:
    """Return a state that does nothing."""
    return {"Type": "Pass", "ResultPath": "$.Passed", **(after or {"End": True})}


@contextmanager
def acting_as(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process be a person's, as their shell would start it."""
    with monkeypatch.context() as patch:
        for name in set(os.environ) | set(account.environment):
            patch.delenv(name, raising=False)
        for name, value in account.environment.items():
            patch.setenv(name, value)
        yield
