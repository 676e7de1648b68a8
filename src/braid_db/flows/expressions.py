"""The expressions of ``.=`` parameters: Python's, as simpleeval evaluates them, over the state.

The service's documents name the language only by example; what they show, and the hosted
expression provider's documents say outright, is simpleeval. Two choices are ours. A name after a
dot that is also a method of Python's dict (``state.items``) is refused where it isn't called:
simpleeval gives the method there, and the flow would fail in the service or, worse, not fail.
And no expression can reach chance or make numbers of unbounded size.
"""

from __future__ import annotations

import ast
import copy
import json
import posixpath
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import simpleeval

from braid_db.flows import jsonpath
from braid_db.flows.errors import FlowDefinitionInvalid, FlowPathInvalid, FlowStateError
from braid_db.flows.scope import RUNTIME_ERROR, Scope

# A text literal, or a path in backticks; literals are matched so as to leave them alone.
_LITERAL_OR_PATH = re.compile(
    r"""(?P<literal>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|`(?P<path>[^`]*)`"""
)
_DICT_METHODS = frozenset(name for name in dir(dict) if not name.startswith("_"))
_MOST_BITS = 100_000


def check(expression: str, where: str) -> None:
    """Refuse an expression that cannot be evaluated whatever the state holds.

    :param where: which field it stands in, for the error's text.
    :raises FlowDefinitionInvalid: with what is wrong with it.
    """
    try:
        parse(expression)
    except FlowPathInvalid as error:
        raise FlowPathInvalid(f"In the expression of {where}: {error.message}") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FlowDefinitionInvalid(
            f"The expression of {where} cannot be read: {_reason(error)}. It is: {expression}"
        ) from None


def unknown_functions(expression: str) -> list[str]:
    """Return the functions that an expression calls and that there are none of."""
    calls = [node.func for node in ast.walk(parse(expression)[0]) if isinstance(node, ast.Call)]
    named = [func.id for func in calls if isinstance(func, ast.Name)]
    return sorted({name for name in named if name not in FUNCTIONS})


def evaluate(expression: str, scope: Scope, where: str) -> Any:
    """Return the JSON value of an expression.

    :param where: which field it stands in, for the error's text.
    :raises FlowStateError: ``States.Runtime``, with the reason, if it has no value or one that
        is not JSON.
    """
    try:
        tree, paths = parse(expression)
        names = copy.deepcopy(scope.names())
        # Python's own names: True, False and None are constants of the grammar.
        names |= {name: copy.deepcopy(scope.read(path, where)) for name, path in paths.items()}
        return _as_json(_evaluator(names, scope).eval(expression, previously_parsed=tree))
    except FlowStateError:
        raise
    except Exception as error:  # noqa: BLE001 - a method called in it may raise anything
        raise FlowStateError(
            RUNTIME_ERROR,
            f"The expression of {where} has no value: {_reason(error)}. It is: {expression}",
        ) from None


def pathsplit(path: str) -> list[str]:
    """Return the part of a path before its last name, and that name.

    ``/~/``, Globus Transfer's home folder, is never split.
    """
    head, tail = posixpath.split(path)
    return ["/~/", tail] if head == "/~" else [head, tail]


@lru_cache(maxsize=1024)
def parse(expression: str) -> tuple[ast.expr, Mapping[str, str]]:
    """Return an expression's syntax tree, and the paths in backticks by the names it has for them.

    They are the same objects for everyone who asks for the same expression, only to be read: a
    check looks at each one several times, and reading it is most of a check's work.

    :raises SyntaxError: if it is none, as ``ast.parse`` raises it; a ValueError for what Python
        would read and the service would not.
    :raises FlowPathInvalid: if a path in backticks cannot be read.
    """
    source, paths = _without_backticks(expression)
    tree = ast.parse(source.strip(), mode="eval").body
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _DICT_METHODS and node not in called:
            raise ValueError(
                f"'.{node.attr}' would be the method of Python's dict and not a member; "
                f"write ['{node.attr}'] or a path in backticks"
            )
    return tree, MappingProxyType(paths)


def with_paths(expression: str, change: Callable[[str], str]) -> str:
    """Return an expression with each path in backticks changed, those in a text aside."""
    return _LITERAL_OR_PATH.sub(
        lambda match: match[0] if match["path"] is None else f"`{change(match['path'])}`",
        expression,
    )


def _without_backticks(expression: str) -> tuple[str, dict[str, str]]:
    """Return the expression with each path replaced by a name, and the paths by name."""
    prefix = "path_"
    while prefix in expression:
        prefix = f"{prefix}_"
    paths: dict[str, str] = {}

    def named(match: re.Match[str]) -> str:
        if match["literal"] is not None:
            return match["literal"]
        jsonpath.parse(match["path"])
        name = f"{prefix}{len(paths)}"
        paths[name] = match["path"]
        return name

    return _LITERAL_OR_PATH.sub(named, expression), paths


def _evaluator(names: dict[str, Any], scope: Scope) -> simpleeval.EvalWithCompoundTypes:
    operators = {**simpleeval.DEFAULT_OPERATORS, ast.Pow: _power}
    return simpleeval.EvalWithCompoundTypes(
        operators=operators, functions=_functions(scope), names=names
    )


def _functions(scope: Scope) -> dict[str, Callable[..., Any]]:
    def is_present(path: str) -> bool:
        return scope.has(_absolute(path))

    def get(path: str, default: Any = None) -> Any:
        return copy.deepcopy(scope.find(_absolute(path))) if is_present(path) else default

    # simpleeval's rand and randint are left out: a run's record could not explain them.
    return {
        "pathsplit": pathsplit,
        "is_present": is_present,
        "getattr": get,
        "len": len,
        "str": str,
        "int": int,
        "float": float,
    }


FUNCTIONS = frozenset(_functions(Scope({}, {})))
"""The names of the functions that an expression may call."""


def _absolute(path: str) -> str:
    return path if path.startswith("$") else f"$.{path}"


def _power(base: Any, exponent: Any) -> Any:
    # simpleeval's limit lets 4000000 ** 4000000 pass, which takes minutes.
    whole = isinstance(base, int) and isinstance(exponent, int)
    if whole and base.bit_length() * abs(exponent) > _MOST_BITS:
        raise simpleeval.NumberTooHigh(f"{base} ** {exponent}")
    return simpleeval.safe_power(base, exponent)


def _as_json(value: Any) -> Any:
    """Return a value as JSON would carry it: tuples as lists, keys as text."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"what it gives is not JSON ({error})") from None


def _reason(error: BaseException) -> str:
    match error:
        case SyntaxError():
            return f"{error.msg}"
        case simpleeval.NameNotDefined():
            return f"the run's state has no '{error.name}'"
        case simpleeval.FunctionNotDefined():
            return f"there is no function '{error.func_name}'"
        case simpleeval.AttributeDoesNotExist():
            return f"there is no member '{error.attr}' where '.{error.attr}' is asked for"
        case simpleeval.NumberTooHigh() | simpleeval.IterableTooLong():
            return f"it would make something too large ({error})"
        case simpleeval.FeatureNotAvailable():
            return f"it uses what expressions may not ({error})"
        case KeyError():
            return f"there is no member {error}"
        case RecursionError() | MemoryError():
            return "it is nested too deeply"
        case _:
            return f"{error}" or type(error).__name__
