"""Configuration: one frozen object, read once at a door from options, environment and file."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from braid_db.errors import SettingsError, shown

DEFAULT_DATABASE = "~/.braid_db/braid.db"
DEFAULT_HOST = "localhost"
_IN_FILE = ("allowed_commands", "busy_timeout_s", "collections", "host")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_NOT_ESCAPED = "/:@ "


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process is told about its database and itself.

    :param database_url: a SQLAlchemy URL; a bare path means an SQLite file.
    :param host: the name that completes ``file:///path`` URIs without a host.
    :param collections: Globus collection UUID -> ``file://host/base/`` that it shows.
    :param allowed_commands: the commands that invalidation actions may run.
    :param busy_timeout_s: how long a writer waits for others, in seconds.
    """

    database_url: str
    host: str = DEFAULT_HOST
    collections: Mapping[str, str] = field(default_factory=dict)
    allowed_commands: tuple[str, ...] = ()
    busy_timeout_s: float = 60.0


def read_settings(
    database: str | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings of this process.

    The database comes from the option, else ``BRAID_DB_URL``, else ``BRAID_DB_FILE``, else
    the default; all others from ``BRAID_DB_*``, else the settings file, else the default.

    :param database: a URL or path given as an option.
    :param environment: the environment variables; those of the process when omitted.
    :raises SettingsError: if a value cannot be used.
    """
    variables = os.environ if environment is None else environment
    named = database or variables.get("BRAID_DB_URL") or variables.get("BRAID_DB_FILE")
    url = database_url(named or DEFAULT_DATABASE)
    file = read_file(url, variables)
    return Settings(
        database_url=url,
        host=host_of(variables, file),
        collections=collections_of(variables, file),
        allowed_commands=commands_of(variables, file),
        busy_timeout_s=seconds_of(variables, file),
    )


def database_url(url_or_path: str) -> str:
    """Return the SQLAlchemy URL of a database that is named by a URL or a path.

    A file's path is made absolute, as a process may change its folder later; a PostgreSQL URL
    without a driver means psycopg 3, the one that is supported.
    """
    scheme, slashes, rest = url_or_path.partition("://")
    if not slashes:
        return f"sqlite:///{_absolute(url_or_path)}"
    if scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg://{rest}"
    path, question, query = rest.removeprefix("/").partition("?")
    if scheme.startswith("sqlite") and rest.startswith("/") and path not in ("", ":memory:"):
        return f"{scheme}:///{_absolute(unquote(path))}{question}{query}"
    return url_or_path


def _absolute(path: str) -> str:
    """Return a path as it stands in a URL."""
    return quote(str(Path(path).expanduser().absolute()), safe=_NOT_ESCAPED)


def settings_file(url: str, variables: Mapping[str, str]) -> Path:
    """Return where the settings file of a database is looked for.

    Beside an SQLite file, with its name and the ending ``.toml``, because what the owner of a
    database allows belongs to the database; for a server, in ``~/.braid_db``.
    """
    if named := variables.get("BRAID_DB_SETTINGS"):
        return Path(named).expanduser()
    scheme, _, path = url.partition(":///")
    if scheme.startswith("sqlite") and path:
        return Path(unquote(path.partition("?")[0])).with_suffix(".toml")
    return Path(DEFAULT_DATABASE).expanduser().with_suffix(".toml")


def read_file(url: str, variables: Mapping[str, str]) -> Mapping[str, object]:
    """Return what the settings file holds; nothing when there is none."""
    path = settings_file(url, variables)
    expected = "a TOML file"
    try:
        file = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if variables.get("BRAID_DB_SETTINGS"):
            problem = f"names {path}, which does not exist"
            raise SettingsError("BRAID_DB_SETTINGS", problem, expected) from None
        return {}
    except OSError as error:
        raise SettingsError(
            f"file {path}", f"cannot be read ({error.strerror})", expected
        ) from None
    except ValueError as error:
        raise SettingsError(f"file {path}", f"is no TOML ({error})", expected) from None
    if unknown := sorted(file.keys() - set(_IN_FILE)):
        problem = f"names {shown(unknown[0])}, which is no setting"
        raise SettingsError(f"file {path}", problem, f"one of {', '.join(_IN_FILE)}")
    return file


def host_of(variables: Mapping[str, str], file: Mapping[str, object]) -> str:
    """Return the name of the host whose files ``file:///path`` means."""
    host = variables.get("BRAID_DB_HOST") or file.get("host", DEFAULT_HOST)
    if not isinstance(host, str) or not re.fullmatch(r"[A-Za-z0-9._-]+", host):
        raise SettingsError("host", f"is {shown(host)}", "a host's name")
    return host.lower()


def collections_of(variables: Mapping[str, str], file: Mapping[str, object]) -> dict[str, str]:
    """Return the folders that Globus collections show, by collection UUID in lower case."""
    expected = 'collection UUIDs and folders, as in {"UUID": "file://host/base/"}'
    table = file.get("collections", {})
    if text := variables.get("BRAID_DB_COLLECTIONS"):
        try:
            table = json.loads(text)
        except ValueError:
            raise SettingsError("BRAID_DB_COLLECTIONS", "is no JSON", expected) from None
    if not isinstance(table, dict):
        raise SettingsError("collections", f"is {shown(table)}", expected)
    for uuid, base in table.items():
        if not _UUID.fullmatch(uuid):
            raise SettingsError("collections", f"names {shown(uuid)}", "the UUID of a collection")
        if not isinstance(base, str) or not re.fullmatch(r"(?i)file://[^\s/]*/\S*", base):
            raise SettingsError(f"collections.{uuid}", f"is {shown(base)}", "file://host/base/")
    return {uuid.lower(): base for uuid, base in table.items()}


def commands_of(variables: Mapping[str, str], file: Mapping[str, object]) -> tuple[str, ...]:
    """Return the commands that invalidation actions may run; none by default.

    In the environment they are separated like the folders of ``PATH``.
    """
    named = variables.get("BRAID_DB_ALLOWED_COMMANDS")
    if named is not None:
        return tuple(command for command in named.split(os.pathsep) if command)
    commands = file.get("allowed_commands", [])
    if not isinstance(commands, list) or not all(_is_command(command) for command in commands):
        raise SettingsError("allowed_commands", f"is {shown(commands)}", "a list of commands")
    return tuple(commands)


def _is_command(value: object) -> bool:
    return isinstance(value, str) and value != ""


def seconds_of(variables: Mapping[str, str], file: Mapping[str, object]) -> float:
    """Return how long a writer waits for others, in seconds."""
    value = variables.get("BRAID_DB_BUSY_TIMEOUT_S") or file.get("busy_timeout_s", 60)
    try:
        seconds = -1.0 if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise SettingsError("busy_timeout_s", f"is {shown(value)}", "seconds from 0 to 3600")
    return seconds
