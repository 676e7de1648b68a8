"""What a check finds: one thing in one place, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """Whether a finding is certain to do harm, or may do so on some way through the flow."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, or may go wrong.

    :param code: which kind of finding it is; the same in all versions.
    :param state: the state that it is in; None for the definition or the input as a whole.
    :param field: where in the state, such as ``Parameters.tasks[0].args`` or ``Catch[0].Next``.
    :param sentence: what was found.
    :param mend: what to do about it.
    """

    severity: Severity
    code: str
    state: str | None
    field: str
    sentence: str
    mend: str

    @property
    def is_error(self) -> bool:
        """Whether the service refuses it, or a run that comes there fails."""
        return self.severity is Severity.ERROR

    @property
    def place(self) -> str:
        """The state and field, as a person would name them."""
        state = [f"State '{self.state}'"] if self.state is not None else []
        return ", ".join([*state, *([self.field] if self.field else [])]) or "The definition"

    def __str__(self) -> str:
        return f"{self.severity}: {self.place}: {self.sentence} {self.mend} [{self.code}]"

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON carries it."""
        return asdict(self)


def error(code: str, state: str | None, field: str, sentence: str, mend: str) -> Finding:
    """Return a finding that the service refuses, or at which every run fails that comes there."""
    return Finding(Severity.ERROR, code, state, field, sentence, mend)


def warning(code: str, state: str | None, field: str, sentence: str, mend: str) -> Finding:
    """Return a finding that may be meant, or that harms on some ways only."""
    return Finding(Severity.WARNING, code, state, field, sentence, mend)


def listed(names: Iterable[str], limit: int = 12) -> str:
    """Return names as a sentence lists them."""
    ordered = sorted(names)
    return ", ".join(ordered[:limit]) + (", ..." if len(ordered) > limit else "")
