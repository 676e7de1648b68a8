"""Making, checking and upgrading the schema of a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex, CreateSequence, CreateTable, ExecutableDDLElement

from braid_db.errors import NotAProvenanceDatabase, SchemaOutOfDate, SchemaTooNew
from braid_db.store.connecting import make_driver
from braid_db.store.driver import LOCK_NUMBER, Access, Driver, lock_timeout, shown_url
from braid_db.store.statements import Statement, inserting
from braid_db.store.tables import NUMBERED, alembic_version, database_info, defined_for
from braid_db.store.turns import NotWritten, Patience, failures_of
from braid_db.uuid7 import uuid7

HEAD = "0001"
"""The newest migration: the schema that this version of Braid-DB reads and writes."""

_UPSTREAMS = {"records", "derivations", "uris", "tags"}

_STATE = Statement(select(database_info.c.uid, alembic_version.c.version_num))


@dataclass(frozen=True, slots=True)
class SchemaState:
    """What a database says of itself.

    :param uid: the database's own id, the same for ever.
    :param revision: the newest migration that was applied to it.
    """

    uid: str
    revision: str


def read_state(driver: Driver) -> SchemaState | None:
    """Return what a database says of itself; None for an empty one.

    :raises NotAProvenanceDatabase: if it holds something else.
    """
    names = driver.tables()
    if {database_info.name, alembic_version.name} <= names:
        rows = driver.ask(_STATE, [()])()[0]
        if rows:
            return SchemaState(*rows[0])
    refuse_others(driver.where, names)
    return None


def create(driver: Driver) -> SchemaState:
    """Make the schema where there is none, in one transaction; return what is there then.

    Any number of processes may call this at once: one makes it, the others find it made.
    """
    driver.begin(Access.ALONE)
    state = read_state(driver)
    if state is None:
        for sql in definitions(driver):
            driver.define(sql)
        state = SchemaState(uuid7(), HEAD)
        driver.write(inserting(database_info), [(state.uid, datetime.now(UTC))])
        driver.write(inserting(alembic_version), [(HEAD,)])
    driver.commit()
    return state


def refuse_others(where: str, tables: set[str]) -> None:
    """Refuse a database in which another program, or upstream's braid-db, keeps something."""
    if not tables:
        return
    problem = f"holds tables of another program ({', '.join(sorted(tables)[:3])}, ...)"
    if tables >= _UPSTREAMS:
        problem = "was made by braid-db 0.1, whose tables are others"
    advice = "It is left as it is: name a new file or database for Braid-DB."
    raise NotAProvenanceDatabase(where, problem, advice)


def definitions(driver: Driver) -> list[str]:
    """Return the SQL that makes all tables and indexes."""
    tables = defined_for(driver.dialect.name).sorted_tables
    made: list[ExecutableDDLElement] = [
        *(CreateSequence(seq) for seq in NUMBERED.values() if driver.dialect.supports_sequences),
        *(CreateTable(table) for table in tables),
        *(
            CreateIndex(i)
            for table in tables
            for i in sorted(table.indexes, key=lambda i: str(i.name))
        ),
    ]
    return [str(definition.compile(dialect=driver.dialect)) for definition in made]


def check(where: str, state: SchemaState) -> None:
    """Refuse a database whose schema is not the one that this version reads and writes.

    :raises SchemaOutOfDate: if migrations are missing.
    :raises SchemaTooNew: if it has migrations that this version does not know.
    """
    refuse_newer(where, state)
    if state.revision != HEAD:
        advice = "Make a backup, then run 'braid-db db upgrade'."
        raise SchemaOutOfDate(where, _found(state), advice)


def refuse_newer(where: str, state: SchemaState) -> None:
    """Refuse a database with migrations that this version does not know."""
    if state.revision > HEAD:
        advice = "Install the version of braid-db that made it, or a newer one."
        raise SchemaTooNew(where, _found(state), advice)


def _found(state: SchemaState) -> str:
    return f"has schema {state.revision}, and this version of Braid-DB works with {HEAD}"


def upgrade(engine: Engine, *, busy_timeout_s: float = 60.0) -> None:
    """Apply the migrations that a database does not have yet, all of them or none.

    Any number of processes may call this at once: one applies them, the others find them applied.

    :param busy_timeout_s: how long to wait for those who record meanwhile, in seconds.
    :raises NotAProvenanceDatabase: if it holds no provenance.
    :raises SchemaTooNew: if it has migrations that this version does not know.
    """
    patience = Patience(busy_timeout_s)
    driver = make_driver(engine, busy_timeout_s)
    while True:
        try:
            with failures_of(driver):
                return _upgrade(driver)
        except NotWritten as fault:
            patience.wait(fault)
        finally:
            driver.close()


def _upgrade(driver: Driver) -> None:
    driver.open(make=False)
    state = read_state(driver)
    if state is None:
        advice = "Make it with 'braid-db db create', or name another one."
        raise NotAProvenanceDatabase(driver.where, "holds no provenance yet", advice)
    refuse_newer(driver.where, state)
    driver.prepare()
    if state.revision != HEAD:
        migrate(driver.engine, driver.busy_timeout_s)


def begin_alone(connection: Connection, busy_timeout_s: float) -> None:
    """Begin a transaction that keeps all other writers out."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql(lock_timeout("LOCAL", busy_timeout_s))
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})")


def migrate(engine: Engine, busy_timeout_s: float) -> None:
    """Apply the missing migrations in one transaction that keeps all other writers out.

    Alembic is imported here because recording never needs it.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        with engine.connect() as connection, connection.begin():
            begin_alone(connection, busy_timeout_s)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.exec_driver_sql("COMMIT")
    except DBAPIError as error:
        raise error.orig or error from None
    except CommandError:
        problem = "has a schema that no version of Braid-DB made"
        advice = "Restore it from a backup, or name another one."
        raise NotAProvenanceDatabase(shown_url(engine.url), problem, advice) from None
