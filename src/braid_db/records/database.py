"""A database as a whole: making it, upgrading its schema, and what it says of itself."""

from __future__ import annotations

from braid_db.errors import DatabaseUnreachable, NotAProvenanceDatabase
from braid_db.store import Store, Transaction, reading, schema
from braid_db.store.driver import shown_url
from braid_db.views import Status


def create_database(store: Store) -> bool:
    """Make a provenance database where there is none, and return whether it was made now.

    :param store: one that may create.
    :raises NotAProvenanceDatabase: if something else is kept there.
    """
    try:
        was_there = store.schema_state() is not None
    except DatabaseUnreachable:
        was_there = False  # a file to be made; what cannot be reached at all fails below
    store.read(lambda tx: tx.database)
    return not was_there


def upgrade_database(store: Store) -> tuple[str, str]:
    """Bring a database to this version's schema; return the schemas before and after.

    :raises NotAProvenanceDatabase: if it holds no provenance.
    :raises SchemaTooNew: if a newer version made it.
    """
    before = schema_of(store)
    if before > schema.HEAD:
        store.read(lambda tx: None)
    if before < schema.HEAD:
        schema.upgrade(store.engine)
    return before, schema_of(store)


def schema_of(store: Store) -> str:
    """Return the schema that a database has, whether or not this version works with it.

    :raises NotAProvenanceDatabase: if it holds no provenance.
    """
    state = store.schema_state()
    if state is None:
        advice = "Make it with 'braid-db db create', or name another one."
        raise NotAProvenanceDatabase(place_of(store), "holds no provenance yet", advice)
    return state.revision


def place_of(store: Store) -> str:
    """Return a database's URL without a password."""
    return shown_url(store.engine.url)


def get_status(store: Store) -> Status:
    """Return what a database says of itself, all of one moment."""
    size = reading.SIZE_BYTES[store.engine.dialect.name]

    def work(tx: Transaction) -> Status:
        return Status(
            url=place_of(store),
            uid=tx.database,
            schema=tx.rows(reading.SCHEMA)[0][0],
            size_bytes=tx.rows(size)[0][0],
            records=dict(tx.rows(reading.COUNT_BY_KIND)),
            **reading.count_rows(tx),
        )

    return store.read(work)
