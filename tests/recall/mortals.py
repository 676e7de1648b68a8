"""Processes that recall, or take a recall back, until they are killed; also what starts them.

An order is an object:

    url        the database
    allowed    the commands that its owner allows
    record_id  what is recalled; then the actions that it owes are run
    cause      why
    take_back  a recall that is taken back instead
    began      a file that is made when the process begins
    stop_at    before which statement or program it stops itself; never, if absent
    fault      the name of a fault to plant first; none, if absent
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from braid_db.model import Reference
from braid_db.recall import recalls, reinstate
from braid_db.recall.outbox import run_due
from braid_db.recall.targets import Targets
from braid_db.store import Store, Transaction
from braid_db.store.transaction import Access
from tests.functions.victims import LONGEST_S, serve, stop_before
from tests.recall.actions.mortals import settings_for


def recall(
    url: str,
    allowed: list[str],
    began: str,
    record_id: int = 0,
    cause: str = "",
    take_back: int | None = None,
    stop_at: int | None = None,
    fault: str | None = None,
) -> None:
    """Recall or take back, once; one that does not stop itself then waits to be killed."""
    signal.alarm(LONGEST_S)
    if fault is not None:
        FAULTS[fault]()
    if stop_at is not None and url.startswith("sqlite"):
        count = stop_before(stop_at)
        sys.addaudithook(lambda event, _: count(event) if event == "subprocess.Popen" else None)
    store = Store(url)
    store.read(lambda tx: None)
    Path(began).touch()
    if take_back is not None:
        store.write(lambda tx: reinstate.reinstate(tx, take_back))
    else:
        targets = Targets(records=(Reference(record_id),))
        store.write(lambda tx: recalls.invalidate(tx, targets, cause=cause))
        run_due(store, settings_for(url, allowed))
    if stop_at is None:
        signal.pause()


def _after_a_commit(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return work that is done in a transaction of its own."""

    def do(tx: Transaction, *given: Any) -> Any:
        tx._driver.commit()
        tx._driver.begin(Access.ALONE)
        return work(tx, *given)

    return do


def what_is_owed_is_a_transaction_of_its_own() -> None:
    recalls.owe_for_recalls = _after_a_commit(recalls.owe_for_recalls)


def what_is_cancelled_is_a_transaction_of_its_own() -> None:
    reinstate._cancel = _after_a_commit(reinstate._cancel)


def the_cascade_is_a_transaction_of_its_own() -> None:
    write = Transaction.write
    commit_and_write = _after_a_commit(write)

    def do(tx: Transaction, statement: Any, rows: Any) -> None:
        (commit_and_write if statement is recalls.sql.CASCADE else write)(tx, statement, rows)

    Transaction.write = do  # type: ignore[method-assign]


FAULTS: dict[str, Callable[[], None]] = {
    fault.__name__: fault
    for fault in (
        the_cascade_is_a_transaction_of_its_own,
        what_is_owed_is_a_transaction_of_its_own,
        what_is_cancelled_is_a_transaction_of_its_own,
    )
}


if __name__ == "__main__":
    serve(recall)
