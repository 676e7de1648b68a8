"""The Parameters of a state: constants, references (``.$``) and expressions (``.=``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from braid_db.flows import expressions, jsonpath
from braid_db.flows.errors import FlowDefinitionInvalid, FlowPathInvalid
from braid_db.flows.scope import Scope, visible

PRIVATE = "__Private_Parameters"
_REFERENCE, _EXPRESSION = ".$", ".="


@dataclass(frozen=True)
class Evaluated:
    """What a state's Parameters come to, and the same as a log may show it."""

    value: Any
    logged: Any


def check(parameters: Any, where: str) -> None:
    """Refuse Parameters that no state could be evaluated with.

    :param where: what they belong to, for the error's text.
    :raises FlowDefinitionInvalid: with what is wrong, and in which field.
    """
    if isinstance(parameters, list):
        for index, item in enumerate(parameters):
            check(item, f"{where}[{index}]")
    if not isinstance(parameters, dict):
        return
    _check_names(parameters, where)
    for key, value in parameters.items():
        _, suffix = _split(key)
        if key == PRIVATE:
            _check_private(value, where)
        elif not suffix:
            check(value, f"{where}.{key}")
        else:
            _check_field(suffix, value, f"'{key}' in {where}")


def evaluate(parameters: Any, scope: Scope, where: str) -> Evaluated:
    """Return what Parameters come to in a run's state.

    :param where: what they belong to, for the error's text.
    :raises braid_db.errors.FlowStateError: ``States.Runtime``, if a path or an expression in
        them has no value.
    """
    if isinstance(parameters, list):
        items = [evaluate(item, scope, where) for item in parameters]
        return Evaluated([item.value for item in items], [item.logged for item in items])
    if not isinstance(parameters, dict):
        return Evaluated(parameters, parameters)
    private = {_split(name)[0] for name in parameters.get(PRIVATE, [])}
    fields = {
        _split(key)[0]: _evaluate_field(key, value, scope, where)
        for key, value in parameters.items()
        if key != PRIVATE
    }
    shown = {name: field.logged for name, field in fields.items() if name not in private}
    return Evaluated({name: field.value for name, field in fields.items()}, visible(shown))


def _evaluate_field(key: str, value: Any, scope: Scope, where: str) -> Evaluated:
    _, suffix = _split(key)
    if not suffix:
        return evaluate(value, scope, where)
    field = f"'{key}' in {where}"
    if suffix == _REFERENCE:
        found = scope.read(value, field)
    else:
        found = expressions.evaluate(value, scope, field)
    return Evaluated(found, found)


def _split(key: str) -> tuple[str, str]:
    for suffix in (_REFERENCE, _EXPRESSION):
        if key.endswith(suffix) and key != suffix:
            return key.removesuffix(suffix), suffix
    return key, ""


def _check_names(parameters: dict[str, Any], where: str) -> None:
    names = [_split(key)[0] for key in parameters]
    for name in names:
        if names.count(name) > 1:
            raise FlowDefinitionInvalid(
                f"'{name}' is given more than once in {where}, as {name!r} with and without "
                f"'.$' or '.='; keep one of them."
            )


def _check_private(value: Any, where: str) -> None:
    if not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
        raise FlowDefinitionInvalid(
            f"'{PRIVATE}' in {where} is no list of names; list the parameters to keep out of logs."
        )


def _check_field(suffix: str, value: Any, where: str) -> None:
    if not isinstance(value, str):
        kind = "a path" if suffix == _REFERENCE else "an expression"
        raise FlowDefinitionInvalid(f"The value of {where} is no text; expected {kind}.")
    if suffix == _EXPRESSION:
        expressions.check(value, where)
        return
    try:
        jsonpath.parse(value)
    except FlowPathInvalid as error:
        raise error.within(f"In {where}") from None
