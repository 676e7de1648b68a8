"""The only room that knows SQLAlchemy: tables, statements, and the way to the databases."""

from braid_db.store.store import Store
from braid_db.store.transaction import Transaction

__all__ = ["Store", "Transaction"]
