"""Which record is meant on the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from braid_db.cli.options import identity_rules
from braid_db.errors import InvalidArgument

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
    """Return the id of the record that was named on the command line.

    :raises InvalidArgument: if a version is named with it: such a command has an option for it.
    """
    from braid_db.records.views import find_record_id

    if match := _WITH_VERSION.fullmatch(named):
        option = f"{match[1]} and --version {match[2]}" if _takes_version() else match[1]
        raise InvalidArgument("RECORD", f"'{named}', with a version", f"a record alone: {option}")
    return find_record_id(tx, named, identity_rules())


def _takes_version() -> bool:
    """Return whether the command that runs has an option for the version."""
    return any(one.name == "version" for one in click.get_current_context().command.params)
