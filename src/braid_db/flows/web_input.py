"""What a flow asks people, and how they answer here: beforehand by a file, or when asked.

Source: the web input examples of globus-flows-examples; the service's own documents of the two
states show no more of their results than ``web_input_id`` and ``response``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from braid_db.errors import shown
from braid_db.flows.errors import FlowStateError, RunOptionInvalid
from braid_db.flows.run_input import read_answers
from braid_db.flows.scope import RUNTIME_ERROR

EXPIRED = "Flows.WebInputExpired"


@dataclass(frozen=True)
class Option:
    """One of the answers that a person can choose."""

    value: str
    label: str
    description: str


@dataclass(frozen=True)
class Question:
    """What a flow asks a person.

    :param state_name: the state that awaits the answer.
    :param rows: what the person is shown, by name.
    :param options: the answers to choose from; any text will do where there are none.
    :param execution: which execution of the state it is, from 1.
    """

    state_name: str
    title: str
    rows: tuple[tuple[str, str], ...]
    options: tuple[Option, ...]
    execution: int

    def accepts(self, answer: str) -> bool:
        """Return whether a person could have given this answer."""
        return not self.options or answer in [option.value for option in self.options]


Answerer = Callable[[Question], str | None]
"""Answers a question; None if nobody does in time."""


class People:
    """Who answers a flow's questions.

    :param answers: by the name of the state that awaits the answer.
    :param ask: who is asked for all others; they cannot be answered when omitted.
    """

    def __init__(
        self, answers: Mapping[str, Answerer] | None = None, ask: Answerer | None = None
    ) -> None:
        self._answers = dict(answers or {})
        self._ask = ask

    def can_answer(self, state_name: str) -> bool:
        """Return whether somebody answers what a state awaits."""
        return self._ask is not None or state_name in self._answers

    @property
    def prepared(self) -> Iterable[str]:
        """The states whose answers were given beforehand."""
        return sorted(self._answers)

    def answer(self, question: Question) -> str:
        """Return what is answered.

        :raises FlowStateError: ``Flows.WebInputExpired``, if nobody answers.
        :raises RunOptionInvalid: if the answer is none that the question accepts.
        """
        answerer = self._answers.get(question.state_name, self._ask)
        answer = answerer(question) if answerer else None
        if answer is None:
            sentence = f"Nobody answered what state '{question.state_name}' awaits"
            raise FlowStateError(EXPIRED, {"description": sentence}, sentence)
        if not question.accepts(answer):
            raise RunOptionInvalid(
                f"The answer {shown(answer)} to state '{question.state_name}' is none of "
                f"{', '.join(option.value for option in question.options)}."
            )
        return answer


def answering(answers: Sequence[str | None]) -> Answerer:
    """Return who gives one answer after the other; the last one answers all that follow."""

    def answer(question: Question) -> str | None:
        return answers[min(question.execution, len(answers)) - 1]

    return answer


def read_answering(path: Path) -> Answerer:
    """Return who answers by a JSON file: a text, null for no answer in time, or a list of these.

    :raises RunOptionInvalid: if the file holds something else.
    """
    answers = read_answers(path)
    for answer in answers:
        if not (answer is None or isinstance(answer, str)):
            raise RunOptionInvalid(
                f"The file {path} answers {shown(answer)}; expected a text, or null for nobody."
            )
    return answering(answers)


def question_of(state_name: str, asked: Any, execution: int) -> Question:
    """Return the question that a CreateWebInput state asked by its evaluated Parameters.

    :raises FlowStateError: ``States.Runtime``, if they are none that a person could be asked by.
    """
    if not isinstance(asked, dict):
        raise _unusable(state_name, f"it is {shown(asked)} and no object")
    context, options = asked.get("Context", {}), asked.get("Options", [])
    rows = context.get("Rows", []) if isinstance(context, dict) else None
    if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
        raise _unusable(state_name, "its Context is no object with a Title and Rows")
    return Question(
        state_name,
        str(context.get("Title", "")),
        tuple((str(row.get("Field", "")), str(row.get("Value", ""))) for row in rows),
        tuple(_options(state_name, options)),
        execution,
    )


def _options(state_name: str, options: Any) -> Iterable[Option]:
    if not isinstance(options, list):
        raise _unusable(state_name, "its Options are no list")
    for option in options:
        if not (isinstance(option, dict) and isinstance(option.get("Value"), str)):
            raise _unusable(state_name, f"its option {shown(option)} has no Value")
        label, description = option.get("Label", option["Value"]), option.get("Description", "")
        yield Option(option["Value"], str(label), str(description))


def _unusable(state_name: str, reason: str) -> FlowStateError:
    return FlowStateError(
        RUNTIME_ERROR, f"State '{state_name}' asks what nobody could answer: {reason}"
    )
