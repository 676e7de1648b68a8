"""What a state reads of a run's state, field by field, and what of it has to be there."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from braid_db.flows import expressions, jsonpath
from braid_db.flows.checking.published import Place, written
from braid_db.flows.instrumenting.reading import Path, State, members
from braid_db.flows.instrumenting.reads import REFERENCE, ExpressionReader, is_computed
from braid_db.flows.parameters import PRIVATE

_PATHS = ("InputPath", "SecondsPath", "TimestampPath", "ErrorPath", "CausePath")


class Read(NamedTuple):
    """One place that is read.

    :param field: where in the state it is read.
    :param is_sure: whether it is read whenever the field is; parts of an expression may not be.
    """

    field: str
    path: Path
    is_sure: bool = True


class Computed(NamedTuple):
    """A field of Parameters whose value is taken from the run's state.

    :param at: where it stands.
    :param key: its name, suffix included.
    """

    at: Place
    key: str
    value: Any

    @property
    def field(self) -> str:
        """Where it stands, as a person would name it."""
        return written(self.at)


def computed_in(parameters: Any, at: Place = ("Parameters",)) -> Iterator[Computed]:
    """Yield the fields of Parameters that are computed, at any depth."""
    if isinstance(parameters, list):
        for index, item in enumerate(parameters):
            yield from computed_in(item, (*at, index))
    elif isinstance(parameters, dict):
        for key, inner in parameters.items():
            if is_computed(key):
                yield Computed((*at, key), key, inner)
            elif key != PRIVATE:
                yield from computed_in(inner, (*at, key))


def whole(path: str) -> Path | None:
    """Return a path that has only names of members; None for any other."""
    steps = jsonpath.parse(path).steps
    return members(path) if all(isinstance(step, str) for step in steps) else None


def reads_of(state: State) -> Iterator[Read]:
    """Yield the places that a state reads, those of a Choice's rules aside."""
    for field in _PATHS:
        if field in state:
            yield Read(field, members(state[field]))
    for computed in computed_in(state.get("Parameters")):
        yield from reads_in(computed)


def reads_in(computed: Computed) -> Iterator[Read]:
    """Yield the places that have to be there for a computed field to have a value."""
    if computed.key.endswith(REFERENCE):
        yield Read(computed.field, members(computed.value))
        return
    for path, is_sure in _in_expression(computed.value):
        yield Read(computed.field, path, is_sure)


@lru_cache(maxsize=1024)
def _in_expression(expression: str) -> tuple[tuple[Path, bool], ...]:
    """Return the places that have to be there for an expression, and whether each is for sure."""
    tree, paths = expressions.parse(expression)
    reader = _Reader(paths)
    reader.visit(tree)
    eager = {members(path) for path in paths.values()}
    sure = reader.found | eager
    return tuple(
        (path, path in sure)
        for path in sorted(reader.named | eager)
        if path in eager
        or (
            not (path and path[0] in reader.bound) and (path in sure or not reader.is_guarded(path))
        )
    )


class _Reader(ExpressionReader, ast.NodeVisitor):
    """Tells what is read for sure from what is read on a condition, or only asked about."""

    def __init__(self, paths: Mapping[str, str]) -> None:
        super().__init__(paths)
        self._maybe: set[Path] = set()
        self._guards: set[Path] = set()

    @property
    def named(self) -> set[Path]:
        """All places that are read, for sure or on a condition."""
        return self.found | self._maybe

    def is_guarded(self, path: Path) -> bool:
        """Return whether the expression asks whether the place is there at all."""
        return any(path[: len(guard)] == guard for guard in self._guards)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """Read the condition for sure, and one of the two."""
        self.visit(node.test)
        self._on_condition(node.body, node.orelse)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """Read the first part for sure, and the others as far as they decide."""
        self.visit(node.values[0])
        self._on_condition(*node.values[1:])

    def visit_ListComp(self, node: ast.ListComp) -> None:
        """Read what is gone through for sure, and the rest if it is not empty."""
        for each in node.generators:
            self.visit(each.target)
        self.visit(node.generators[0].iter)
        later = node.generators[1:]
        conditions = [test for each in node.generators for test in each.ifs]
        self._on_condition(node.elt, *(each.iter for each in later), *conditions)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Take ``'name' in place`` as asking for the member."""
        asked, (first, *_) = node.left, node.comparators
        if isinstance(asked, ast.Constant) and isinstance(asked.value, str):
            inner = _Reader(self._paths)
            inner.visit(first)
            if isinstance(node.ops[0], ast.In | ast.NotIn):
                self._guards |= {(*path, asked.value) for path in inner.found}
        self.generic_visit(node)

    def _read_by_text(self, function: str, arguments: list[ast.expr]) -> None:
        """Take ``is_present`` and ``getattr`` as asking: they need nothing to be there."""
        sure, self.found = self.found, self._guards
        super()._read_by_text(function, arguments)
        self.found = sure

    def _on_condition(self, *nodes: ast.expr) -> None:
        sure, self.found = self.found, set()
        for node in nodes:
            self.visit(node)
        self._maybe |= self.found
        self.found = sure
