"""Every argument of the command line, found in its own commands, with what makes it complete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import click

from braid_db.cli import main, upstream

UPSTREAM = (
    upstream.db_create,
    upstream.db_print,
    upstream.invalidate_record,
    upstream.db_to_mermaid,
    upstream.funcx_add_record,
)

GIVEN = {
    "database": "{database}",
    "cause": "wrong",
    "definition": "{definition}",
    "definitions": "{definition}",
    "flow": "{definition}",
    "name": "add_records",
    "named": "1",
    "number": "1",
    "other": "2",
    "reason": "because",
    "recall_id": "1",
    "recall_ids": "1",
    "record_id": "1",
    "run_id": "run-1",
    "shell": "bash",
}
"""What a required argument of this name is given."""


ALWAYS = ("recall_id",)
"""What a command needs that takes something else in its place."""


class Argument(NamedTuple):
    """One argument of one command that holds a text or names a file.

    :param words: what calls the command; nothing for upstream's, each of which stands alone.
    """

    program: click.Command
    words: tuple[str, ...]
    command: click.Command
    parameter: click.Parameter

    def __str__(self) -> str:
        return " ".join((*(self.words or (str(self.command.name),)), self.parameter.opts[0]))

    def line(self, value: str, **places: object) -> list[str]:
        """Return a command line with this argument given, and all that is required besides.

        :param places: the paths that stand for ``{database}`` and ``{definition}``.
        """
        told = list(self.words)
        for one in self.command.params:
            if one is not self.parameter and not one.required and one.name not in ALWAYS:
                continue
            filled = value if one is self.parameter else GIVEN[str(one.name)].format(**places)
            told += [filled] if isinstance(one, click.Argument) else [one.opts[0], filled]
        return told


def all_arguments(*kinds: type[click.ParamType]) -> list[Argument]:
    """Return the arguments whose values are of some types, in the order of their commands."""
    return [
        Argument(program, words, command, parameter)
        for program, words, command in _commands()
        for parameter in command.params
        if isinstance(parameter.type, kinds) and parameter.name != "direction"
    ]


def _commands() -> Iterator[tuple[click.Command, tuple[str, ...], click.Command]]:
    for words, command in _below(main, ()):
        yield main, words, command
    for command in UPSTREAM:
        yield command, (), command


def _below(
    command: click.Command, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        yield words, command
        return
    for name in command.list_commands(click.Context(command)):
        found = command.get_command(click.Context(command), name)
        assert found is not None
        yield from _below(found, (*words, name))
