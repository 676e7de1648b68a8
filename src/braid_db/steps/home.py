"""The database that this process records into, opened at the first call and kept."""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import suppress
from dataclasses import dataclass

from braid_db.errors import DatabaseError
from braid_db.identity import IdentityRules
from braid_db.settings import read_settings
from braid_db.store import Store

_VARIABLES = ("BRAID_DB_URL", "BRAID_DB_FILE", "HOME")
"""What names the database, the first before the others; looked at in every call."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where calls are recorded, and which URIs mean the same there."""

    store: Store
    rules: IdentityRules


_opening = threading.Lock()
os.register_at_fork(
    before=_opening.acquire, after_in_parent=_opening.release, after_in_child=_opening.release
)
_kept: dict[tuple[str | None, ...], Home] = {}


def _leave() -> None:
    """Close what is kept; a driver complains of a connection that is still open at the end."""
    while _kept:
        _, kept = _kept.popitem()
        with suppress(DatabaseError):
            kept.store.close()


atexit.register(_leave)


def home() -> Home:
    """Return the database that the environment names, with its connection kept open.

    Only the last one is kept, as a worker has one for ever.

    :raises SettingsError: if a setting cannot be used.
    """
    url = os.environ.get(_VARIABLES[0])
    named = (url,) if url else tuple(map(os.environ.get, _VARIABLES))
    return _kept.get(named) or _opened(named)


def _opened(named: tuple[str | None, ...]) -> Home:
    """Return the home that was not there yet; one for all threads that ask at once."""
    with _opening:
        if named in _kept:
            return _kept[named]
        settings = read_settings()
        store = Store(
            settings.database_url,
            busy_timeout_s=settings.busy_timeout_s,
            connections=settings.connections,
        )
        kept = Home(store, IdentityRules(settings.host, settings.collections))
        _leave()
        _kept[named] = kept
    return kept
