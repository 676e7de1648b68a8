"""What programs of upstream's say when they open a database, and what is made of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from braid_db.errors import InvalidArgument, shown
from braid_db.steps.values import kind_of

_NEEDLESS = (
    "future",
    "max_overflow",
    "pool_pre_ping",
    "pool_recycle",
    "pool_use_lifo",
    "poolclass",
)
_EXPECTED = f"echo, pool_size, connect_args; {', '.join(_NEEDLESS)} change nothing"


class EngineOptions(NamedTuple):
    """What is followed of the options for an engine.

    :param connections: how many to a server at most; None where it is not said.
    :param timeout_s: how long a call waits for other writers; None where it is not said.
    """

    echo: bool = False
    connections: int | None = None
    timeout_s: float | None = None


def engine_options(given: Mapping[str, Any] | None) -> EngineOptions:
    """Return what options of SQLAlchemy's ``create_engine`` mean here.

    Connections are kept, checked and given to threads in one way, whatever pool is asked for.

    :raises InvalidArgument: if one cannot be followed.
    """
    told = _options("create_engine_kwargs", given)
    arguments = _options("create_engine_kwargs['connect_args']", told.get("connect_args"))
    unknown = [name for name in told if name not in (*_FOLLOWED, *_NEEDLESS)]
    unknown += [f"connect_args[{name!r}]" for name in arguments if name not in _CONNECTING]
    if unknown:
        raise InvalidArgument("create_engine_kwargs", f"with {shown(unknown[0])}", _EXPECTED)
    size, timeout = told.get("pool_size"), arguments.get("timeout")
    if size is not None and (type(size) is not int or not 1 <= size <= 1000):
        raise InvalidArgument("create_engine_kwargs['pool_size']", kind_of(size), "1 to 1000")
    if timeout is not None and (type(timeout) not in (int, float) or not 0 <= timeout <= 3600):
        raise InvalidArgument("connect_args['timeout']", kind_of(timeout), "0 to 3600 seconds")
    return EngineOptions(bool(told.get("echo")), size, timeout)


def _options(argument: str, told: object) -> Mapping[str, Any]:
    if told is not None and not isinstance(told, Mapping):
        raise InvalidArgument(argument, kind_of(told), "options by their names")
    return told or {}


_FOLLOWED = ("connect_args", "echo", "pool_size")
_CONNECTING = ("check_same_thread", "timeout")


def set_logging(*, log: bool, debug: bool) -> None:
    """Let the process log what its databases do; what was switched on stays on."""
    if log or debug:
        _show(logging.getLogger("braid_db"), logging.DEBUG if debug else logging.INFO)


def log_sql() -> None:
    """Let the process log its SQL statements."""
    _show(logging.getLogger("braid_db.sql"), logging.INFO)


def _show(logger: logging.Logger, level: int) -> None:
    """Let a logger through from a level on; to the standard error output where nobody listens."""
    logger.setLevel(min(level, logger.level or level))
    if not logger.hasHandlers():
        logger.addHandler(logging.StreamHandler())
