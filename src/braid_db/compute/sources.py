"""A remote function as what it is to Globus Compute: a name and a text."""

from __future__ import annotations

import ast
import builtins
import hashlib
import symtable
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from braid_db.compute.errors import FunctionSourceInvalid

_BUILTINS = frozenset(dir(builtins))
_Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class FunctionSource:
    """The text that an endpoint is sent, and the name of the function in it.

    :raises FunctionSourceInvalid: if the text could not run there: it is no Python, has not
        exactly the one public function of this name, decorates it, or uses names that the text
        does not define.
    """

    name: str
    text: str

    def __post_init__(self) -> None:
        """Refuse a text that could not run."""
        tree = _parsed(self.name, self.text)
        _check_definition(self.name, tree)
        _check_names(self.name, self.text)

    @property
    def sha256(self) -> str:
        """The checksum of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def summary(self) -> str:
        """The first line of the function's docstring; its name where it has none."""
        told = ast.get_docstring(_public_functions(_parsed(self.name, self.text))[0])
        return (told or self.name).splitlines()[0]


def read_file(path: Path) -> FunctionSource:
    """Return a file of one remote function, named like the file, with everything in it.

    :raises FunctionSourceInvalid: if the file is not such a function.
    """
    return FunctionSource(path.stem, read_text(path))


def read_text(path: Path) -> str:
    """Return a source file's text.

    :raises FunctionSourceInvalid: if it cannot be read as text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FunctionSourceInvalid(f"The file {path} cannot be read as source: {error}.") from None


def public_functions(text: str, where: str) -> list[str]:
    """Return the names of a text's top-level functions, in order, leaving out ``_private`` ones.

    :param where: what the text is, for the error's text.
    :raises FunctionSourceInvalid: if the text is no Python.
    """
    return [node.name for node in _public_functions(_parsed(where, text))]


def definition_alone(name: str, text: str) -> FunctionSource:
    """Return one top-level function out of a text, comments inside it kept.

    :raises FunctionSourceInvalid: if it is not there, or could not run without the rest.
    """
    for node in _public_functions(_parsed(name, text)):
        if node.name == name:
            _refuse_decorators(node)
            return FunctionSource(name, (ast.get_source_segment(text, node) or "") + "\n")
    raise FunctionSourceInvalid(f"There is no function '{name}' in this text.")


def load(source: FunctionSource) -> Callable[..., Any]:
    """Return the function, compiled in a namespace of its own as an endpoint compiles it."""
    namespace: dict[str, Any] = {}
    # dont_inherit: this module's own __future__ imports must not change the function's meaning.
    code = compile(source.text, f"<function {source.name}>", "exec", dont_inherit=True)
    exec(code, namespace)
    function: Callable[..., Any] = namespace[source.name]
    return function


def _parsed(name: str, text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FunctionSourceInvalid(f"The source of '{name}' is no Python: {error}.") from None


def _public_functions(tree: ast.Module) -> list[_Definition]:
    functions = [node for node in tree.body if isinstance(node, _Definition)]
    return [node for node in functions if not node.name.startswith("_")]


def _check_definition(name: str, tree: ast.Module) -> None:
    public = _public_functions(tree)
    names = [node.name for node in public]
    if names != [name]:
        raise FunctionSourceInvalid(
            f"The source of '{name}' defines {', '.join(names) or 'no public function'}; "
            f"expected exactly one public function, 'def {name}(...)'."
        )
    node = public[0]
    _refuse_decorators(node)
    if isinstance(node, ast.AsyncFunctionDef):
        raise FunctionSourceInvalid(
            f"'{name}' is an 'async def', which an endpoint would call and never await; "
            f"write 'def {name}'."
        )


def _refuse_decorators(node: _Definition) -> None:
    if node.decorator_list:
        raise FunctionSourceInvalid(
            f"'{node.name}' is decorated; the decorator's name means nothing where the text runs. "
            f"Call what it does inside the function."
        )


def _check_names(name: str, text: str) -> None:
    module = symtable.symtable(text, f"<function {name}>", "exec")
    tables = list(_with_children(module))
    known = set(_BUILTINS)
    known |= {s.get_name() for s in module.get_symbols() if s.is_assigned() or s.is_imported()}
    known |= {s.get_name() for t in tables for s in t.get_symbols() if _makes_global(s)}
    used = {s.get_name() for t in tables for s in t.get_symbols() if _uses_global(s, t)}
    missing = sorted(used - known)
    if missing:
        raise FunctionSourceInvalid(
            f"'{name}' uses {', '.join(missing)}, which its text does not define; an endpoint is "
            f"sent this text alone. Import or define them inside the function, and use only "
            f"builtin names in annotations."
        )


def _with_children(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _with_children(child)


def _makes_global(symbol: symtable.Symbol) -> bool:
    return symbol.is_declared_global() and (symbol.is_assigned() or symbol.is_imported())


def _uses_global(symbol: symtable.Symbol, table: symtable.SymbolTable) -> bool:
    at_module = table.get_type() == "module"
    return symbol.is_referenced() and (at_module or symbol.is_global())
