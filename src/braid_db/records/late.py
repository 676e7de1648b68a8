"""What an action wrote that is told late: those that came after it may be recorded already."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from braid_db.store import Transaction
from braid_db.store import recording as sql
from braid_db.store.statements import Row


class Later(NamedTuple):
    """What is known to have come after an action that is told late.

    :param record_ids: the steps and transfers of its run that began after it, and before anything
        else wrote the same.
    :param ended_at: when it ended itself, to compare those of other runs with.
    """

    record_ids: frozenset[int] = frozenset()
    ended_at: datetime | None = None

    def read(self, tx: Transaction, record_id: int, sha256: str | None) -> Row | None:
        """Return the content that one of these read and nothing made; None where there is none.

        Its other readers have to be later too, as nobody reads what is not written yet.
        """
        if not self.record_ids:
            return None
        rows = tx.rows(sql.READERS_OF_UNWRITTEN, record_id)
        for (*content, known), found in groupby(rows, key=lambda row: row[:4]):
            readers = [row[4:] for row in found]
            may_be = sha256 is None or known in (None, sha256)
            is_read = any(reader in self.record_ids for reader, _ in readers)
            if may_be and is_read and all(self._is_after(*reader) for reader in readers):
                return tuple(content)
        return None

    def _is_after(self, record_id: int, started_at: datetime | None) -> bool:
        if record_id in self.record_ids:
            return True
        if started_at is None or self.ended_at is None:
            return False
        return started_at >= self.ended_at


NOTHING_LATER = Later()
