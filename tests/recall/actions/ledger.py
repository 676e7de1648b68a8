"""A database whose outbox owes what a test says, and what its ledger tells of that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from braid_db.recall.outbox import run_due
from braid_db.recall.outcomes import ActionOutcome, list_outcomes
from braid_db.settings import Settings
from braid_db.steps import add_record_for_action_step
from braid_db.steps.invalidation import create_invalidation_action
from braid_db.store import Store, Transaction
from braid_db.store.statements import Statement, inserting
from braid_db.store.tables import action_run, invalidation_action, recall
from braid_db.uuid7 import uuid7

_ADD_RECALL = inserting(recall)
_ADD_RUN = inserting(action_run)
_TAKE_BACK = Statement(recall.update().values(reinstated_at=datetime(2026, 1, 1, tzinfo=UTC)))
_MAKE_DUE = Statement(action_run.update().values(due_at=datetime(2026, 1, 1, tzinfo=UTC)))

PRINT_ARGUMENTS = """\
#!/bin/sh
printf '%s\\0' "$@"
"""


class Ledger:
    """A provenance database, the settings of its owner, and its outbox.

    :param folder: where programs are put.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.store = Store(url)
        self.settings = Settings(url, action_backoff_s=0.0)

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def program(self, name: str, text: str = PRINT_ARGUMENTS, *, allow: bool = True) -> str:
        """Make a program, which the owner allows, and return its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        if allow:
            self.allow(str(path))
        return str(path)

    def allow(self, *commands: str) -> None:
        """Let the owner allow commands besides those that are."""
        allowed = (*self.settings.allowed_commands, *commands)
        self.settings = replace(self.settings, allowed_commands=allowed)

    def record(self, **definition: Any) -> int:
        """Record something that a step made, and return its id."""
        made = add_record_for_action_step({"output_record_defs": definition})
        [record_id] = made["output_record_ids"]
        return int(record_id)

    def action(self, command: str, params: Any = None, kind: str = "shell") -> str:
        """Make an invalidation action, and return its id."""
        told = {"name": "tell", "action_type": kind, "command": command, "params": params}
        action_id: str = create_invalidation_action(told)["invalidation_action_id"]
        return action_id

    def change_params(self, action_id: str, text: str) -> None:
        """Put a text in the place of an action's parameters, as another program might."""
        self.change_action(action_id, params=text)

    def change_action(self, action_id: str, **columns: str) -> None:
        """Change an action in ways that no call would accept."""
        change = invalidation_action.update().values(**columns)
        change = change.where(invalidation_action.c.invalidation_action_id == action_id)
        self.store.write(lambda tx: tx.write(Statement(change), [()]))

    def owe(
        self,
        command: str,
        params: Any = None,
        *,
        kind: str = "shell",
        cause: str = "it was wrong",
        record: Mapping[str, Any] | None = None,
    ) -> int:
        """Owe one run of an action on a record, and return the recall's id."""
        action_id = self.action(command, params, kind)
        return self.owe_runs([self.record(**(record or {"name": "it"}))], action_id, cause=cause)

    def owe_runs(self, record_ids: Sequence[int], action_id: str, *, cause: str = "wrong") -> int:
        """Owe a run of an action for each of some records, and return the recall's id."""

        def work(tx: Transaction) -> int:
            [recall_id] = tx.new_ids(recall, 1)
            contents = [current_content(tx, record_id) for record_id in record_ids]
            row = (recall_id, uuid7(), contents[0], cause, False, True, None, tx.now) + (None,) * 3
            tx.write(_ADD_RECALL, [row])
            numbers = tx.new_ids(action_run, len(record_ids))
            rows = [
                (number, uuid7(), recall_id, action_id, record_id, content, "owed", 0, 0, tx.now)
                + (None,) * 5
                + (tx.now,)
                for number, record_id, content in zip(numbers, record_ids, contents, strict=True)
            ]
            tx.write(_ADD_RUN, rows)
            return recall_id

        return self.store.write(work, alone=True)

    def run(self, **options: Any) -> list[ActionOutcome]:
        """Run what is due."""
        return run_due(self.store, self.settings, **options)

    def run_one(self) -> ActionOutcome:
        """Run the one that is due."""
        [outcome] = self.run()
        return outcome

    def outcomes(self, recall_id: int) -> list[ActionOutcome]:
        """Return what the ledger tells of a recall's action runs."""
        return self.store.read(lambda tx: list_outcomes(tx, recall_id))

    def outcome(self, recall_id: int) -> ActionOutcome:
        """Return what the ledger tells of a recall's only action run."""
        [outcome] = self.outcomes(recall_id)
        return outcome

    def take_back_recalls(self) -> None:
        """Take all recalls back behind the outbox's back."""
        self.store.write(lambda tx: tx.write(_TAKE_BACK, [()]))

    def let_time_pass(self) -> None:
        """Make all that waits, and all that is running, due long ago."""
        self.store.write(lambda tx: tx.write(_MAKE_DUE, [()]))


def current_content(tx: Transaction, record_id: int) -> int:
    """Return the content that a record has now."""
    from braid_db.store.recording import GET_CURRENT

    return int(tx.rows(GET_CURRENT, record_id)[0][3])


def arguments_in(outcome: ActionOutcome) -> list[str]:
    """Return the arguments that a program was given, if it printed them."""
    assert outcome.output is not None
    return outcome.output.split("\ufffd")[:-1]


def as_json(value: Any) -> str:
    """Return JSON as other programs write it."""
    return json.dumps(value, ensure_ascii=False)
