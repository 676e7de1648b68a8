"""A private PostgreSQL server: made, started, asked for empty databases, stopped."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg

from tests.databases.binaries import find_binaries, postgres_user

ROLE = "braid"

# The server belongs to no process of ours; this outlives us all by a moment, and ends it.
STOP_WHEN_INPUT_ENDS = """
exec 3<&0
{ read -r _ <&3; read -r server <"$1" && kill -INT "$server"; } >/dev/null 2>&1 &
"""

# A person's server sorts text by a language's rules, so the tests' does too where it can: code
# that forgets to ask for order by code point is then found out.
LANGUAGE_ORDER = ["--locale-provider=icu", "--icu-locale=en-US"]

FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
ALWAYS = {
    "listen_addresses": "",
    "max_connections": "200",
    "logging_collector": "off",
    "log_min_messages": "warning",
}


class PostgresServer:
    """One server in one folder, reached through a socket that only its user and we can open.

    :param folder: an absolute path of at most 80 bytes, as sockets have short names; its parent
        must be readable by the user that the server runs as.
    :param durable: whether a commit waits for the disk, as a person's server does; the tests' own
        server does not, as nothing outlives it.
    """

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder = folder
        self.durable = durable

    @property
    def data(self) -> Path:
        """The folder of the database cluster."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The file that the server writes its warnings to."""
        return self.folder / "server.log"

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of one of the server's databases."""
        return f"postgresql+psycopg://{ROLE}@/{database}?host={self.folder}"

    def start(self, alive: Path) -> None:
        """Make and start the server, and return when it answers.

        :param alive: a named pipe; when nobody holds it open for writing any more, the server is
            stopped, however the test session came to its end.
        """
        user = postgres_user()
        self.folder.mkdir(mode=0o700)
        if user is not None:
            shutil.chown(self.folder, user)
        binaries = find_binaries(self.folder.parent, user)
        self._make_cluster(binaries, user)
        self._run([binaries / "pg_ctl", "start", "-w", "-s", "-D", self.data, "-l", self.log], user)
        with alive.open("rb") as until_closed:
            guard = ["sh", "-c", STOP_WHEN_INPUT_ENDS, "guard", self.data / "postmaster.pid"]
            self._run(guard, user, until_closed)

    def restart(self, how: str) -> None:
        """Stop the server and start it again, and return when it answers.

        :param how: ``fast``, which ends all sessions, or ``immediate``, as if it had crashed.
        """
        user = postgres_user()
        pg_ctl = find_binaries(self.folder.parent, user) / "pg_ctl"
        restart = [pg_ctl, "restart", "-w", "-s", "-m", how, "-D", self.data, "-l", self.log]
        self._run(restart, user)

    def stop(self) -> None:
        """Stop the server at once, as if the machine were shut down, until it is started again."""
        user = postgres_user()
        pg_ctl = find_binaries(self.folder.parent, user) / "pg_ctl"
        self._run([pg_ctl, "stop", "-w", "-s", "-m", "fast", "-D", self.data], user)

    def start_again(self) -> None:
        """Start a server that was stopped, and return when it answers."""
        user = postgres_user()
        pg_ctl = find_binaries(self.folder.parent, user) / "pg_ctl"
        self._run([pg_ctl, "start", "-w", "-s", "-D", self.data, "-l", self.log], user)

    def is_running(self) -> bool:
        """Tell whether the server has not yet finished stopping."""
        return (self.data / "postmaster.pid").exists()

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """Make an empty database and give its URL; afterwards drop it, whoever is connected."""
        name = f"test_{uuid.uuid4().hex}"
        self._execute(f'CREATE DATABASE "{name}"')
        try:
            yield self.url(name)
        finally:
            self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _make_cluster(self, binaries: Path, user: str | None) -> None:
        initdb = [binaries / "initdb", "-D", self.data, "-U", ROLE, "--auth=trust", "--no-sync"]
        initdb += ["--encoding=UTF8", "--locale=C.UTF-8"]
        try:
            self._run([*initdb, *LANGUAGE_ORDER], user)
        except RuntimeError:
            self._run(initdb, user)
        settings = ALWAYS | {"unix_socket_directories": str(self.folder)}
        settings |= {} if self.durable else FORGETFUL
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def _run(
        self, command: list[str | Path], user: str | None, stdin: IO[bytes] | None = None
    ) -> None:
        output = self.folder / "commands.log"
        with output.open("ab") as log:
            done = subprocess.run(
                command, user=user, cwd=self.folder, stdin=stdin, stdout=log, stderr=log
            )
        if done.returncode != 0:
            logs = [path.read_text() for path in (output, self.log) if path.exists()]
            raise RuntimeError(f"{command[0]} failed: {''.join(logs).strip()}")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self.folder), user=ROLE, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())
