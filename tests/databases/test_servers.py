"""Tests that each test gets its own empty database of a real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from tests.databases import binaries
from tests.databases.postgresql import PostgresServer
from tests.databases.shared import SharedServers

PROJECT = Path(__file__).parents[2]


def tables_after_making_one(url: str) -> list[str]:
    engine = create_engine(url)
    catalogue = "sqlite_master" if url.startswith("sqlite") else "pg_stat_user_tables"
    column = "name" if url.startswith("sqlite") else "relname"
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE mine (id integer)"))
        names = list(connection.execute(text(f"SELECT {column} FROM {catalogue}")).scalars())
    engine.dispose()
    return names


@pytest.mark.parametrize("time_of_asking", ["first", "second"])
def test_every_test_gets_a_database_without_tables(database_url: str, time_of_asking: str) -> None:
    assert tables_after_making_one(database_url) == ["mine"]


def test_a_database_is_dropped_although_someone_is_connected(
    postgresql_server: PostgresServer,
) -> None:
    with postgresql_server.new_database() as url:
        name = make_url(url).database
        left_open = psycopg.connect(host=str(postgresql_server.folder), user="braid", dbname=name)
    with pytest.raises(psycopg.OperationalError):
        left_open.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(host=str(postgresql_server.folder), user="braid", dbname=name)


def setting(server: PostgresServer, name: str) -> str:
    with psycopg.connect(host=str(server.folder), user="braid", dbname="postgres") as connection:
        row = connection.execute(f"SHOW {name}".encode()).fetchone()
    assert row is not None
    return str(row[0])


def test_only_the_durable_server_waits_for_the_disk(
    postgresql_server: PostgresServer, durable_postgresql_server: PostgresServer
) -> None:
    assert setting(postgresql_server, "fsync") == "off"
    assert setting(durable_postgresql_server, "fsync") == "on"
    assert setting(durable_postgresql_server, "synchronous_commit") == "on"


def test_the_server_listens_on_no_network(postgresql_server: PostgresServer) -> None:
    assert setting(postgresql_server, "listen_addresses") == ""
    assert postgresql_server.folder.stat().st_mode & 0o077 == 0


@pytest.fixture
def no_system_postgresql(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(binaries, "DEBIAN_ROOT", tmp_path / "absent")


@pytest.mark.usefixtures("no_system_postgresql")
def test_the_wheel_brings_a_server_where_the_system_has_none(session_folder: Path) -> None:
    servers = SharedServers(session_folder)
    servers.own()
    server = servers.postgresql()
    with server.new_database() as url:
        assert tables_after_making_one(url) == ["mine"]
    assert int(setting(server, "server_version_num")) >= 160000
    servers.stop()
    assert not server.is_running()


@pytest.mark.usefixtures("no_system_postgresql")
def test_programs_that_only_root_can_reach_are_run_from_a_copy(
    session_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        binaries, "_can_run", lambda folder, user: folder.is_relative_to(session_folder)
    )
    copy = binaries.find_binaries(session_folder, None)
    assert copy.is_relative_to(session_folder)
    for program in ("initdb", "postgres", "pg_ctl"):
        subprocess.run([copy / program, "--version"], check=True)


@pytest.mark.usefixtures("no_system_postgresql")
def test_without_any_server_the_tests_say_what_to_install(
    session_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "WHEEL", "no_such_package")
    with pytest.raises(RuntimeError, match="system's package 'postgresql'"):
        binaries.find_binaries(session_folder, None)


SESSION_WITH_A_SERVER = """
import sys, time
from pathlib import Path
from tests.databases.shared import SharedServers

servers = SharedServers(Path(sys.argv[1]))
servers.own()
print((servers.postgresql().data / "postmaster.pid").read_text().split()[0], flush=True)
time.sleep(120)
"""


@pytest.fixture
def session_folder() -> Iterator[Path]:
    """A folder that the server's user can reach, which pytest's own temporary folder may not be."""
    folder = Path(tempfile.mkdtemp(prefix="braid-db-tests-"))
    yield folder
    shutil.rmtree(folder)


def test_a_session_that_is_killed_leaves_no_server(session_folder: Path) -> None:
    session = subprocess.Popen(
        [sys.executable, "-c", SESSION_WITH_A_SERVER, str(session_folder)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
    )
    assert session.stdout is not None
    server_id = int(session.stdout.readline())
    os.kill(server_id, 0)
    session.kill()
    session.communicate()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{server_id}").exists():
        assert time.monotonic() < deadline, "the server outlived its session by 20 s"
        time.sleep(0.05)
