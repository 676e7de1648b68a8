"""How commands write a definition: to a file, whole or not at all, or as the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file in place of the one that is there.

    :raises FlowUnwritable: if it cannot be written; it is then as it was.
    """
    from braid_db.compute.owned_file import replace_file
    from braid_db.flows.errors import FlowUnwritable

    try:
        replace_file(path, as_text(value))
    except OSError as error:
        raise FlowUnwritable(f"The file {path} cannot be written: {error.strerror}.") from None


def answer(path: Path | None, value: Any) -> None:
    """Write a definition to its file, or show it where none is named."""
    if path is None:
        click.echo(as_text(value))
    else:
        write_json(path, value)


def as_text(value: Any) -> str:
    """Return JSON as a person would write it."""
    return json.dumps(value, indent=2, ensure_ascii=False)
