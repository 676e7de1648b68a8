"""A database of a million records with all that belongs to them, filled past the use cases.

The tables and indexes are the real ones. Rows go in through the raw driver, and the indexes are
made anew afterwards, as that takes a third of the time.

The first run's records are calibrations, of which each later run used one. Within a run each
record came from the two before it. Some contents are recalled: the first calibration, with a
twentieth of all that there is, and the second half of one run in fifty, of which every second one
was taken back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import psycopg
from sqlalchemy import make_url

from braid_db.identity import digest
from braid_db.model import Kind, Role, TagType, Way
from braid_db.store import Store

RECORDS = 1_000_000
RECORDS_A_RUN = 20
KINDS = (Kind.STEP, Kind.DATA, Kind.DATA, Kind.FACT, Kind.DATA, Kind.MODEL)
T = "2026-01-{day:02}T{hour:02}:00:00.000000Z"

Row = tuple[Any, ...]

COLUMNS = {
    "run": "run_id, flow_id, created_at",
    "record": "record_id, uid, origin, kind, run_id, current_version_id, created_at",
    "version": "version_id, uid, record_id, number, content_id, name, sha256, created_at",
    "tag": "record_id, key, type, value, num, since, created_at",
    "uri": "record_id, position, uri, since, created_at",
    "identity": "digest, record_id, canonical",
    "derivation": "derived_id, predecessor_id, role, run_id, created_at",
    "recall": "recall_id, uid, version_id, cause, follow_order, cascades, created_at, "
    "reinstated_at",
    "invalidation": "recall_id, version_id, way, created_at",
}


def loss_of(number: int) -> float:
    """Return a loss between 0 and 1: each once, and without any order."""
    return (number * 611_953 % RECORDS) / RECORDS


def time_of(number: int) -> str:
    """Return when a record was made: over the days of a month, in order."""
    hours = number * 28 * 24 // RECORDS
    return T.format(day=1 + hours // 24 % 28, hour=hours % 24)


def kind_of(number: int) -> Kind:
    """Return the kind of a record."""
    return KINDS[number % len(KINDS)]


def run_of(number: int) -> int:
    """Return the number of the run that a record was made in, counted from 1."""
    return 1 + (number - 1) // RECORDS_A_RUN


def uri_of(number: int) -> str:
    """Return where the file of a record lies."""
    return f"file://beamline/data/{number % 100}/scan-{number:07}.h5"


def predecessors_of(number: int) -> tuple[int, ...]:
    """Return what a record came from: none for a calibration, else one or two."""
    run, place = run_of(number), (number - 1) % RECORDS_A_RUN
    if run == 1:
        return ()
    if place == 0:
        return (1 + run % RECORDS_A_RUN,)
    return (number - 1,) if place == 1 else (number - 1, number - 2)


def recalled_with(number: int) -> Iterator[int]:
    """Yield what was recalled that reaches a record, itself among it."""
    run = run_of(number)
    if number == 1 or (run > 1 and run % RECORDS_A_RUN == 0):
        yield 1
    middle = (run - 1) * RECORDS_A_RUN + RECORDS_A_RUN // 2
    if run > 1 and run % 50 == 1 and number >= middle:
        yield middle


def rows_of(table: str) -> Iterator[Row]:
    """Yield the rows of a table, for the columns that are named above."""
    for n in range(1, RECORDS + 1):
        yield from _ROWS[table](n)


def _run(n: int) -> Iterator[Row]:
    if n % RECORDS_A_RUN == 0:
        yield f"run-{n // RECORDS_A_RUN}", "flow", time_of(n)


def _record(n: int) -> Iterator[Row]:
    run_id = f"run-{run_of(n)}"
    yield n, f"{n:032x}", "0" * 32, kind_of(n).value, run_id, n, time_of(n)


def _version(n: int) -> Iterator[Row]:
    yield n, f"{n:032x}", n, 1, n, f"scan {n:07}", f"{n * 2**200 + n:064x}", time_of(n)


def _tag(n: int) -> Iterator[Row]:
    loss = loss_of(n)
    yield n, "loss", TagType.FLOAT.value, repr(loss), loss, 1, time_of(n)
    yield n, "beamline", TagType.STRING.value, f"{n % 10}-ID", None, 1, time_of(n)
    yield n, "frame", TagType.INTEGER.value, str(n), float(n), 1, time_of(n)


def _uri(n: int) -> Iterator[Row]:
    yield n, 0, uri_of(n), 1, time_of(n)


def _identity(n: int) -> Iterator[Row]:
    if kind_of(n) is not Kind.STEP:
        yield digest(uri_of(n)), n, uri_of(n)


def _derivation(n: int) -> Iterator[Row]:
    for source in predecessors_of(n):
        yield n, source, _role(source, n).value, f"run-{run_of(n)}", time_of(n)


def _role(source: int, n: int) -> Role:
    if kind_of(n) is Kind.STEP:
        return Role.USED
    return Role.GENERATED if kind_of(source) is Kind.STEP else Role.DERIVED


def _recall(n: int) -> Iterator[Row]:
    if n in recalled_with(n):
        cause = f"the detector of scan {n:07} was miscalibrated"
        reinstated_at = time_of(RECORDS) if run_of(n) % 100 == 51 else None
        yield n, f"{n:032x}", n, cause, False, True, time_of(RECORDS), reinstated_at


def _invalidation(n: int) -> Iterator[Row]:
    for recalled in recalled_with(n):
        yield recalled, n, Way.DATA.value, time_of(RECORDS)


_ROWS: dict[str, Callable[[int], Iterator[Row]]] = {
    "run": _run,
    "record": _record,
    "version": _version,
    "tag": _tag,
    "uri": _uri,
    "identity": _identity,
    "derivation": _derivation,
    "recall": _recall,
    "invalidation": _invalidation,
}


def fill(url: str) -> None:
    """Make a provenance database and fill it."""
    store = Store(url)
    store.read(lambda tx: None)
    store.close()
    if make_url(url).get_backend_name() == "sqlite":
        fill_sqlite(str(make_url(url).database))
    else:
        fill_postgresql(url)


def fill_sqlite(path: str) -> None:
    """Fill an SQLite file, without syncing it."""
    connection = sqlite3.connect(path, isolation_level=None)
    run = connection.execute
    run("PRAGMA synchronous=OFF")
    run("PRAGMA cache_size=-200000")
    made = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    indexes = run(made).fetchall()
    run("BEGIN")
    for name, _ in indexes:
        run(f"DROP INDEX {name}")
    for table, columns in COLUMNS.items():
        marks = ", ".join("?" * (columns.count(",") + 1))
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows_of(table))
    for _, sql in indexes:
        run(sql)
    run("COMMIT")
    run("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def fill_postgresql(url: str) -> None:
    """Fill a PostgreSQL database, and let it see what it holds as its autovacuum would."""
    with connected(url) as connection:
        connection.execute("SET session_replication_role = replica")  # No keys are checked.
        constrained = "SELECT conindid FROM pg_constraint WHERE conindid <> 0"
        made = connection.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index JOIN "
            f"pg_class ON oid = indrelid WHERE relnamespace = 'public'::regnamespace AND "
            f"indexrelid NOT IN ({constrained})".encode()
        ).fetchall()
        run_all(connection, (f"DROP INDEX {name}" for name, _ in made))
        for table, columns in COLUMNS.items():
            with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                for row in rows_of(table):
                    copy.write_row(row)
        run_all(connection, [sql for _, sql in made])
        run_all(connection, ["VACUUM ANALYZE"])


def run_all(connection: psycopg.Connection[Any], statements: Iterable[str]) -> None:
    """Run statements, one by one."""
    for sql in statements:
        connection.execute(sql.encode())


def connected(url: str) -> psycopg.Connection[Any]:
    """Return a connection of the raw driver, which commits each statement."""
    parsed = make_url(url)
    place = {key: str(value) for key, value in parsed.query.items()}
    return psycopg.connect(dbname=parsed.database, user=parsed.username, autocommit=True, **place)
