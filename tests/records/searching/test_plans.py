"""Tests that questions are answered by indexes, as the databases' own plans tell.

The questions are those that the benchmark asks a million records. SQLite plans the same at any
size; PostgreSQL is kept from reading small tables whole, which it would rather do, but for those
of a few hundred rows: runs, recalls and what these reach.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from braid_db.store import Store
from tests.benchmarks import a_million
from tests.benchmarks.reading import Explains, OnPostgresql, OnSqlite, listening
from tests.benchmarks.searching import BROAD, NARROW, Ask

RECORDS = 4_000

ALONG = {
    "sqlite": {
        "SCAN record",
        "SCAN run USING INDEX run_created",
        "SCAN run USING COVERING INDEX run_created",
    },
    "postgresql": {"Index Scan on record"},
}
"""The newest records and runs in their order, and how many runs there are."""


@pytest.fixture
def filled(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The benchmark's database, with fewer records."""
    monkeypatch.setattr(a_million, "RECORDS", RECORDS)
    a_million.fill(database_url)
    return database_url


@pytest.fixture
def explains(filled: str) -> Iterator[Explains]:
    """What tells how that database answers."""
    if filled.startswith("sqlite"):
        with closing(sqlite3.connect(filled.removeprefix("sqlite:///"))) as connection:
            yield OnSqlite(connection)
    else:
        with a_million.connected(filled) as server:
            yield OnPostgresql(server, is_small=True)


def read_whole(url: str, explains: Explains, ask: Ask) -> list[str]:
    """Ask a question; return which tables and indexes it reads from end to end."""
    with listening() as heard:
        store = Store(url, create=False)
        store.read(ask)
        store.close()
    return [step for sent in heard.questions() for step in explains.whole(sent)]


def test_no_question_that_an_index_answers_reads_a_table_or_index_whole(
    filled: str, explains: Explains
) -> None:
    whole = {question: read_whole(filled, explains, ask) for question, ask in NARROW.items()}
    assert whole == {question: [] for question in NARROW}


def test_a_broad_question_only_goes_along_its_order(filled: str, explains: Explains) -> None:
    whole = {step for ask in BROAD.values() for step in read_whole(filled, explains, ask)}
    assert whole == ALONG[filled.partition(":")[0].partition("+")[0]]


@pytest.mark.parametrize(
    ("index", "question"),
    [
        ("version_name", "--where \"name like 'scan 05000%'\""),
        ("uri_text", '--where "uri = ..."'),
        ("version_sha256", "--where \"sha256 = '...'\""),
        ("version_created", "--until, of the first hour"),
        ("record_run", "run show"),
        ("tag_history", "record show"),
        ("uri_record", "record show"),
    ],
)
def test_a_missing_index_is_seen(
    filled: str, explains: Explains, index: str, question: str
) -> None:
    drop = f"DROP INDEX {index}"
    if filled.startswith("sqlite"):
        with closing(sqlite3.connect(filled.removeprefix("sqlite:///"))) as connection:
            connection.execute(drop)
    else:
        with a_million.connected(filled) as server:
            server.execute(drop.encode())
    assert read_whole(filled, explains, NARROW[question])
