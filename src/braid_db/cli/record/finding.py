"""Which record is meant on the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from braid_db.cli.options import identity_rules

if TYPE_CHECKING:
    from braid_db.model import Reference
    from braid_db.store import Transaction

_WITH_VERSION = re.compile(r"([0-9]+)@([1-9][0-9]{0,18})", re.ASCII)


def find_reference(tx: Transaction, named: str) -> Reference:
    """Return the record that was named on the command line, and the version if it was named too.

    :param named: as for :func:`find_record`; behind an id the version may follow, as in ``12@3``.
        Behind a URI it may not, as that is part of a URI.
    """
    from braid_db.model import Reference

    if match := _WITH_VERSION.fullmatch(named):
        return Reference(find_record(tx, match[1]), int(match[2]))
    return Reference(find_record(tx, named))


def find_record(tx: Transaction, named: str) -> int:
    """Return the id of the record that was named on the command line."""
    from braid_db.records.views import find_record_id

    return find_record_id(tx, named, identity_rules())
