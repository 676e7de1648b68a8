"""What the rules of a Choice tell of a run's state: on the way that one matches, and where not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from braid_db.flows.checking.reads import Read, whole
from braid_db.flows.checking.shape import ABSENT, DOUBTS, Shape
from braid_db.flows.instrumenting.reading import members

Both = tuple[Shape | None, Shape | None]
"""What may be so where a rule matches, and where it does not; None where that cannot be."""


class Decision:
    """A Choice on its way through its rules, in their order.

    :ivar left: what may be so where none of them has matched yet.
    :ivar reads: the places that were read, each with what was known when it was.
    """

    def __init__(self, shape: Shape) -> None:
        self.left: Shape | None = shape
        self.reads: list[tuple[Read, Shape]] = []

    def take(self, rule: dict[str, Any], field: str) -> Shape | None:
        """Decide by the next rule, and return what may be so where it matches."""
        fits, self.left = self._decide(rule, self.left, field)
        return fits

    def _decide(self, rule: dict[str, Any], shape: Shape | None, field: str) -> Both:
        if shape is None:
            return None, None
        for key, is_and in (("And", True), ("Or", False)):
            if key in rule:
                return self._decide_several(rule[key], shape, f"{field}.{key}", is_and=is_and)
        if "Not" in rule:
            fits, not_fits = self._decide(rule["Not"], shape, f"{field}.Not")
            return not_fits, fits
        if "IsPresent" in rule:
            there, not_there = _told_apart(rule["Variable"], shape)
            return (there, not_there) if rule["IsPresent"] else (not_there, there)
        for key, value in rule.items():
            if key == "Variable" or key.endswith("Path"):
                path = members(value)
                self.reads.append((Read(f"{field}.{key}", path), shape))
                shape = shape.present(path)
        return shape, shape

    def _decide_several(
        self, rules: list[dict[str, Any]], shape: Shape, field: str, *, is_and: bool
    ) -> Both:
        """Decide by rules in their order, up to the one that decides."""
        going_on: Shape | None = shape
        decided: list[Shape | None] = []
        for index, rule in enumerate(rules):
            fits, not_fits = self._decide(rule, going_on, f"{field}[{index}]")
            going_on, over = (fits, not_fits) if is_and else (not_fits, fits)
            decided.append(over)
        return (going_on, _any(decided)) if is_and else (_any(decided), going_on)


def _any(shapes: Iterable[Shape | None]) -> Shape | None:
    found: Shape | None = None
    for shape in shapes:
        if shape is not None:
            found = shape if found is None else found.joined(shape)
    return found


def _told_apart(variable: str, shape: Shape) -> Both:
    """Return what may be so where something stands at a path, and where nothing does."""
    path = whole(variable)
    if not path:
        return shape, shape
    how = shape.find(path).how
    there = None if how == {ABSENT} else shape.present(path)
    return there, (None if how.isdisjoint(DOUBTS) else shape.absent(path))
