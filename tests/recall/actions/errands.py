"""Actions that write down what they are run for, and the law of those that are killed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from braid_db.recall.outbox import retry
from tests.recall.actions.ledger import Ledger

RUNS = 4
LONGEST_WAIT_S = 60


class Errands:
    """An outbox whose actions write down the records that they are run for.

    Each recall has a file of its own, as a program may outlive its executor for a moment.

    :param records: those that there is an errand for; new ones when omitted.
    """

    def __init__(self, ledger: Ledger, folder: Path, records: Sequence[int] = ()) -> None:
        self.ledger = ledger
        self._folder = folder
        self._files: dict[int, Path] = {}
        self._made = 0
        # Slow enough to be killed in the middle of it.
        text = '#!/bin/sh\necho "$1" >> "$2"\nexec sleep 0.005\n'
        self.action = ledger.action(ledger.program("errand", text), ["{record_id}", "{cause}"])
        self._records = records or [ledger.record(name=str(number)) for number in range(RUNS)]

    def owe(self) -> int:
        """Owe an errand for each record."""
        file = self.new_file()
        recall_id = self.ledger.owe_runs(self._records, self.action, cause=str(file))
        self.tell_into(file, recall_id)
        return recall_id

    def new_file(self) -> Path:
        """Return a new file, which a recall is to name as its cause."""
        self._made += 1
        file = self._folder / f"told-{self._made}"
        file.touch()
        return file

    def tell_into(self, file: Path, recall_id: int) -> None:
        """Take a file for that of a recall."""
        self._files[recall_id] = file

    def check(self, recall_id: int) -> int:
        """Run what is left, and check that each was run; return how many were interrupted."""
        # What a killed executor had sent to a server may still be carried out after its death.
        wait_for(lambda: self._states(recall_id).keys() <= {"done", "interrupted"})
        states = self._states(recall_id)
        self.check_counts(recall_id)
        self.ledger.store.write(lambda tx: retry(tx, recall_id))
        self.ledger.run()
        assert {one.state for one in self.ledger.outcomes(recall_id)} == {"done"}
        self.check_counts(recall_id)
        return states["interrupted"]

    def _states(self, recall_id: int) -> Counter[str]:
        """Run what can be run, and return how many are in which state."""
        self.ledger.run()
        return Counter(one.state for one in self.ledger.outcomes(recall_id))

    def check_counts(self, recall_id: int) -> None:
        """Check that what the ledger says of each run is what was done."""
        runs = Counter(map(int, self._files[recall_id].read_text().split()))
        for one in self.ledger.outcomes(recall_id):
            assert one.attempt - one.interruptions == (1 if one.state == "done" else 0)
            assert one.attempt - one.interruptions <= runs[one.record_id] <= one.attempt


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + LONGEST_WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)
