"""Questions to a million records: how long each takes, how much it reads, and one beside raw SQL.

Each question opens the database anew, as a command does; its time is all that a command needs
beyond starting Python.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from braid_db.identity import IdentityRules
from braid_db.model import Kind
from braid_db.recall.causes import causes_of_views
from braid_db.records.search import Wanted, count_records, search
from braid_db.records.views import find_record_id, get_record, get_run, list_runs
from braid_db.store import Store, Transaction
from tests.benchmarks import a_million
from tests.benchmarks.reading import Explains, OnPostgresql, OnSqlite, listening
from tests.benchmarks.turns import Compared, alternate, in_units
from tests.databases.shared import SharedServers

PAGE = 50
PROMISED_S = 0.05
MOST_READ = a_million.RECORDS // 2
"""How many instructions of SQLite's machine, or rows of PostgreSQL's, a question may cost.

SQLite needs three instructions at least to pass a row by, so that a million rows cost six times
this; so do questions to the next table about each of them.
"""

ONE_IN_A_HUNDRED = "loss < 0.01"

Ask = Callable[[Transaction], object]


def _where(condition: str, **more: Any) -> Ask:
    return lambda tx: search(tx, Wanted(condition, **more), limit=PAGE)


def _show(tx: Transaction) -> object:
    """Show a record that is named by its URI and was recalled with others, and why."""
    record_id = find_record_id(tx, a_million.uri_of(a_million.RECORDS // 2 - 1), IdentityRules())
    shown = get_record(tx, record_id)
    causes = causes_of_views(tx, [shown])
    assert causes
    return shown, causes


NARROW: dict[str, Ask] = {
    f"record list --where '{ONE_IN_A_HUNDRED}'": _where(ONE_IN_A_HUNDRED),
    "... and beamline = '8-ID'": _where("loss < 0.01 and beamline = '8-ID'"),
    "... or loss > 0.995": _where("loss < 0.005 or loss > 0.995"),
    "... --kind data": _where(ONE_IN_A_HUNDRED, kinds=[Kind.DATA]),
    "... --count": lambda tx: count_records(tx, Wanted(ONE_IN_A_HUNDRED)),
    "--where \"name like 'scan 05000%'\"": _where("name like 'scan 05000%'"),
    '--where "uri = ..."': _where("uri = 'file://beamline/data/0/scan-0000100.h5'"),
    "--where \"sha256 = '...'\"": _where(f"sha256 = '{2**200 * 7 + 7:064x}'"),
    "--until, of the first hour": _where("created_at < '2026-01-01T01:00:00Z'"),
    "record show": _show,
    "run show": lambda tx: (get_run(tx, "run-77"), search(tx, Wanted(run_id="run-77"), limit=PAGE)),
}
"""Questions that an index answers."""

BROAD: dict[str, Ask] = {
    "run list": lambda tx: list_runs(tx, PAGE).items,
    "record list": lambda tx: search(tx, limit=PAGE),
    "record list --kind data": lambda tx: search(tx, Wanted(kinds=[Kind.DATA]), limit=PAGE),
    "--where 'loss < 0.5'": _where("loss < 0.5"),
    "... and beamline = '8-ID'": _where("loss < 0.5 and beamline = '8-ID'"),
}
"""Questions that the newest records or runs answer, as so many fit."""


def sqlite(folder: Path) -> Compared:
    """Ask a million records in an SQLite file."""
    url = f"sqlite:///{folder / 'million.db'}"
    a_million.fill(url)
    connection = sqlite3.connect(folder / "million.db")
    return _measure(url, OnSqlite(connection), connection.execute, "?")


def postgresql(servers: SharedServers) -> Compared:
    """Ask a million records on a PostgreSQL server."""
    with servers.postgresql(durable=True).new_database() as url:
        a_million.fill(url)
        with a_million.connected(url) as connection:

            def raw(sql: str, values: Any) -> Any:
                return connection.execute(sql.encode(), values)

            return _measure(url, OnPostgresql(connection), raw, "%s")


def _measure(url: str, explains: Explains, raw: Callable[..., Any], mark: str) -> Compared:
    name = make_url(url).get_backend_name()
    for question, ask in (*NARROW.items(), *BROAD.items()):
        since = time.process_time()
        seconds = min(_seconds(url, ask) for _ in range(5))
        computing = (time.process_time() - since) / 5
        late = "" if seconds < PROMISED_S else f", more than the {in_units(PROMISED_S)} promised"
        read = _ask_heard(url, question, ask, explains)
        spent = f"{in_units(seconds)}, {in_units(computing)} of it computing here{late}"
        print(f"{name}, a million records: {question}: {spent}; {read}")
    return alternate(
        f"a page of 1 % of a million, {name}",
        lambda: _seconds(url, NARROW[f"record list --where '{ONE_IN_A_HUNDRED}'"]),
        lambda: _raw_seconds(raw, mark),
        rounds=15,
    )


def _seconds(url: str, ask: Ask) -> float:
    start = time.perf_counter()
    store = Store(url, create=False)
    store.read(ask)
    store.close()
    return time.perf_counter() - start


def _raw_seconds(raw: Callable[[str, Any], Any], mark: str) -> float:
    """Return what the same page costs by raw SQL, on a connection that is open already."""
    start = time.perf_counter()
    found = raw(
        f"SELECT record_id FROM tag WHERE key = {mark} AND num < {mark} AND until IS NULL "
        f"ORDER BY record_id DESC LIMIT {PAGE}",
        ("loss", 0.01),
    ).fetchall()
    ids = [record_id for (record_id,) in found]
    marks = ", ".join([mark] * len(ids))
    for table in ("record", "version", "tag", "uri"):
        raw(f"SELECT * FROM {table} WHERE record_id IN ({marks})", ids).fetchall()
    return time.perf_counter() - start


def _ask_heard(url: str, question: str, ask: Ask, explains: Explains) -> str:
    """Ask once, make sure that it reads little of a million records, and return how much.

    A question that an index answers goes through no large table or index from end to end; a broad
    one may go along an index, as it stops where its page is full.
    """
    with listening() as heard:
        _seconds(url, ask)
    whole = [step for sent in heard.questions() for step in explains.whole(sent)]
    assert question in BROAD or not whole, f"{question}: {whole}"
    amount, unit = explains.amount(heard)
    assert amount <= MOST_READ, f"{question}: {amount:,} {unit}"
    return f"{amount:,} {unit}"
