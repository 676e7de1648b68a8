"""One call of a remote function: its arguments checked, its work done once and as a whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from braid_db.records.receipts import Result, once
from braid_db.steps.delivery import count, key_of_call
from braid_db.steps.home import Home, home
from braid_db.steps.requests import Request
from braid_db.store import Transaction

log = logging.getLogger("braid_db")

Arguments = Mapping[str, Any]
"""The arguments of a remote function as they came, by the names of its parameters."""

UseCase = Callable[[Transaction], Result]
R = TypeVar("R", bound=Request)


def call(
    function: str, model: type[R], arguments: Arguments, read: Callable[[R, Home], UseCase]
) -> Result:
    """Check a call, then do it once and as a whole.

    :param read: makes the use case of a checked request; it refuses what does not fit together.
    :raises BraidError: if the call is refused; nothing is written then.
    """
    where = home()
    given = _understood(function, model, arguments)
    request = model.model_validate(given)
    use_case = read(request, where)
    key = key_of_call(function, request.idempotency_key, given)
    result = where.store.write(lambda tx: once(tx, key, use_case))
    count(key)
    return result


def answer(
    function: str, model: type[R], arguments: Arguments, read: Callable[[R, Home], UseCase]
) -> Result:
    """Check a call that only asks, then answer it as things are now, however often it comes.

    :param read: makes the use case of a checked request; it refuses what does not fit together.
    :raises BraidError: if the call is refused.
    """
    where = home()
    request = model.model_validate(_understood(function, model, arguments))
    return where.store.read(read(request, where))


@cache
def defaults_of(model: type[Request]) -> dict[str, Any]:
    """Return the arguments that a function knows, with what each is when it is left out."""
    return {name: field.default for name, field in model.model_fields.items()}


def _understood(function: str, model: type[Request], arguments: Arguments) -> dict[str, Any]:
    """Return the arguments that say something; the unknown are logged, as flows pass extras."""
    defaults = defaults_of(model)
    extra = arguments.get("unknown")
    if extra:
        arguments = {**arguments, **extra}
        if strange := sorted(extra.keys() - defaults.keys()):
            log.warning("%s does not know the arguments %s", function, ", ".join(strange))
    return {
        name: value
        for name, value in arguments.items()
        if value is not None and name in defaults and value is not defaults[name]
    }
