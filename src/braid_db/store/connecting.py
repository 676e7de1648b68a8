"""From a URL to a connection: which databases are supported, and through which driver."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import URL, Engine, NullPool, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from braid_db.errors import SettingsError
from braid_db.store.driver import Driver
from braid_db.store.sqlite import SqliteDriver

_EXPECTED = "a path, sqlite:///PATH, or postgresql://USER@HOST/NAME"
_PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""How long a silent server is waited for, over a network: a minute, not the system's quarter hour.

In seconds, but for the last, which is in milliseconds; a URL may name others.
"""

_OLD_S = 1800
"""At what age a connection of a pool is replaced, in seconds."""


def make_engine(url: str) -> Engine:
    """Return the engine of a database; its connections begin and commit only when told to.

    :raises SettingsError: if the URL is none, or of a database that is not supported.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
            return _sqlite_engine(parsed, file_of(url))
        if backend == "postgresql" and parsed.get_driver_name() == "psycopg":
            return _postgresql_engine(parsed)
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise SettingsError("BRAID_DB_URL", "is no database URL", _EXPECTED) from None
    except ImportError:
        problem = "needs the package psycopg, which is not installed or finds no libpq"
        needed = "pip install 'braid-db[postgres]' to have been run"
        raise SettingsError("BRAID_DB_URL", problem, needed) from None
    raise SettingsError("BRAID_DB_URL", "names a database that is not supported", _EXPECTED)


def file_of(url: str) -> Path:
    """Return the file of an SQLite URL; SQLAlchemy's versions differ in how they read its %."""
    return Path(unquote(url.partition(":///")[2].partition("?")[0])).absolute()


def _sqlite_engine(url: URL, path: Path) -> Engine:
    # mode=rw: to look into a database must not make one.
    address = f"file:{quote(str(path))}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            address, uri=True, timeout=0, isolation_level=None, check_same_thread=False
        )

    return create_engine(
        url.set(database=str(path), query={}),
        creator=connect,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )


def _postgresql_engine(url: URL, **pooling: Any) -> Engine:
    if "@" in (url.host or ""):
        needed = "an @ in a user's name or password to be written as %40"
        raise SettingsError("BRAID_DB_URL", "has more than one @", needed)
    from braid_db.store.watched import WatchedConnection

    engine = create_engine(
        url,
        connect_args={name: value for name, value in _PATIENCE.items() if name not in url.query},
        isolation_level="AUTOCOMMIT",
        paramstyle="format",
        # No column is one; to look for the type took as long as a short question.
        use_native_hstore=False,
        **pooling or {"poolclass": NullPool},
    )

    @event.listens_for(engine, "do_connect")
    def connect(_: object, __: object, named: list[Any], told: dict[str, Any]) -> WatchedConnection:
        return WatchedConnection.connect(*named, **told)

    return engine


def make_pool(engine: Engine, most: int) -> Engine:
    """Return an engine of the same PostgreSQL database that keeps connections for threads.

    It asks whether a connection lives before it gives it out, and replaces one of some age, as
    servers and what stands before them may close what is old or idle.

    :param most: how many connections it may have; who waits for one is not its affair.
    """
    return _postgresql_engine(
        engine.url,
        poolclass=QueuePool,
        pool_size=most,
        max_overflow=0,
        pool_pre_ping=True,
        pool_recycle=_OLD_S,
        pool_use_lifo=True,
    )


def make_driver(engine: Engine, busy_timeout_s: float) -> Driver:
    """Return what will connect to a database, once it is told to open."""
    if engine.dialect.name == "sqlite":
        return SqliteDriver(engine, busy_timeout_s)
    from braid_db.store.postgresql import PostgresDriver

    return PostgresDriver(engine, busy_timeout_s)
