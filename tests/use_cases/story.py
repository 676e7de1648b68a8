"""What happens when something proves wrong: a recall, what follows, and all of it done again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from braid_db.identity import IdentityRules
from braid_db.model import NO_RUN, ActionState, Reference
from braid_db.recall.actions import ActionToCreate, ActionType, create_action, link_action
from braid_db.recall.outbox import run_each
from braid_db.recall.plan import make_plan
from braid_db.recall.recalls import get_recall, invalidate
from braid_db.recall.targets import Targets
from braid_db.recall.views import Plan
from braid_db.records.contents import Contents
from braid_db.records.views import find_record_id
from braid_db.settings import Settings
from braid_db.store import Store, Transaction
from braid_db.views import RecordView
from tests.use_cases.case import Recorded, told_apart

TELL = '#!/bin/sh\necho "$1: $2" >> "$3"\n'


class Story:
    """One recall in a database that a flow was recorded in.

    :param told: the file that the action which follows writes into.
    """

    def __init__(self, recorded: Recorded, store: Store, folder: Path) -> None:
        self.recorded = recorded
        self.store = store
        self.told = folder / "told.txt"
        self._program = folder / "tell"
        self._program.write_text(TELL, encoding="utf-8")
        self._program.chmod(0o755)

    def watch(self, file: str) -> None:
        """Let a program tell somebody when a file of the work folder is reached."""
        params = ["{name}", "{cause}", str(self.told)]
        told = ActionToCreate("tell", ActionType.SHELL, str(self._program), params)

        def work(tx: Transaction) -> None:
            record = Reference(self._record(tx, file))
            link_action(
                tx, record, create_action(tx, told)["invalidation_action_id"], Contents(tx, NO_RUN)
            )

        self.store.write(work)

    def recall(self, file: str, cause: str) -> int:
        """Recall the newest content of a file, and return the recall's id."""

        def work(tx: Transaction) -> int:
            targets = Targets(records=(Reference(self._record(tx, file)),))
            [made] = invalidate(tx, targets, cause=cause)
            return made.recall_id

        return self.store.write(work)

    def reached(self, recall_id: int) -> set[str]:
        """Return the names of all that a recall reaches."""
        found = self.store.read(lambda tx: get_recall(tx, recall_id))
        return {_name(one.record) for one in found.reached.items}

    def act(self) -> str:
        """Start the actions that are owed, and return what they told."""
        settings = Settings(self.recorded.url, allowed_commands=(str(self._program),))
        outcomes = list(run_each(self.store, settings))
        assert [one.state for one in outcomes] == [ActionState.DONE] * len(outcomes)
        return self.told.read_text(encoding="utf-8")

    def plan(self, recall_id: int) -> Plan:
        """Return what has to be done."""
        return self.store.read(lambda tx: make_plan(tx, [recall_id]))

    def versions(self) -> dict[str, tuple[int, bool]]:
        """Return the version and validity of all that is no step, by name."""
        return {
            record["name"]: (record["version"], record["valid"])
            for record in self.recorded.records()
            if record["kind"] != "step"
        }

    def _record(self, tx: Transaction, file: str) -> int:
        return find_record_id(tx, str(self.recorded.folder / file), IdentityRules())


@contextmanager
def story_of(recorded: Recorded, folder: Path) -> Iterator[Story]:
    """Open the database of a flow that was recorded, for a recall."""
    store = Store(recorded.url, create=False)
    try:
        yield Story(recorded, store, folder)
    finally:
        store.close()


def work_of(plan: Plan) -> list[str]:
    """Return the names of what a plan says, in its order."""
    return [_name(work.record) for work in plan.work.items]


def _name(record: RecordView) -> str:
    return told_apart(record.name, record.tags)
