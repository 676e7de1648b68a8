"""What a run's state may look like at one point of a flow: which members, and how they came there.

A shape stands for all states that a run may have there, on whichever way it came. Where two ways
meet, their shapes are joined; what is known of a member is the set of all that may be so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from braid_db.flows.instrumenting.reading import Path

Known = frozenset[str]

WRITTEN = "written"
"""The result of an action or a web input, or a caught error."""
MADE = "made"
"""Made by a Pass or ExpressionEval."""
GIVEN = "given"
"""Of the run's input, which is known to have it."""
OPEN = "open"
"""Of the run's input, if it has it: nothing is known of the input there."""
UNASKED = "unasked"
"""Of the run's input, if it has it: its schema asks for other members there."""
UNDOCUMENTED = "undocumented"
"""Of a document of the service, if it has it: it is documented without it."""
UNKNOWN = "unknown"
"""Of something that only a run knows."""
ABSENT = "absent"
"""Nothing stands there."""

DOUBTS = frozenset({ABSENT, OPEN, UNASKED, UNDOCUMENTED, UNKNOWN})
"""What leaves open whether anything stands there."""
_FROM_INPUT = frozenset({OPEN, UNASKED})
_NEVER: Known = frozenset({ABSENT})


@dataclass(frozen=True)
class Shape:
    """The members that a value may have.

    :param members: those that are known by name.
    :param rest: what is known of every other.
    :param replaced_by: of a whole state, what has put it in the place of another one.
    """

    members: Mapping[str, Member] = field(default_factory=dict)
    rest: Known = _NEVER
    replaced_by: Known = frozenset()

    def member(self, name: str) -> Member:
        """Return what is known of a member."""
        return self.members.get(name) or _some(self.rest)

    def find(self, path: Path) -> Member:
        """Return what is known of what stands at a path."""
        found, doubts = Member(frozenset(), self), frozenset[str]()
        for name in path:
            found = found.shape.member(name)
            if found.how == _NEVER:
                return found
            doubts |= found.how & DOUBTS
        return Member(found.how | doubts, found.shape)

    def put(self, path: Path, member: Member) -> Shape:
        """Return the shape after something was written at a path."""
        if not path:
            return member.shape
        name, rest = path[0], path[1:]
        if rest:
            there = self.member(name)
            inner = there.shape.or_absent() if ABSENT in there.how else there.shape
            member = Member((there.how - DOUBTS) or frozenset({MADE}), inner.put(rest, member))
        return self._with(name, member)

    def or_absent(self) -> Shape:
        """Return the shape of this value, or of one without any member."""
        members = {
            name: Member(each.how | _NEVER, each.shape) for name, each in self.members.items()
        }
        return Shape(members, self.rest | _NEVER)

    def present(self, path: Path) -> Shape:
        """Return the shape where something is sure to stand at a path, as it was read."""
        if not path:
            return self
        there = self.member(path[0])
        how, shape = there.how, there.shape.present(path[1:])
        if not how.isdisjoint(DOUBTS):
            how = frozenset(GIVEN if each in _FROM_INPUT else each for each in how)
            how = (how - {ABSENT, UNDOCUMENTED}) or frozenset({UNKNOWN})
        if how == there.how and shape is there.shape:
            return self
        return self._with(path[0], Member(how, shape))

    def absent(self, path: Path) -> Shape:
        """Return the shape where nothing is known to stand at a path."""
        there = self.member(path[0])
        if len(path) > 1:
            member = Member(there.how, there.shape.absent(path[1:]))
        else:
            member = Member(_NEVER, NOTHING)
        return self._with(path[0], member)

    def doubted(self, paths: Iterable[Path]) -> Shape:
        """Return the shape where the input, unless it is known to have them, may lack paths."""
        shape = self
        for path in paths:
            there = shape.member(path[0])
            if len(path) > 1:
                doubted = Member(there.how, there.shape.doubted([path[1:]]))
                is_known = doubted.shape is there.shape
            else:
                doubted = Member(there.how | _NEVER, there.shape)
                is_known = ABSENT in there.how or there.how.isdisjoint(_FROM_INPUT)
            shape = shape if is_known else shape._with(path[0], doubted)
        return shape

    def without(self, name: str) -> Shape:
        """Return the shape without one member."""
        members = {each: known for each, known in self.members.items() if each != name}
        return Shape(members, self.rest)

    def joined(self, other: Shape) -> Shape:
        """Return the shape of a value that is of either shape; this very one, if it says it all."""
        if self is other:
            return self
        members = {
            name: self.member(name).joined(other.member(name))
            for name in {**self.members, **other.members}
        }
        is_same = all(self.members.get(name) is each for name, each in members.items())
        if is_same and other.rest <= self.rest and other.replaced_by <= self.replaced_by:
            return self
        return Shape(members, self.rest | other.rest, self.replaced_by | other.replaced_by)

    def depth_within(self, most: int) -> int | None:
        """Return how deep a shape can be kept for so many members; None if it has no more."""
        level, depth, count = [self], 0, 0
        while level:
            level = [each.shape for outer in level for each in outer.members.values()]
            count += len(level)
            if count > most:
                return depth
            depth += 1
        return None

    def cut(self, depth: int) -> Shape:
        """Return the shape with nothing known of what is deeper than this."""
        if self.height <= depth:
            return self
        members = {name: each.cut(depth - 1) for name, each in self.members.items()}
        return replace(self, members=members)

    def _with(self, name: str, member: Member) -> Shape:
        return replace(self, members={**self.members, name: member})

    @cached_property
    def height(self) -> int:
        """How many members lie inside each other."""
        return max((1 + each.shape.height for each in self.members.values()), default=0)


@dataclass(frozen=True)
class Member:
    """One member: how it may have come there, and what it may look like."""

    how: Known
    shape: Shape

    def joined(self, other: Member) -> Member:
        """Return what is known where either may be so."""
        if self is other or other.how == _NEVER:
            shape = self.shape
        elif self.how == _NEVER:
            shape = other.shape
        else:
            shape = self.shape.joined(other.shape)
        if shape is self.shape and other.how <= self.how:
            return self
        return Member(self.how | other.how, shape)

    def cut(self, depth: int) -> Member:
        """Return the member with nothing known of what is deeper in it than this."""
        if depth == 0:
            return Member(self.how, ANYTHING) if self.shape.members else self
        return Member(self.how, self.shape.cut(depth))


NOTHING = Shape()
"""A value without members: a text, a number, a list."""
ANYTHING = Shape({}, frozenset({UNKNOWN}))
"""A value that only a run knows."""


def _some(rest: Known) -> Member:
    return Member(rest, Shape({}, (rest - _NEVER) or _NEVER))


def of_value(value: Any, how: str) -> Shape:
    """Return the shape of a JSON value."""
    if not isinstance(value, dict):
        return NOTHING
    return of_members({name: of_value(inner, how) for name, inner in value.items()}, how)


def of_members(members: Mapping[str, Shape], how: str) -> Shape:
    """Return the shape of an object with these members and no others."""
    return Shape({name: Member(frozenset({how}), inner) for name, inner in members.items()})


def document(names: Iterable[str], rest: str) -> Shape:
    """Return the shape of an object that the service writes.

    :param rest: what is known of members that are documented nowhere.
    """
    shape = of_members(dict.fromkeys(names, ANYTHING), WRITTEN)
    return Shape(shape.members, frozenset({rest}))
