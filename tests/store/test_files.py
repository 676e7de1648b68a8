"""Tests of where a database file may lie, and of who may not write it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from braid_db.errors import NetworkFileSystem
from braid_db.store import Store, files
from braid_db.store.files import network_file_system
from tests.store.rows import add_runs, runs, sqlite_path

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/sdb1 /home/local xfs rw 0 0
/dev/sdc1 /early/inner xfs rw 0 0
server:/early /early nfs4 rw 0 0
10.0.0.1@tcp:/scratch /lustre/scratch lustre rw 0 0
gpfs1 /my\\040data gpfs rw 0 0
tmpfs /tmp tmpfs rw 0 0
auto /auto autofs rw 0 0
host:/x /auto nfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/braid.db", None),
        ("/home/ada/braid.db", "nfs4"),
        ("/home/local/braid.db", None),
        ("/homestead/braid.db", None),
        ("/early/braid.db", "nfs4"),
        ("/early/inner/braid.db", None),
        ("/lustre/scratch/a/b/braid.db", "lustre"),
        ("/lustre/other/braid.db", None),
        ("/my data/braid.db", "gpfs"),
        ("/tmp/braid.db", None),
        ("/auto/braid.db", "nfs"),
        ("/", None),
    ],
)
def test_the_innermost_mount_decides_whether_a_file_is_on_a_network(
    path: str, kind: str | None
) -> None:
    assert network_file_system(Path(path), MOUNTS) == kind


def test_a_machine_that_says_nothing_of_its_mounts_refuses_nothing() -> None:
    assert network_file_system(Path("/home/ada/braid.db"), "") is None


def test_a_file_on_a_network_is_refused_with_what_to_do(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"{MOUNTS}server:/x {sqlite_path(sqlite_url).parent} nfs4 rw 0 0\n")
    monkeypatch.setattr(files, "MOUNTS", mounts)
    with pytest.raises(NetworkFileSystem, match=r"network file system \(nfs4\)") as caught:
        runs(Store(sqlite_url))
    assert "local disk, or use PostgreSQL" in str(caught.value)
    assert not sqlite_path(sqlite_url).exists()


BEGINNING = """
import os, sys
from pathlib import Path
from braid_db.errors import DatabaseUnreachable
from braid_db.store import Store
from tests.store.rows import add_runs, runs

def refused(call, why):
    try:
        call()
    except DatabaseUnreachable as error:
        assert why in str(error), error
        assert "sqlite" not in str(error).replace(sys.argv[1], ""), error
    else:
        raise AssertionError("it was not refused")

def become_somebody_else():
    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)

path = Path(sys.argv[1])
add_runs(Store(f"sqlite:///{path}.warm"), ["all that is imported later is imported now"])
"""

READ_ONLY_FOLDER = """
path.parent.chmod(0o555)
become_somebody_else()
refused(lambda: runs(Store(f"sqlite:///{path}")), "cannot be made (Permission denied)")
refused(lambda: runs(Store(f"sqlite:///{path}.d/x.db")), "cannot be made (Permission denied)")
"""

READ_ONLY_FILE = """
store = Store(f"sqlite:///{path}")
add_runs(store, ["a"])
store.close()
path.chmod(0o444)
path.parent.chmod(0o777)
become_somebody_else()
store = Store(f"sqlite:///{path}")
assert runs(store) == ["a"]
refused(lambda: add_runs(store, ["b"]), "cannot be opened or written")
assert runs(store) == ["a"]
store.close()
"""

READ_ONLY_BOTH = """
store = Store(f"sqlite:///{path}")
add_runs(store, ["a"])
store.close()
path.chmod(0o444)
path.parent.chmod(0o555)
become_somebody_else()
refused(lambda: runs(Store(f"sqlite:///{path}")), "cannot be opened or written")
"""

NO_ACCESS = """
store = Store(f"sqlite:///{path}")
add_runs(store, ["a"])
store.close()
path.chmod(0o000)
path.parent.chmod(0o755)
become_somebody_else()
refused(lambda: runs(Store(f"sqlite:///{path}")), "cannot be opened or written")
"""


@pytest.fixture
def folder_of_all() -> Iterator[Path]:
    """A folder whose parents everybody may pass."""
    folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="braid-db-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "program",
    [READ_ONLY_FOLDER, READ_ONLY_FILE, READ_ONLY_BOTH, NO_ACCESS],
    ids=["folder", "file", "both", "no access"],
)
def test_who_may_not_write_is_told_so(folder_of_all: Path, program: str) -> None:
    command = [sys.executable, "-c", BEGINNING + program, str(folder_of_all / "braid.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


# What needs that nobody else has the file open.
TURN_THE_LOG_OFF = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    connection.execute("PRAGMA journal_mode=DELETE")
except sqlite3.OperationalError:
    print("locked")
"""


def test_a_file_that_is_there_is_not_opened_to_see_so(sqlite_store: Store) -> None:
    """To close any descriptor of a database file gives up the locks of all connections to it."""
    add_runs(sqlite_store, ["a"])
    path = sqlite_path(str(sqlite_store.engine.url))

    def work(tx: object) -> None:
        other = Store(f"sqlite:///{path}", busy_timeout_s=0)
        assert runs(other) == ["a"]
        other.close()
        command = [sys.executable, "-c", TURN_THE_LOG_OFF, os.fspath(path)]
        assert subprocess.run(command, capture_output=True).stdout == b"locked\n"

    sqlite_store.write(work)
