"""Configuration: one frozen object, read once at a door from options, environment and file."""

from __future__ import annotations

import json
import math
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
_IN_FILE = (
    "action_attempts",
    "action_backoff_s",
    "action_time_limit_s",
    "allowed_commands",
    "busy_timeout_s",
    "collections",
    "connections",
    "host",
)
_DAY_S = 86400
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_IN_MEMORY = (":memory:", "sqlite://", "sqlite:///:memory:")
_NOT_ESCAPED = "/:@ "


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process is told about its database and itself.

    :param database_url: a SQLAlchemy URL; a bare path means an SQLite file.
    :param host: the name that completes ``file:///path`` URIs without a host.
    :param collections: Globus collection UUID -> ``file://host/base/`` that it shows.
    :param allowed_commands: the commands that invalidation actions may run: absolute paths, or
        names that are looked up in ``PATH``.
    :param busy_timeout_s: how long a writer waits for others, in seconds.
    :param connections: how many connections to a server a process may have open at once.
    :param action_time_limit_s: how long an action may take before it is killed, in seconds.
    :param action_attempts: how often an action that fails is started at most.
    :param action_backoff_s: how long after its first failure it is started again, in seconds;
        twice as long after each further one.
    """

    database_url: str
    host: str = DEFAULT_HOST
    collections: Mapping[str, str] = field(default_factory=dict)
    allowed_commands: tuple[str, ...] = ()
    busy_timeout_s: float = 60.0
    connections: int = 8
    action_time_limit_s: float = 600.0
    action_attempts: int = 5
    action_backoff_s: float = 60.0


def read_settings(
    database: str | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings of this process.

    The database comes from the option, else ``BRAID_DB_URL``, else ``BRAID_DB_FILE``, else
    the default; all others from ``BRAID_DB_*``, else the settings file, else the default.

    A database that is gone with its process is refused, and so is an option that is empty: what a
    shell makes of a variable that is not set must not lead to some other database.

    :param database: a URL or path given as an option.
    :param environment: the environment variables; those of the process when omitted.
    :raises SettingsError: if a value cannot be used.
    """
    variables = os.environ if environment is None else environment
    named = database
    if named is None:
        named = variables.get("BRAID_DB_URL") or variables.get("BRAID_DB_FILE") or DEFAULT_DATABASE
    url = database_url(_kept(named))
    file = read_file(url, variables)
    return Settings(
        database_url=url,
        host=host_of(variables, file),
        collections=collections_of(variables, file),
        allowed_commands=commands_of(variables, file),
        busy_timeout_s=number_of("busy_timeout_s", 60, (0, 3600), variables, file),
        connections=count_of("connections", 8, (1, 1000), variables, file),
        action_time_limit_s=number_of("action_time_limit_s", 600, (1, 7 * _DAY_S), variables, file),
        action_attempts=count_of("action_attempts", 5, (1, 100), variables, file),
        action_backoff_s=number_of("action_backoff_s", 60, (0, _DAY_S), variables, file),
    )


def _kept(named: str) -> str:
    """Return the name of a database, if it is one that can be kept.

    :raises SettingsError: if it is not.
    """
    expected = "a path or a URL, as in my.db or postgresql://host/name"
    if not named:
        raise SettingsError("database", "is empty", f"{expected}; nothing at all means the default")
    if named in _IN_MEMORY:
        problem = f"is {shown(named)}, which would be gone with its process"
        raise SettingsError("database", problem, "a path; for a while, one in a temporary folder")
    if "\0" in named or any("\ud800" <= letter <= "\udfff" for letter in named):
        raise SettingsError("database", f"is {shown(named)}", f"{expected}, in UTF-8")
    return named


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
    commands = file.get("allowed_commands", [])
    if named is not None:
        commands = [command for command in named.split(os.pathsep) if command]
    if not isinstance(commands, list):
        raise SettingsError("allowed_commands", f"is {shown(commands)}", "a list of commands")
    for command in commands:
        if not _is_command(command):
            expected = "a list of commands, each an absolute path or a name without a slash"
            raise SettingsError("allowed_commands", f"names {shown(command)}", expected)
    return tuple(commands)


def _is_command(value: object) -> bool:
    """Return whether a value names one program, whatever folder a process is in."""
    if not isinstance(value, str) or value in ("", ".", "..") or "\0" in value:
        return False
    return value.startswith("/") or "/" not in value


def number_of(
    name: str,
    default: float,
    limits: tuple[float, float],
    variables: Mapping[str, str],
    file: Mapping[str, object],
    *,
    unit: str = "seconds",
) -> float:
    """Return a setting that is a number, such as a time in seconds."""
    value = variables.get(f"BRAID_DB_{name.upper()}") or file.get(name, default)
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    low, high = limits
    if not low <= number <= high:
        raise SettingsError(name, f"is {shown(value)}", f"{unit} from {low:g} to {high:g}")
    return number


def count_of(
    name: str,
    default: int,
    limits: tuple[int, int],
    variables: Mapping[str, str],
    file: Mapping[str, object],
) -> int:
    """Return a setting that is a whole number."""
    number = number_of(name, default, limits, variables, file, unit="a whole number")
    if number != int(number):
        low, high = limits
        raise SettingsError(name, f"is {number:g}", f"a whole number from {low} to {high}")
    return int(number)
