"""What answers print as: lines of text, with nothing in them that could steer a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

FEW = 5
"""How many things one line names."""


def visible(text: str) -> str:
    """Return a text with what could steer a terminal shown by its codes.

    Names come from anywhere, and an escape sequence in one could rewrite what the terminal shows.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def tag_text(value: object) -> str:
    """Return a tag's value as a line shows it: a string as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, allow_nan=False)


def minute(time: str) -> str:
    """Return an ISO 8601 time to the minute, as people read it."""
    return time[:16].replace("T", " ")


def counted(counts: Mapping[Any, int]) -> str:
    """Return how many there are of each, in one line; empty for nothing."""
    return ", ".join(f"{count:,} {what}" for what, count in counts.items())


def aligned(rows: Iterable[tuple[str, str | None]]) -> list[str]:
    """Return labels and what they name in two columns; what is None is left out."""
    known = [(visible(label), visible(text)) for label, text in rows if text is not None]
    width = max(len(label) for label, _ in known)
    return [f"{label.ljust(width)}  {text}".rstrip() for label, text in known]


class Lines:
    """What prints as lines of text, in a notebook too."""

    __slots__ = ()

    def lines(self) -> Iterator[str]:
        """Yield the lines, with nothing in them that could steer a terminal."""
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"
