"""Tests that what cannot be answered is one clear line on stderr, and an exit code of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from braid_db.cli.errors import EXIT_CODES, exit_code
from braid_db.errors import BraidError, DatabaseBusy, RecordNotFound, SchemaOutOfDate
from braid_db.store import Store
from tests.cli.conftest import Recorded, Run

READING = [
    ("record", "list"),
    ("record", "show", "1"),
    ("record", "lineage", "1"),
    ("run", "list"),
    ("run", "show", "x"),
    ("graph", "1"),
    ("recall", "list"),
    ("recall", "make", "1", "--cause", "wrong"),
    ("recall", "run"),
    ("db", "status"),
    ("db", "upgrade"),
]


def assert_refused(result: object, code: int, *said: str) -> None:
    stderr: str = result.stderr  # type: ignore[attr-defined]
    assert result.exit_code == code, stderr  # type: ignore[attr-defined]
    assert result.stdout == ""  # type: ignore[attr-defined]
    assert stderr.count("\n") == 1
    assert stderr.startswith("Error: ")
    for part in said:
        assert part in stderr


@pytest.mark.parametrize("command", READING)
def test_an_absent_file_is_unreachable_and_stays_absent(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    absent = tmp_path / "new" / "braid.db"
    assert_refused(run(*command, "--db", absent), 3, str(absent), "[database-unreachable]")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", READING)
def test_an_empty_file_is_no_provenance_database_and_stays_empty(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    empty = tmp_path / "braid.db"
    empty.touch()
    assert_refused(run(*command, "--db", empty), 3, "[not-a-provenance-database]")
    assert empty.read_bytes() == b""


@pytest.mark.parametrize("command", [*READING, ("db", "create")])
def test_a_file_of_something_else_is_refused_and_left_alone(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("This is no database. " * 100)
    assert_refused(run(*command, "--db", other), 3, "[not-a-provenance-database]")
    assert other.read_text() == "This is no database. " * 100


def test_a_server_that_is_not_there_is_unreachable_and_no_password_is_shown(run: Run) -> None:
    url = "postgresql://me:secret@127.0.0.1:1/braid"
    result = run("record", "list", "--db", url)
    assert_refused(result, 3, "127.0.0.1", "[database-unreachable]")
    assert "secret" not in result.stderr


def test_a_refusal_does_not_pass_on_what_could_steer_a_terminal(run: Run, tmp_path: Path) -> None:
    assert_refused(run("record", "list", "--db", tmp_path / "\x1b[2J.db"), 3, "\\x1b[2J.db")


def set_revision(url: str, revision: str) -> None:
    Store(url).read(lambda tx: None)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = :r"), {"r": revision})
    engine.dispose()


@pytest.mark.parametrize("command", [c for c in READING if c != ("db", "upgrade")])
@pytest.mark.parametrize(
    ("revision", "said"), [("0000", "db upgrade"), ("9999", "Install")], ids=["older", "newer"]
)
def test_another_schema_is_refused_with_what_to_do(
    run: Run, sqlite_url: str, revision: str, said: str, command: tuple[str, ...]
) -> None:
    set_revision(sqlite_url, revision)
    assert_refused(run(*command, "--db", sqlite_url), 4, revision, said)


def test_another_schema_on_either_database_is_refused(run: Run, database_url: str) -> None:
    set_revision(database_url, "9999")
    assert_refused(run("record", "list", "--db", database_url), 4, "[schema-too-new]")
    assert_refused(run("db", "upgrade", "--db", database_url), 4, "[schema-too-new]")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("record", "show", "999"), "[record-not-found]"),
        (("record", "show", 2**70), "[record-not-found]"),
        (("record", "show", "file:///nowhere"), "[record-not-found]"),
        (("record", "show", "1", "--version", "7"), "[version-not-found]"),
        (("record", "lineage", "999"), "[record-not-found]"),
        (("graph", "999"), "[record-not-found]"),
        (("run", "show", "none"), "[run-not-found]"),
    ],
)
def test_what_is_not_there_is_refused(
    run: Run, recorded: Recorded, command: tuple[object, ...], code: str
) -> None:
    assert_refused(run(*command), 1, code)


@pytest.mark.parametrize(
    "command",
    [
        ("record", "show", "scan.h5"),
        ("record", "show"),
        ("record", "list", "--kind", "thing"),
        ("record", "list", "--limit", "-1"),
        ("record", "list", "--where", "loss <"),
        ("record", "list", "--sort", "'x'"),
        ("record", "list", "--after", "x"),
        ("record", "list", "--since", "yesterday"),
        ("record", "lineage", "1", "--depth", "0"),
        ("graph", "1", "--format", "png"),
        ("nonsense",),
        ("record", "list", "--db", "mysql://host/name"),
        ("record", "list", "--db", "sqlite://"),
        ("completion", "tcsh"),
    ],
)
def test_wrong_usage_exits_with_two(run: Run, recorded: Recorded, command: tuple[str, ...]) -> None:
    result = run(*command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr


def test_a_setting_that_cannot_be_used_is_wrong_usage(
    run: Run, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAID_DB_BUSY_TIMEOUT_S", "soon")
    assert_refused(run("record", "list"), 2, "[settings]")


def test_every_error_has_an_exit_code_and_the_nearest_class_decides() -> None:
    assert EXIT_CODES[-1][0] is BraidError
    assert exit_code(RecordNotFound(1)) == 1
    assert exit_code(DatabaseBusy("x", "y", "z")) == 3
    assert exit_code(SchemaOutOfDate("x", "y", "z")) == 4
    kinds = [kind for kind, _ in EXIT_CODES]
    hidden = [b for n, a in enumerate(kinds) for b in kinds[n + 1 :] if issubclass(b, a)]
    assert hidden == []
