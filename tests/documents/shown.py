"""What a document shows of a command's output, held against what the command prints."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

LEFT_OUT = "..."
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?")
_SOFTWARE = re.compile(r"\b(numpy|scipy|scikit-learn) \d[\w.]*")
_RUN = re.compile(r" \(run [0-9a-f-]{36}(, flow [0-9a-f-]{36})?\)$")
_ITEM = re.compile(r"\d+\. ")
_COLUMN = re.compile(r"\S+(?: \S+)*")
_CLOSE = 0.1
"""How far numbers may differ: other versions of the libraries round differently."""


def blocks_of(text: str) -> list[list[str]]:
    """Return the lines of each fenced block that names no language: those are outputs."""
    return [block.splitlines() for block in re.findall(r"^```\n(.*?)^```$", text, re.M | re.S)]


def is_shown(block: Sequence[str], printed: str) -> bool:
    """Return whether a block's lines stand in what was printed, one after the other.

    ``...`` stands for lines that are left out. Of a table columns may be left out, and of a plan
    what is told below each of its items.
    """
    lines = printed.splitlines()
    if _ITEM.match(block[0]):
        lines = [line for line in lines if _ITEM.match(line)]
    return any(
        _fits(block, rest) or _fits(block, _columns(block[0], rest))
        for rest in (lines[start:] for start in range(len(lines)))
    )


def _fits(block: Sequence[str], lines: Sequence[str]) -> bool:
    if not block:
        return True
    if block[0].strip(" │") == LEFT_OUT:
        return any(_fits(block[1:], lines[start:]) for start in range(1, len(lines) + 1))
    return bool(lines) and _is_same(block[0], lines[0]) and _fits(block[1:], lines[1:])


def _is_same(shown: str, printed: str) -> bool:
    one, other = _words(shown), _words(printed)
    return len(one) == len(other) and all(map(_is_same_word, one, other))


def _words(line: str) -> list[str]:
    return _SOFTWARE.sub(r"\1 VERSION", _TIME.sub("TIME", _RUN.sub("", line))).split()


def _is_same_word(one: str, other: str) -> bool:
    if "." in one and re.fullmatch(r"-?\d+\.\d+", one) and re.fullmatch(r"-?\d+\.?\d*", other):
        return math.isclose(float(one), float(other), rel_tol=_CLOSE)
    return one == other


def _columns(header: str, lines: Sequence[str]) -> list[str]:
    """Return a table's lines with the columns of a header alone; nothing if it has not all."""
    found = list(_COLUMN.finditer(lines[0]))
    begins = [match.start() for match in found]
    ends = [*begins[1:], None]
    places = {each[0]: slice(*place) for each, *place in zip(found, begins, ends, strict=False)}
    wanted = _COLUMN.findall(header)
    if not (len(wanted) > 1 and set(wanted) <= places.keys()):
        return []
    return ["  ".join(line[places[name]] for name in wanted) for line in lines]
