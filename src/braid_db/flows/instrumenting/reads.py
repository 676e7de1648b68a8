"""Which places of a run's state a state's Parameters read."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from braid_db.flows import expressions, jsonpath
from braid_db.flows.errors import FlowDefinitionInvalid
from braid_db.flows.instrumenting.reading import (
    ROOT,
    Path,
    State,
    is_compute,
    is_transfer,
    leading,
    members,
)
from braid_db.flows.parameters import PRIVATE

REFERENCE, EXPRESSION = ".$", ".="
_BY_TEXT = ("getattr", "is_present")
_INPUTS = (
    (
        *("source_endpoint", "source_endpoint_id", "destination_endpoint"),
        *("destination_endpoint_id", "DATA", "transfer_items", "filter_rules", "sync_level"),
        *("delete_destination_extra", "recursive_symlinks", "source_local_user"),
        "destination_local_user",
    ),
    ("endpoint", "endpoint_id", "function", "args", "kwargs", "payload", "tasks"),
)
"""The members that a Transfer, and a Compute, take of what they are given: what decides which bytes
arrive, and what is computed. Not what they are called and whom they tell of it."""


def reads_of(state: State) -> set[Path]:
    """Return the places that a state's input is taken from; the root where it takes all."""
    if "Parameters" in state:
        return set(in_parameters(state["Parameters"]))
    if "Result" in state:
        return set()
    return {members(state.get("InputPath", "$"))}


def taken_by(state: State) -> set[Path]:
    """Return the places that what a state is given is really made of.

    A provider that is given the whole state, as the state names nothing of it, reads the members
    that its own schema knows. Of any other, and of a function that is given ``$`` as an argument,
    nobody can say what it reads: all that is there.
    """
    if "Parameters" in state or state.get("InputPath", "$") != "$" or state["Type"] != "Action":
        return reads_of(state)
    known = _INPUTS[0] if is_transfer(state) else _INPUTS[1] if is_compute(state) else ()
    return {(name,) for name in known} or {ROOT}


def in_parameters(value: Any) -> Iterator[Path]:
    """Yield the places that Parameters read, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from in_parameters(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key != PRIVATE:
                yield from in_field(key, inner)


def in_field(key: str, value: Any) -> Iterator[Path]:
    """Yield the places that one field of Parameters reads."""
    if is_computed(key) and not isinstance(value, str):
        raise FlowDefinitionInvalid(f"The value of '{key}' is no text; expected a path or formula.")
    if key.endswith(REFERENCE) and key != REFERENCE:
        yield members(value)
    elif is_computed(key):
        yield from in_expression(value)
    else:
        yield from in_parameters(value)


def is_computed(key: str) -> bool:
    """Return whether a field's value is taken from the run's state."""
    return key.endswith((REFERENCE, EXPRESSION)) and key not in (REFERENCE, EXPRESSION)


def in_expression(expression: str) -> set[Path]:
    """Return the places that an expression reads; what the context holds is none.

    :raises FlowDefinitionInvalid: if it cannot be read.
    """
    expressions.check(expression, "a '.=' field")
    tree, paths = expressions.parse(expression)
    reader = ExpressionReader(paths)
    reader.visit(tree)
    known = {"_context", *reader.bound}
    return {path for path in reader.found if path == ROOT or path[0] not in known}


class ExpressionReader(ast.NodeVisitor):
    """Collects the longest chains of members that an expression names.

    :ivar found: the places that they lead to.
    :ivar bound: names that stand for something else, as those of a comprehension do.
    """

    def __init__(self, paths: Mapping[str, str]) -> None:
        self._paths = paths
        self.found: set[Path] = set()
        self.bound: set[str] = set()

    def visit_Call(self, node: ast.Call) -> None:
        """Read what a function is given; a method's own name is no member."""
        if isinstance(node.func, ast.Name):
            self._read_by_text(node.func.id, node.args)
        else:
            self.visit(node.func.value if isinstance(node.func, ast.Attribute) else node.func)
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            self.visit(argument)

    def _read_by_text(self, function: str, arguments: list[ast.expr]) -> None:
        if function not in _BY_TEXT or not arguments:
            return
        named = arguments[0]
        if isinstance(named, ast.Constant) and isinstance(named.value, str):
            path = named.value if named.value.startswith("$") else f"$.{named.value}"
            self.found.add(leading(jsonpath.parse(path).steps))
        else:
            self.found.add(ROOT)

    def visit_Name(self, node: ast.Name) -> None:
        """Read a member of the state, or a path in backticks."""
        if isinstance(node.ctx, ast.Store):
            self.bound.add(node.id)
        else:
            self.found.add(self._place(node.id))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Read a member of a member."""
        self._chain(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Read a member by its text; what is in brackets otherwise is read for itself."""
        self._chain(node)

    def _chain(self, node: ast.Attribute | ast.Subscript) -> None:
        names: list[str] = []
        base: ast.expr = node
        while isinstance(base, ast.Attribute | ast.Subscript):
            names.append(_member(base))
            if isinstance(base, ast.Subscript):
                self.visit(base.slice)
            base = base.value
        if not isinstance(base, ast.Name):
            self.visit(base)
            return
        names.reverse()
        stop = names.index("") if "" in names else len(names)
        if len(jsonpath.parse(self._paths.get(base.id, "$")).steps) > len(self._place(base.id)):
            stop = 0  # the path itself goes on into a list
        self.found.add((*self._place(base.id), *names[:stop]))

    def _place(self, name: str) -> Path:
        return members(self._paths[name]) if name in self._paths else (name,)


def _member(node: ast.Attribute | ast.Subscript) -> str:
    """Return the member that is named; an empty text for an index or what is computed."""
    if isinstance(node, ast.Attribute):
        return node.attr
    index = node.slice
    if isinstance(index, ast.Constant) and isinstance(index.value, str):
        return index.value
    return ""
