"""Which record is meant on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from braid_db.cli.options import settings

if TYPE_CHECKING:
    from braid_db.store import Transaction


def find_record(tx: Transaction, named: str) -> int:
    """Return the id of the record that was named on the command line."""
    from braid_db.identity import IdentityRules
    from braid_db.records.views import find_record_id

    chosen = settings()
    return find_record_id(tx, named, IdentityRules(chosen.host, chosen.collections))
