"""One piece of writing, and where it brings the objects that it writes.

An object knows its record by a pin: the version that it read or wrote last. What is written in a
transaction moves pins only when the transaction is through, as it may run again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from braid_db.identity import IdentityRules
from braid_db.model import Reference
from braid_db.store import Transaction

if TYPE_CHECKING:
    from braid_db.api.stored import Stored

T = TypeVar("T")


class Pin(NamedTuple):
    """One version of a record."""

    record_id: int
    version: int

    @property
    def reference(self) -> Reference:
        """What means the content of this version."""
        return Reference(self.record_id, self.version)


class Writing:
    """What one transaction writes for objects.

    :ivar pins: where objects stand by what was written so far.
    """

    def __init__(self, tx: Transaction, rules: IdentityRules) -> None:
        self.tx = tx
        self.rules = rules
        self.pins: dict[Stored, Pin] = {}

    def pin_of(self, stored: Stored) -> Pin:
        """Return where an object stands.

        :raises NotStored: if it is in no database.
        """
        return self.pins.get(stored) or stored.pinned

    def move(self, stored: Stored, record_id: int, version: int) -> Pin:
        """Let an object stand where its record was written, and return that."""
        pin = self.pins[stored] = Pin(record_id, version)
        return pin


Write = Callable[[Writing], T]
"""What writes for objects; it may run more than once."""
