"""Tests that what is read often stays short enough to read."""

from __future__ import annotations

import ast
from pathlib import Path

import braid_db

SOURCES = sorted(Path(braid_db.__file__).parent.rglob("*.py"))

LONGEST_FILE = 400
LONG_FUNCTION = 35
LONG_FUNCTIONS_PER_FUNCTION = 0.1


def function_lengths(text: str) -> dict[str, int]:
    """Return the lines of each function, its docstring and decorators left out."""
    return {
        f"{node.name}:{node.lineno}": _lines(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    documented = ast.get_docstring(function) is not None
    body = function.body[1:] if documented else function.body
    assert function.end_lineno is not None
    return function.end_lineno - body[0].lineno + 1 if body else 0


def test_the_length_of_a_function_is_that_of_its_statements() -> None:
    text = 'def f():\n    """Say it.\n\n    At length.\n    """\n    a = 1\n    return a\n'
    assert function_lengths(text) == {"f:1": 2}


def test_no_file_is_too_long_to_read_at_once() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {path: length for path, length in lengths.items() if length >= LONGEST_FILE} == {}


def test_nine_functions_in_ten_fit_on_a_screen() -> None:
    lengths = {
        f"{path.name}:{name}": length
        for path in SOURCES
        for name, length in function_lengths(path.read_text(encoding="utf-8")).items()
    }
    long = {name: length for name, length in lengths.items() if length > LONG_FUNCTION}
    assert len(long) <= LONG_FUNCTIONS_PER_FUNCTION * len(lengths), long
