"""Tests of backups: taken beside writers, whole or not there, and seen by nobody else."""

from __future__ import annotations

import os
import re
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from braid_db.records.backup import back_up
from braid_db.records.checking import check_database
from braid_db.store import Store, backup, pg_dump
from braid_db.store.errors import BackupFailed
from tests.databases.postgresql import PostgresServer
from tests.store.rows import add_runs, runs

WRITERS = 8
ROOT = Path(__file__).parents[2]

WRITER = """
import sys
from itertools import count
from braid_db.steps import add_record_for_action_step
for number in count():
    name = f"{sys.argv[1]}-{number}"
    uri = f"file:///a/{name}"
    add_record_for_action_step({"step_name": "Write", "run_id": name, "output_record_defs": {
        "name": name, "uris": uri}})
    print(name, flush=True)
"""


class Writers:
    """Processes that record one step after another, and what they were told is recorded."""

    def __init__(self, url: str) -> None:
        self.acknowledged: list[str] = []
        self._programs = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(number)],
                env={**os.environ, "BRAID_DB_URL": url},
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(WRITERS)
        ]
        self._readers = [
            threading.Thread(target=self._read, args=(program,)) for program in self._programs
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, program: subprocess.Popen[str]) -> None:
        assert program.stdout
        with program.stdout:
            for line in program.stdout:
                self.acknowledged.append(line.strip())

    def wait_for(self, calls: int) -> None:
        deadline = time.monotonic() + 120
        while len(self.acknowledged) < calls:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def kill(self) -> None:
        for program in self._programs:
            program.kill()
            program.wait()
        for reader in self._readers:
            reader.join()


@contextmanager
def writers_of(url: str) -> Iterator[Writers]:
    writers = Writers(url)
    try:
        yield writers
    finally:
        writers.kill()


@contextmanager
def restored(made: str, url: str, server: Callable[[], PostgresServer]) -> Iterator[Store]:
    """Give the database that a backup becomes, by what the README says."""
    if url.startswith("sqlite"):
        store = Store(f"sqlite:///{made}", create=False)
        yield store
        store.close()
        return
    with server().new_database() as other:
        where = other.replace("+psycopg", "")
        subprocess.run(
            ["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={where}", made], check=True
        )
        store = Store(other, create=False)
        yield store
        store.close()


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Callable[[], PostgresServer]:
    """Return what returns the session's server, started where a test needs it."""
    return lambda: request.getfixturevalue("postgresql_server")


def test_a_backup_beside_writers_holds_all_that_was_acknowledged_before_it(
    database_url: str,
    tmp_path: Path,
    server: Callable[[], PostgresServer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backup, "_PAGES", 1)  # So that writers come between its steps.
    store = Store(database_url)
    with writers_of(database_url) as writers:
        writers.wait_for(100)
        before = set(writers.acknowledged)
        made = back_up(store, tmp_path / "backup")
        writers.wait_for(len(writers.acknowledged) + WRITERS)
    store.close()
    with restored(made.path, database_url, server) as copy:
        report = check_database(copy)
        assert report.is_sound, report
        assert before <= set(runs(copy))
        add_runs(copy, ["goes on"])


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A database with one run."""
    store = Store(database_url)
    add_runs(store, ["run-1"])
    yield store
    store.close()


def test_only_its_owner_can_read_a_backup(store: Store, tmp_path: Path) -> None:
    made = Path(back_up(store, tmp_path / "backup").path)
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["backup"]


def test_a_file_that_is_there_is_replaced_only_when_told(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    target.write_text("mine")
    with pytest.raises(BackupFailed, match="--overwrite"):
        back_up(store, target)
    assert target.read_text() == "mine"
    back_up(store, target, overwrite=True)
    assert target.stat().st_size > 1000


def test_a_folder_gets_a_file_with_the_time_in_its_name(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    made = back_up(store, folder)
    assert re.search(r"-\d{8}T\d{6}Z\.(db|dump)$", made.path)
    assert [str(path) for path in folder.iterdir()] == [made.path]


def test_the_database_itself_and_one_in_use_are_never_replaced(
    sqlite_url: str, tmp_path: Path
) -> None:
    store, other = Store(sqlite_url), Store(f"sqlite:///{tmp_path / 'other.db'}")
    add_runs(store, ["run-1"])
    add_runs(other, ["other"])
    with pytest.raises(BackupFailed, match="the database itself"):
        back_up(store, Path(make_url(sqlite_url).database or ""), overwrite=True)
    with pytest.raises(BackupFailed, match="in use"):
        back_up(store, tmp_path / "other.db", overwrite=True)
    assert (runs(store), runs(other)) == (["run-1"], ["other"])
    store.close()
    other.close()


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal", ".toml"])
def test_a_name_that_belongs_to_a_database_is_never_written(
    sqlite_url: str, tmp_path: Path, ending: str
) -> None:
    store = Store(sqlite_url)
    add_runs(store, ["run-1"])
    for beside in (f"{make_url(sqlite_url).database}{ending}", f"other.db{ending}"):
        with pytest.raises(BackupFailed, match="a database keeps beside it"):
            back_up(store, tmp_path / beside, overwrite=True)
    assert runs(Store(sqlite_url)) == ["run-1"]
    store.close()


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
def test_a_backup_is_never_put_beside_a_log_that_is_left_over(
    store: Store, tmp_path: Path, ending: str
) -> None:
    (tmp_path / f"backup.db{ending}").write_text("left over")
    with pytest.raises(BackupFailed, match="whose log is still there"):
        back_up(store, tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


def test_a_name_that_is_too_long_is_told_of(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="cannot be written"):
        back_up(store, tmp_path / ("x" * 300))


def test_a_full_disk_leaves_nothing_and_is_told_of(sqlite_url: str, tmp_path: Path) -> None:
    store = Store(sqlite_url)
    add_runs(store, [f"run-{number}" for number in range(20_000)])
    folder = tmp_path / "backups"
    folder.mkdir()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.raises(BackupFailed, match="no room left"):
            back_up(store, folder / "backup")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handled)
    assert list(folder.iterdir()) == []
    back_up(store, folder / "backup")
    store.close()


def test_a_folder_that_is_not_there_is_told_of(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="cannot be written"):
        back_up(store, tmp_path / "no" / "backup")


def test_what_is_stopped_halfway_leaves_nothing(sqlite_url: str, tmp_path: Path) -> None:
    store = Store(sqlite_url)
    add_runs(store, ["run-1"])

    def stop(how_far: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(store, tmp_path / "backup", tell=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["sqlite"]
    add_runs(store, ["run-2"])
    store.close()


def test_a_password_is_on_no_command_line_and_in_no_message(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(postgresql_url).set(password="hush-hush")
    program = tmp_path / "pg_dump"
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then echo "pg_dump (PostgreSQL) 99.1"; exit; fi\n'
        f'echo "$@" >{tmp_path}/told; echo "no: $PGPASSWORD" >&2; exit 1\n'
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    store = Store(url.render_as_string(hide_password=False))
    add_runs(store, ["run-1"])
    with pytest.raises(BackupFailed, match=r"no: \*\*\*") as caught:
        back_up(store, tmp_path / "backup")
    assert "hush" not in str(caught.value)
    assert "hush" not in (tmp_path / "told").read_text()
    assert not (tmp_path / "backup").exists()
    store.close()


def test_without_a_fitting_pg_dump_it_is_said_what_to_install(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pg_dump, "DEBIAN_ROOT", tmp_path / "none")
    old = tmp_path / "pg_dump"
    old.write_text('#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.1"\n')
    old.chmod(0o700)
    store = Store(postgresql_url)
    add_runs(store, ["run-1"])
    for path in (tmp_path, tmp_path / "none"):
        monkeypatch.setenv("PATH", str(path))
        with pytest.raises(BackupFailed, match="client programs") as caught:
            back_up(store, tmp_path / "backup")
        assert len(str(caught.value).splitlines()) == 1
    store.close()


def test_a_database_of_another_schema_can_be_backed_up(store: Store, tmp_path: Path) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    store.close()
    change = "UPDATE alembic_version SET version_num = '0000'"
    with store.engine.connect() as connection:
        connection.exec_driver_sql(change)
    old = Store(url, create=False)
    assert back_up(old, tmp_path / "backup").size_bytes > 1000
    old.close()
