"""What a person gives a run, as files: definition, input with values set over it, answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from braid_db.errors import shown
from braid_db.flows.errors import FlowDefinitionInvalid, FlowInputInvalid, RunOptionInvalid


def read_definition(path: Path) -> Any:
    """Return a flow's definition from its file.

    :raises FlowDefinitionInvalid: if the file cannot be read as JSON.
    """
    try:
        return _read_json(path)
    except ValueError as error:
        raise FlowDefinitionInvalid(f"The flow's definition {path} {error}") from None


def read_schema(path: Path) -> Any:
    """Return a flow's input schema from its file.

    :raises FlowInputInvalid: if the file cannot be read as JSON.
    """
    try:
        return _read_json(path)
    except ValueError as error:
        raise FlowInputInvalid(f"The flow's input schema {path} {error}") from None


def read_input(path: Path | None, settings: Iterable[str] = ()) -> dict[str, Any]:
    """Return a run's input from its file, with single values of it replaced.

    :param path: a JSON file; an empty input when omitted.
    :param settings: ``KEY=VALUE``, where KEY is a member of the input, or a dotted name of one
        inside, and VALUE is JSON, or a text that is no JSON.
    :raises FlowInputInvalid: if the file holds no JSON object, or has no such member.
    """
    try:
        value = {} if path is None else _read_json(path)
    except ValueError as error:
        raise FlowInputInvalid(f"The flow's input {path} {error}") from None
    if not isinstance(value, dict):
        raise FlowInputInvalid(f"The flow's input {path} is no JSON object.")
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not (key and equals):
            raise FlowInputInvalid(f"{shown(setting)} sets nothing; expected KEY=VALUE.")
        _set(value, key, _value(text))
    return value


def read_answers(path: Path) -> list[Any]:
    """Return what a JSON file answers, execution by execution: its list, or its only value.

    :raises RunOptionInvalid: if it cannot be read, or is an empty list.
    """
    try:
        value = _read_json(path)
    except ValueError as error:
        raise RunOptionInvalid(f"The file {path} {error}") from None
    answers = value if isinstance(value, list) else [value]
    if not answers:
        raise RunOptionInvalid(f"The file {path} holds an empty list; expected one answer or more.")
    return answers


def _set(members: Any, key: str, value: Any) -> None:
    name, _, rest = key.partition(".")
    if not isinstance(members, dict) or name not in members:
        there = ", ".join(sorted(members)) if isinstance(members, dict) else ""
        raise FlowInputInvalid(
            f"The flow's input has no value '{name}' to set; there it has {there or 'nothing'}."
        )
    if rest:
        _set(members[name], rest, value)
    else:
        members[name] = value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _read_json(path: Path) -> Any:
    """Return what a JSON file holds; a ValueError finishes a sentence that begins with its name."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ValueError("does not exist.") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise ValueError(f"is no JSON: {error}.") from None
    except RecursionError:
        raise ValueError("is nested too deeply to be read.") from None
