"""Processes that change a record until they are killed; also the program that starts them.

An order is an object:

    url        the database
    record_id  the record that is changed
    change     the name of the change
    progress   a file that is made when the change is answered
    stop_at    before which statement the process stops itself
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from braid_db.model import Reference
from braid_db.records.described import Change
from braid_db.records.versions import Written, edit_record, restore_version, update_record
from braid_db.steps.tags import read_tags
from braid_db.store import Store, Transaction
from braid_db.views import StateFile
from tests.functions.victims import LONGEST_S, serve, stop_before
from tests.records.versions import RULES

OTHERWISE = Change(
    name="new",
    tags=read_tags("tags", {"loss": 0.5, "by": "ada"}),
    remove_tags=("draft",),
    uris=("file:///new", "file:///old"),
)


def _edit(tx: Transaction, record_id: int) -> Written:
    return edit_record(tx, RULES, record_id, OTHERWISE)


def _update(tx: Transaction, record_id: int) -> Written:
    """Update a model from the step that was recorded before it, and from itself."""
    return update_record(
        tx,
        RULES,
        record_id,
        change=OTHERWISE,
        sha256="b" * 64,
        states=[StateFile("s3://weights"), StateFile("s3://optimizer")],
        derived_from=[Reference(record_id - 1), Reference(record_id, 1)],
    )


def _restore(tx: Transaction, record_id: int) -> Written:
    return restore_version(tx, record_id, 1)


CHANGES: dict[str, Callable[[Transaction, int], Written]] = {
    "edit": _edit,
    "update": _update,
    "restore": _restore,
}


def change(url: str, record_id: int, change: str, progress: str, stop_at: int) -> None:
    """Change a record, once."""
    signal.alarm(LONGEST_S)
    if url.startswith("sqlite"):
        stop_before(stop_at)
    Store(url).write(lambda tx: CHANGES[change](tx, record_id))
    Path(progress).write_text("done")


def edit_beside_others(number: int, url: str, record_id: int, times: int) -> list[int]:
    """Set a tag of this process's own again and again; return the versions that came of it."""
    store = Store(url)
    try:
        return [
            store.write(lambda tx, n=n: _tagged(tx, record_id, number, n)).version
            for n in range(times)
        ]
    finally:
        store.close()


def _tagged(tx: Transaction, record_id: int, number: int, n: int) -> Written:
    return edit_record(
        tx, RULES, record_id, Change(tags=read_tags("tags", {f"of_{number}": n, "last": number}))
    )


if __name__ == "__main__":
    serve(change)
