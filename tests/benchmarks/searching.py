"""Questions to a million records: how long each takes, that no table is read whole, and one raw.

Each question opens the database anew, as a command does; its time is all that a command needs
beyond starting Python.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from braid_db.model import Kind
from braid_db.records.search import Wanted, count_records, search
from braid_db.records.views import get_record, get_run, list_runs
from braid_db.store import Store, Transaction
from braid_db.store.statements import Compiled
from tests.benchmarks import a_million
from tests.benchmarks.turns import Compared, alternate, in_units
from tests.databases.shared import SharedServers

PAGE = 50
PROMISED_S = 0.05
WHOLE = re.compile(
    r"^SCAN (record|version|tag|uri|run)$|Seq Scan on (record|version|tag|uri|run)\b"
)
"""How a plan says that a table is read from end to end."""

ONE_IN_A_HUNDRED = "loss < 0.01"

Ask = Callable[[Transaction], object]


def _where(condition: str, **more: Any) -> Ask:
    return lambda tx: search(tx, Wanted(condition, **more), limit=PAGE)


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
    "record show": lambda tx: get_record(tx, a_million.RECORDS // 2),
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
    return _measure(url, lambda sql, values: connection.execute(sql, values), "?")


def postgresql(servers: SharedServers) -> Compared:
    """Ask a million records on a PostgreSQL server."""
    with servers.postgresql(durable=True).new_database() as url:
        a_million.fill(url)
        with a_million.connected(url) as connection:
            return _measure(url, lambda sql, values: connection.execute(sql.encode(), values), "%s")


def _measure(url: str, raw: Callable[[str, Any], Any], mark: str) -> Compared:
    name = make_url(url).get_backend_name()
    for question, ask in (*NARROW.items(), *BROAD.items()):
        seconds = min(_seconds(url, ask) for _ in range(5))
        late = "" if seconds < PROMISED_S else f", more than the {in_units(PROMISED_S)} promised"
        print(f"{name}, a million records: {question}: {in_units(seconds)}{late}")
    for question, ask in NARROW.items():
        _check_plans(url, question, ask, raw)
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


def _check_plans(url: str, question: str, ask: Ask, raw: Callable[[str, Any], Any]) -> None:
    """Make sure that no statement of a question reads a table from end to end."""
    explain = "EXPLAIN QUERY PLAN " if url.startswith("sqlite") else "EXPLAIN "
    with _listening() as heard:
        _seconds(url, ask)
    assert heard, question
    for compiled in heard:
        steps = [row[-1].strip() for row in raw(explain + compiled.sql, compiled.bind(()))]
        whole = [step for step in steps if WHOLE.search(step)]
        assert not whole, f"{question}: {compiled.sql}\n{_lines(steps)}"


@contextmanager
def _listening() -> Iterator[list[Compiled]]:
    """Hear all queries that are built for one call."""
    from braid_db.store import transaction

    heard: list[Compiled] = []
    compile_query = transaction.compile_query

    def compile_and_keep(*given: Any) -> Compiled:
        heard.append(compile_query(*given))
        return heard[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "compile_query", compile_and_keep)
        yield heard


def _lines(steps: Iterable[str]) -> str:
    return "\n".join(steps)
