"""How a flow's questions are put to whoever sits at the terminal."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import click

from braid_db.cli.text import note, visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from braid_db.flows.web_input import Answerer, Question


def asker(quietly: Callable[[], AbstractContextManager[None]]) -> Answerer:
    """Return who asks a question on the terminal, again until the answer is one of its options.

    :param quietly: keeps everything else from the terminal meanwhile.
    """

    def ask(question: Question) -> str:
        with quietly():
            note(visible(question.title or question.state_name))
            for name, value in question.rows:
                note(f"  {visible(name)}: {visible(value)}")
            for option in question.options:
                described = f" - {option.description}" if option.description else ""
                note(f"  [{visible(option.value)}] {visible(option.label + described)}")
            while True:
                answer: str = click.prompt(visible(question.state_name), err=True)
                if question.accepts(answer):
                    return answer
                note("None of the options above; give the text in its brackets.")

    return ask
