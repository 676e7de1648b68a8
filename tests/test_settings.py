"""Tests of which setting counts, and of what is said of one that cannot be used."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braid_db.errors import SettingsError
from braid_db.settings import Settings, database_url, read_settings, settings_file
from braid_db.store.connecting import make_engine

COLLECTION = "6C54CADE-bde5-45c1-bdea-f4bd71dba2cc"

WriteFile = Callable[[str], dict[str, str]]


@pytest.fixture
def with_file(tmp_path: Path) -> WriteFile:
    """Write the settings file of a database, and return the environment that names this."""

    def write(text: str) -> dict[str, str]:
        (tmp_path / "braid.toml").write_text(text, encoding="utf-8")
        return {"BRAID_DB_URL": str(tmp_path / "braid.db")}

    return write


def test_without_any_setting_the_database_lies_in_the_persons_home() -> None:
    home = Path("~").expanduser()
    assert read_settings(environment={}) == Settings(f"sqlite:///{home}/.braid_db/braid.db")


def test_an_option_counts_before_the_url_and_that_before_the_file() -> None:
    environment = {"BRAID_DB_URL": "/from/url.db", "BRAID_DB_FILE": "/from/file.db"}
    assert read_settings("/from/option.db", environment).database_url.endswith("/from/option.db")
    assert read_settings(None, environment).database_url == "sqlite:////from/url.db"
    del environment["BRAID_DB_URL"]
    assert read_settings(None, environment).database_url == "sqlite:////from/file.db"


def test_an_empty_variable_is_none() -> None:
    environment = dict.fromkeys(("BRAID_DB_URL", "BRAID_DB_FILE", "BRAID_DB_SETTINGS"), "")
    environment |= {"BRAID_DB_HOST": "", "BRAID_DB_COLLECTIONS": "", "BRAID_DB_BUSY_TIMEOUT_S": ""}
    assert read_settings(environment=environment) == read_settings(environment={})


def test_the_environment_counts_before_the_settings_file(with_file: WriteFile) -> None:
    environment = with_file(
        f"""
        host = "File"
        busy_timeout_s = 5
        connections = 3
        allowed_commands = ["/bin/of-file"]
        action_time_limit_s = 30
        action_attempts = 3
        action_backoff_s = 0.5
        [collections]
        "{COLLECTION}" = "file://file/"
        """
    )
    told = read_settings(environment=environment)
    assert (told.host, told.busy_timeout_s, told.connections) == ("file", 5.0, 3)
    assert (told.action_time_limit_s, told.action_attempts, told.action_backoff_s) == (30, 3, 0.5)
    assert told.allowed_commands == ("/bin/of-file",)
    assert told.collections == {COLLECTION.lower(): "file://file/"}
    environment |= {
        "BRAID_DB_HOST": "Variable",
        "BRAID_DB_BUSY_TIMEOUT_S": "7.5",
        "BRAID_DB_CONNECTIONS": "1",
        "BRAID_DB_ALLOWED_COMMANDS": f"/bin/a{os.pathsep}/bin/b",
        "BRAID_DB_COLLECTIONS": f'{{"{COLLECTION}": "file://variable/"}}',
        "BRAID_DB_ACTION_TIME_LIMIT_S": "1.5",
        "BRAID_DB_ACTION_ATTEMPTS": "2",
        "BRAID_DB_ACTION_BACKOFF_S": "0",
    }
    told = read_settings(environment=environment)
    assert (told.action_time_limit_s, told.action_attempts, told.action_backoff_s) == (1.5, 2, 0)
    assert (told.host, told.busy_timeout_s, told.connections) == ("variable", 7.5, 1)
    assert told.allowed_commands == ("/bin/a", "/bin/b")
    assert told.collections == {COLLECTION.lower(): "file://variable/"}


def test_an_empty_list_of_commands_in_the_environment_forbids_those_of_the_file(
    with_file: WriteFile,
) -> None:
    environment = with_file('allowed_commands = ["/bin/a"]')
    environment["BRAID_DB_ALLOWED_COMMANDS"] = ""
    assert read_settings(environment=environment).allowed_commands == ()


def test_the_settings_file_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('host = "elsewhere"')
    environment = {"BRAID_DB_SETTINGS": str(tmp_path / "other.toml")}
    assert read_settings(environment=environment).host == "elsewhere"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/data/my.db", "/data/my.toml"),
        ("/data/100%.db", "/data/100%.toml"),
        ("sqlite:////data/my.db?cache=shared", "/data/my.toml"),
        ("postgresql://ada@host/name", "~/.braid_db/braid.toml"),
    ],
)
def test_the_settings_file_lies_beside_the_database_file_or_in_the_persons_home(
    url: str, path: str
) -> None:
    assert settings_file(database_url(url), {}) == Path(path).expanduser()


BAD_IN_FILE = [
    ("host = 5", "The setting host is 5; expected a host's name"),
    ('host = "two words"', "The setting host is 'two words'; expected a host's name"),
    ("collections = 5", "The setting collections is 5; expected collection UUIDs and folders"),
    ('collections.x = "file://h/"', "names 'x'; expected the UUID of a collection"),
    (f'collections.{COLLECTION} = "/data"', "is '/data'; expected file://host/base/"),
    (f'collections.{COLLECTION} = "file://host"', "expected file://host/base/"),
    (f"collections.{COLLECTION} = 5", "is 5; expected file://host/base/"),
    ('allowed_commands = "ls"', "is 'ls'; expected a list of commands"),
    ("allowed_commands = [5]", "names 5; expected a list of commands, each an absolute path or"),
    ('allowed_commands = [""]', "names ''; expected a list of commands"),
    ('allowed_commands = ["bin/tell"]', "names 'bin/tell'; expected a list of commands"),
    ('allowed_commands = [".."]', "names '..'; expected a list of commands"),
    ("action_time_limit_s = 0", "is 0; expected seconds from 1 to 604800"),
    ("action_attempts = 0", "is 0; expected a whole number from 1 to 100"),
    ("action_attempts = 2.5", "is 2.5; expected a whole number from 1 to 100"),
    ("action_backoff_s = -1", "is -1; expected seconds from 0 to 86400"),
    ("connections = 0", "is 0; expected a whole number from 1 to 1000"),
    ("busy_timeout_s = -1", "is -1; expected seconds from 0 to 3600"),
    ("busy_timeout_s = 3601", "expected seconds from 0 to 3600"),
    ("busy_timeout_s = nan", "is nan; expected seconds from 0 to 3600"),
    ("busy_timeout_s = true", "is True; expected seconds from 0 to 3600"),
    ("busy_timeout_s = []", "expected seconds from 0 to 3600"),
    ("hosts = 1", "names 'hosts', which is no setting; expected one of action_attempts, action_"),
    ("host = ", "is no TOML"),
]


@pytest.mark.parametrize(("text", "told"), BAD_IN_FILE)
def test_a_bad_value_in_the_file_is_told_of_in_one_sentence(
    with_file: WriteFile, text: str, told: str
) -> None:
    environment = with_file(text)
    with pytest.raises(SettingsError, match=told) as caught:
        read_settings(environment=environment)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("", "is empty; expected a path or a URL"),
        (":memory:", "is ':memory:', which would be gone with its process; expected a path"),
        ("sqlite:///:memory:", ".*which would be gone with its process; expected a path"),
        ("sqlite://", ".*which would be gone with its process; expected a path"),
        ("a\0b", ".*expected a path or a URL, .* in UTF-8"),
        ("a\udcff", ".*expected a path or a URL, .* in UTF-8"),
    ],
)
def test_a_database_that_cannot_be_kept_is_refused(named: str, told: str) -> None:
    with pytest.raises(SettingsError, match=f"The setting database {told}"):
        read_settings(named, {"BRAID_DB_URL": "other.db"})
    if named:
        with pytest.raises(SettingsError, match=told):
            read_settings(environment={"BRAID_DB_URL": named})


def test_an_empty_variable_names_no_database() -> None:
    expected = read_settings(environment={}).database_url
    assert read_settings(environment={"BRAID_DB_URL": "", "BRAID_DB_FILE": ""}).database_url == (
        expected
    )


BAD_VARIABLES = [
    ("BRAID_DB_HOST", "a/b", "The setting host is 'a/b'; expected a host's name"),
    ("BRAID_DB_COLLECTIONS", "{", "BRAID_DB_COLLECTIONS is no JSON; expected collection UUIDs"),
    ("BRAID_DB_COLLECTIONS", "[]", "collections is .*; expected collection UUIDs"),
    ("BRAID_DB_BUSY_TIMEOUT_S", "soon", "is 'soon'; expected seconds from 0 to 3600"),
    ("BRAID_DB_BUSY_TIMEOUT_S", "9" * 5000, "expected seconds from 0 to 3600"),
    ("BRAID_DB_ALLOWED_COMMANDS", "ls:./ls", "names './ls'; expected a list of commands"),
    ("BRAID_DB_ACTION_ATTEMPTS", "many", "is 'many'; expected a whole number from 1 to 100"),
    ("BRAID_DB_SETTINGS", "/absent.toml", "names /absent.toml, which does not exist"),
    ("BRAID_DB_SETTINGS", "/", "cannot be read"),
]


@pytest.mark.parametrize(("name", "value", "told"), BAD_VARIABLES)
def test_a_bad_variable_is_told_of_in_one_sentence(name: str, value: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        read_settings(environment={name: value})
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 400


def test_a_file_that_is_no_text_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "braid.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="is no TOML"):
        read_settings(str(tmp_path / "braid.db"), {})


@pytest.mark.parametrize(
    ("named", "url"),
    [
        ("postgresql://u:p@h/n", "postgresql+psycopg://u:p@h/n"),
        ("postgres://u@h/n?sslmode=require", "postgresql+psycopg://u@h/n?sslmode=require"),
        ("postgresql+psycopg://u@h/n", "postgresql+psycopg://u@h/n"),
        ("/data/a b.db", "sqlite:////data/a b.db"),
        ("/data/a?b.db", "sqlite:////data/a%3Fb.db"),
        ("sqlite:////data/a.db?cache=shared", "sqlite:////data/a.db?cache=shared"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
    ],
)
def test_a_database_may_be_named_by_a_url_or_a_path(named: str, url: str) -> None:
    assert database_url(named) == url


@pytest.mark.parametrize("named", ["my.db", "./my.db", "sqlite:///my.db"])
def test_a_relative_path_is_from_the_folder_of_now(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert database_url(named) == f"sqlite:///{tmp_path}/my.db"


@pytest.mark.parametrize("named", ["~/my.db", "sqlite:///~/my.db"])
def test_a_tilde_is_the_persons_home(named: str) -> None:
    assert database_url(named) == f"sqlite:///{Path('~').expanduser()}/my.db"


@given(
    parts=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1).filter(
            lambda part: part not in (".", "..") and "://" not in part
        ),
        min_size=1,
        max_size=4,
    )
)
def test_every_path_is_the_file_that_is_opened(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    assert make_engine(database_url(path)).url.database == path
