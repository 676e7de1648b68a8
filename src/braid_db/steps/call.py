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


@cache
def known_to(model: type[Request]) -> frozenset[str]:
    """Return the names of the arguments that a function knows."""
    return frozenset(model.model_fields)


def _understood(function: str, model: type[Request], arguments: Arguments) -> dict[str, Any]:
    """Return the arguments that a function knows; the others are logged, as flows pass extras."""
    given = {name: value for name, value in arguments.items() if value is not None}
    given |= given.pop("unknown", {})
    unknown = given.keys() - known_to(model)
    if unknown:
        log.warning("%s does not know the arguments %s", function, ", ".join(sorted(unknown)))
    return {name: given[name] for name in given if name not in unknown} if unknown else given
