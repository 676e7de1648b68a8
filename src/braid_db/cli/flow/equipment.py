"""What ``braid-db flow run`` is given beside a definition and its input, read from its options."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from braid_db.flows.actions import ActionProvider
    from braid_db.flows.providers.stub import Stub
    from braid_db.flows.web_input import Answerer

Pairs = tuple[tuple[str, str], ...]


def pairs_of(context: click.Context, option: click.Parameter, told: tuple[str, ...]) -> Pairs:
    """Return values of the form NAME=VALUE, taken apart; each name once."""
    pairs = [each.partition("=") for each in told]
    for (name, equals, value), text in zip(pairs, told, strict=True):
        is_bare = option.name != "answers" and not value
        if not (name and equals) or is_bare:
            raise click.BadParameter(f"{text!r} is not of the form {option.metavar}.")
    names = [name for name, _, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise click.BadParameter(f"{name!r} is given twice.")
    return tuple((name, value) for name, _, value in pairs)


def providers(collections: Pairs, sleep: Callable[[float], None]) -> dict[str, ActionProvider]:
    """Return the action providers beside Globus Compute's.

    :raises RunOptionInvalid: if a collection's folder is not there.
    """
    from braid_db.flows.providers import hosted_providers, transfer_providers
    from braid_db.flows.providers.collections import Collections

    folders = Collections({name: Path(folder) for name, folder in collections})
    return {**hosted_providers(sleep), **transfer_providers(folders)}


def stubs(told: Pairs) -> dict[str, Stub]:
    """Return what answers in place of actions, by state.

    :raises RunOptionInvalid: if a file cannot be read.
    """
    from braid_db.flows.providers.stub import read_stub

    return {name: read_stub(Path(file)) for name, file in told}


def answers(told: Pairs) -> dict[str, Answerer]:
    """Return who answers what states await, by state.

    :raises RunOptionInvalid: if a file cannot be read.
    """
    from braid_db.flows.web_input import answering, read_answering

    return {
        name: read_answering(Path(value)) if value.endswith(".json") else answering([value or None])
        for name, value in told
    }


def scaled_sleep(factor: float) -> Callable[[float], None]:
    """Return a way to wait that takes a part of the time that it is told."""

    def sleep(seconds: float) -> None:
        time.sleep(seconds * factor)

    return sleep
