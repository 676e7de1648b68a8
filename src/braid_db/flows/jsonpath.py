"""Paths into a run's state: reading by JSONPath, writing by reference path.

Flows in use name members, list items and slices, and nothing else of JSONPath (facts: 1,019 paths
in 94 published definitions); wildcards, filters and recursive descent are refused by name. For
so little a grammar of our own is shorter than the adapter to a library would be, and it says in
one sentence what is wrong with a path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from braid_db.flows.errors import FlowPathInvalid, FlowPathNotRun

_STEP = re.compile(
    r"""\.(?P<name>[^\s.\[\]'"`*?@(),:;]+)
      | \[(?P<index>-?\d+)\]
      | \[(?P<start>-?\d*):(?P<stop>-?\d*)(?::(?P<stride>-?\d*))?\]
      | \['(?P<single>(?:\\.|[^'\\])*)'\]
      | \["(?P<double>(?:\\.|[^"\\])*)"\]""",
    re.VERBOSE,
)
_ABSENT: Any = object()

Step = str | int | slice


class PathNotFound(LookupError):
    """A path points to nothing in this document."""


class PathBlocked(LookupError):
    """A value cannot be written at a path, because something else than an object is in the way."""


@dataclass(frozen=True)
class JsonPath:
    """A parsed path: member names, list indexes and slices."""

    text: str
    steps: tuple[Step, ...]

    @property
    def is_reference(self) -> bool:
        """Whether it points to exactly one place, so that it can be written to."""
        return not any(isinstance(step, slice) for step in self.steps)

    def read(self, document: Any) -> Any:
        """Return what stands at this path; from a slice on, the list of all that stands there.

        :raises PathNotFound: if nothing does. A slice of a list always finds something: it may
            be empty.
        """
        found, sliced = [document], False
        for step in self.steps:
            if isinstance(step, slice) and (sliced or isinstance(found[0], list)):
                found = [item for each in found if isinstance(each, list) for item in each[step]]
                sliced = True
            else:
                found = [_member(each, step) for each in found]
                found = [each for each in found if each is not _ABSENT]
            if not (found or sliced):
                raise PathNotFound(self.text)
        return found if sliced else found[0]

    def write(self, document: Any, value: Any) -> Any:
        """Return the document with a value at this path; missing objects on the way are made.

        The document itself is left as it is.

        :raises PathBlocked: if the way leads through something that is no object, or to a place
            in a list that the list has not.
        """
        return _written(document, self.steps, value)


@lru_cache(maxsize=1024)
def parse(text: str) -> JsonPath:
    """Parse a path such as ``$.input.items[0]``, ``$['a b'].c`` or ``$.names[1:]``.

    :raises FlowPathInvalid: if it is no path, or uses a part of JSONPath that flows here do not.
    """
    if not text.startswith("$"):
        raise FlowPathInvalid(f"The path '{text}' does not begin with '$'; write '$.{text}'.")
    steps: list[Step] = []
    position = 1
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        steps.append(_step(match))
        position = match.end()
    return JsonPath(text, tuple(steps))


def parse_reference(text: str) -> JsonPath:
    """Parse a path that can be written to, such as a ResultPath.

    :raises FlowPathInvalid: if it is no path, points to more than one place, or into the run's
        context, which is read-only.
    """
    path = parse(text)
    if not path.is_reference:
        raise FlowPathInvalid(
            f"The path '{text}' has a slice and so no single place to write to; "
            f"name a member or one item."
        )
    if path.steps[:1] == ("_context",):
        raise FlowPathInvalid(
            f"The path '{text}' leads into '_context', which no state can write; "
            f"choose another ResultPath."
        )
    return path


def _step(match: re.Match[str]) -> Step:
    kind = match.lastgroup
    if kind in ("single", "double"):
        return re.sub(r"\\(.)", r"\1", match[kind])
    if kind == "name":
        return match["name"]
    if kind == "index":
        return int(match["index"])
    start, stop, stride = (
        int(part) if part else None for part in match.group("start", "stop", "stride")
    )
    if stride == 0:
        raise FlowPathInvalid(f"The slice '{match[0]}' has a step of 0; leave it out or use 1.")
    return slice(start, stop, stride)


def _unreadable(text: str, position: int) -> FlowPathInvalid:
    rest = text[position:]
    mend = "use member names ('.name' or \"['any name']\"), indexes ('[0]') and slices ('[1:]')."
    if rest.startswith(("..", "[?", "[(")) or "*" in rest[:2]:
        what = "uses a wildcard, a filter or '..', which flows are not run with here"
        return FlowPathNotRun(f"The path '{text}' {what}; {mend}", text[:position])
    return FlowPathInvalid(f"The path '{text}' cannot be read from '{rest}' on; {mend}")


def _member(value: Any, step: Step) -> Any:
    if isinstance(step, str) and isinstance(value, dict):
        return value.get(step, _ABSENT)
    if isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
        return value[step]
    return _ABSENT


def _written(document: Any, steps: tuple[Step, ...], value: Any) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, str) and (document is _ABSENT or isinstance(document, dict)):
        members = {} if document is _ABSENT else document
        return {**members, step: _written(members.get(step, _ABSENT), rest, value)}
    if isinstance(step, int) and _member(document, step) is not _ABSENT:
        items = list(document)
        items[step] = _written(items[step], rest, value)
        return items
    raise PathBlocked(f"{_kind(document)} is in the way of '{step}'")


def _kind(value: Any) -> str:
    if value is _ABSENT:
        return "a missing list"
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean"}
    return "a null" if value is None else names.get(type(value), "a number")
