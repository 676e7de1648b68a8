"""Tests that migrations end at the tables, that upgrading is safe, and that others are refused."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from braid_db.errors import (
    DatabaseBusy,
    DatabaseUnreachable,
    NotAProvenanceDatabase,
    SchemaOutOfDate,
    SchemaTooNew,
)
from braid_db.store import Store, Transaction, schema
from braid_db.store.connecting import make_engine
from braid_db.store.tables import defined_for
from tests.store.rows import add_runs, raw, runs, sqlite_path

MIGRATIONS = Path(schema.__file__).parent / "migrations"

DESCRIBED_BY = {
    "sqlite": ["SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"],
    "postgresql": [
        """
        SELECT table_name, column_name, ordinal_position, data_type, is_nullable, column_default,
            collation_name, character_maximum_length, is_identity, identity_generation
        FROM information_schema.columns WHERE table_schema = 'public'
        ORDER BY table_name, ordinal_position
        """,
        """
        SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        ORDER BY indexname
        """,
        """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
        """,
        """
        SELECT sequencename, data_type::text, start_value, min_value, max_value, increment_by, cycle
        FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1
        """,
    ],
}


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    with make_engine(url).connect() as connection:
        yield connection


def described(url: str) -> list[list[tuple[Any, ...]]]:
    """Return what a database says of its tables, columns, constraints, indexes and sequences."""
    with connected(url) as connection:
        questions = DESCRIBED_BY[connection.dialect.name]
        return [
            [tuple(row) for row in connection.execute(text(question))] for question in questions
        ]


def cleared(url: str) -> str:
    """Make a database empty again."""
    if url.startswith("sqlite"):
        sqlite_path(url).unlink()
    else:
        with connected(url) as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    return url


def migrated(url: str) -> str:
    """Bring an empty database to the newest schema by migrations alone."""
    if url.startswith("sqlite"):
        sqlite_path(url).touch()
    schema.migrate(make_engine(url), 60)
    return url


def created(url: str) -> str:
    store = Store(url)
    runs(store)
    store.close()
    return url


def plant_revision(url: str, revision: str) -> None:
    with connected(url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})


def test_the_migrated_schema_is_the_one_that_create_makes(database_url: str) -> None:
    made = described(created(database_url))
    assert described(migrated(cleared(database_url))) == made
    assert all(made)


def test_a_different_column_would_be_seen(database_url: str) -> None:
    made = described(created(database_url))
    with connected(database_url) as connection:
        connection.execute(text("ALTER TABLE run ADD COLUMN more TEXT"))
    assert described(database_url) != made


@pytest.mark.parametrize("make", [created, migrated])
def test_alembic_sees_no_difference_to_the_tables(database_url: str, make: Any) -> None:
    make(database_url)
    with connected(database_url) as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*expression-based index")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, defined_for(connection.dialect.name))
    # SQLite has no identity columns, which Alembic may take for a missing default.
    assert [change for change in found if not is_of_identity(change)] == []


def is_of_identity(change: Any) -> bool:
    return isinstance(change, list) and change[0][0] == "modify_default" and bool(change[0][6])


def test_the_newest_migration_is_the_one_that_create_stamps() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [schema.HEAD]


def test_upgrading_a_database_of_today_changes_nothing(database_url: str) -> None:
    before = described(created(database_url))
    schema.upgrade(make_engine(database_url))
    assert described(database_url) == before


def test_a_failed_migration_leaves_the_database_as_it_was(database_url: str) -> None:
    """The baseline fails on the last table that is there, after it made all others."""
    if database_url.startswith("sqlite"):
        sqlite_path(database_url).touch()
    with connected(database_url) as connection:
        connection.execute(text("CREATE TABLE receipt (x INTEGER)"))
    before = described(database_url)
    with pytest.raises(Exception, match="receipt"):
        schema.migrate(make_engine(database_url), 60)
    assert described(database_url) == before


def test_two_processes_that_migrate_at_once_migrate_once(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        sqlite_path(database_url).touch()
    program = (
        "import sys; from braid_db.store import connecting, schema, turns\n"
        "driver = connecting.make_driver(connecting.make_engine(sys.argv[1]), 60)\n"
        "patience = turns.Patience(60)\n"
        "input()\n"
        "while True:\n"
        "    try:\n"
        "        with turns.failures_of(driver):\n"
        "            schema.migrate(driver.engine, 60); break\n"
        "    except turns.NotWritten as fault:\n"
        "        patience.wait(fault)\n"
    )
    command = [sys.executable, "-c", program, database_url]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(2)]
    for process in both:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.close()
    assert [process.wait(60) for process in both] == [0, 0]
    migrated_twice = described(database_url)
    assert migrated_twice == described(created(cleared(database_url)))


def test_an_upgrade_waits_for_those_who_record(database_url: str) -> None:
    store = Store(database_url)
    runs(store)
    plant_revision(database_url, "0000")
    engine = make_engine(database_url)

    def recording(tx: Transaction) -> None:
        with pytest.raises(DatabaseBusy, match=r"[Cc]all again"):
            schema.upgrade(engine, busy_timeout_s=0.1)

    store.write(recording)
    store.close()


@pytest.mark.parametrize(
    ("revision", "error", "advice"),
    [
        ("0000", SchemaOutOfDate, "braid-db db upgrade"),
        ("9999", SchemaTooNew, "Install the version of braid-db that made it, or a newer one"),
    ],
)
def test_another_schema_is_refused_with_what_to_do(
    database_url: str, revision: str, error: type[Exception], advice: str
) -> None:
    plant_revision(created(database_url), revision)
    with pytest.raises(error, match=advice) as caught:
        runs(Store(database_url))
    assert f"has schema {revision}, and this version of Braid-DB works with 0001" in str(
        caught.value
    )


def test_a_newer_database_is_not_upgraded(database_url: str) -> None:
    plant_revision(created(database_url), "9999")
    with pytest.raises(SchemaTooNew):
        schema.upgrade(make_engine(database_url))


def test_a_schema_that_nobody_made_is_not_upgraded(database_url: str) -> None:
    plant_revision(created(database_url), "0000")
    with pytest.raises(NotAProvenanceDatabase, match="no version of Braid-DB made"):
        schema.upgrade(make_engine(database_url))


def test_an_empty_database_is_not_upgraded_but_made(postgresql_url: str) -> None:
    with pytest.raises(NotAProvenanceDatabase, match="braid-db db create"):
        schema.upgrade(make_engine(postgresql_url))


def test_upgrading_makes_no_file(sqlite_url: str) -> None:
    with pytest.raises(DatabaseUnreachable, match="does not exist"):
        schema.upgrade(make_engine(sqlite_url))
    assert not sqlite_path(sqlite_url).exists()


UPSTREAM = """
CREATE TABLE records (record_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE derivations (record_id INTEGER, derivation INTEGER);
CREATE TABLE uris (id INTEGER PRIMARY KEY, record_id INTEGER, uri TEXT);
CREATE TABLE tags (id INTEGER PRIMARY KEY, record_id INTEGER, key TEXT);
INSERT INTO records VALUES (1, 'theirs');
"""


@pytest.mark.parametrize("create", [True, False])
def test_a_file_of_upstream_is_refused_and_left_as_it_is(sqlite_url: str, create: bool) -> None:
    connection = raw(sqlite_url)
    connection.executescript(UPSTREAM)
    connection.close()
    before = sqlite_path(sqlite_url).read_bytes()
    with pytest.raises(NotAProvenanceDatabase, match=r"was made by braid-db 0\.1"):
        runs(Store(sqlite_url, create=create))
    assert sqlite_path(sqlite_url).read_bytes() == before
    assert [path.name for path in sqlite_path(sqlite_url).parent.iterdir()] == ["braid.db"]


@pytest.mark.parametrize("create", [True, False])
def test_a_database_of_another_program_is_refused_and_left_as_it_is(
    database_url: str, create: bool
) -> None:
    if database_url.startswith("sqlite"):
        sqlite_path(database_url).touch()
    with connected(database_url) as connection:
        connection.execute(text("CREATE TABLE django_site (id INTEGER)"))
    before = described(database_url)
    with pytest.raises(NotAProvenanceDatabase, match=r"another program \(django_site"):
        runs(Store(database_url, create=create))
    assert described(database_url) == before


@pytest.mark.parametrize("content", [b"step,time\n", b"\x00" * 5000, b"SQLite format 3\x00" * 99])
def test_a_file_of_another_kind_is_refused_and_left_as_it_is(
    sqlite_url: str, content: bytes
) -> None:
    sqlite_path(sqlite_url).write_bytes(content)
    with pytest.raises(NotAProvenanceDatabase, match="damaged or no SQLite database"):
        runs(Store(sqlite_url))
    assert sqlite_path(sqlite_url).read_bytes() == content


def test_an_empty_file_becomes_a_database(sqlite_url: str) -> None:
    sqlite_path(sqlite_url).touch()
    store = Store(sqlite_url)
    add_runs(store, ["a"])
    assert runs(store) == ["a"]
    store.close()


def test_an_empty_database_is_only_made_where_that_was_asked_for(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        sqlite_path(database_url).touch()
    with pytest.raises(NotAProvenanceDatabase, match="'braid-db db create'"):
        runs(Store(database_url, create=False))


def test_a_folder_is_no_database(sqlite_url: str) -> None:
    sqlite_path(sqlite_url).mkdir()
    with pytest.raises(DatabaseUnreachable, match="is a folder"):
        runs(Store(sqlite_url))


def test_a_database_says_of_itself_what_it_is(database_url: str) -> None:
    store = Store(created(database_url))
    state = store.schema_state()
    assert state is not None
    assert state.revision == schema.HEAD
    assert store.read(lambda tx: tx.database) == state.uid
    store.close()


def test_nobody_asks_alembic_for_anything_to_record() -> None:
    program = "import sys, braid_db.store.schema; assert 'alembic' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_sequences_number_rows_on_postgresql(postgresql_url: str) -> None:
    created(postgresql_url)
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as connection:
        found = connection.execute("SELECT sequencename::text FROM pg_sequences").fetchall()
    assert {"record_number", "version_number"} <= {name for (name,) in found}
