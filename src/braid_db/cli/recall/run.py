"""``braid-db recall run``: starting the actions that recalls owe."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.errors import INTERRUPTED
from braid_db.cli.options import CONTEXT, answering, open_store, settings
from braid_db.cli.recall import answers, tables
from braid_db.model import ActionState

if TYPE_CHECKING:
    from braid_db.recall.outcomes import ActionOutcome

_WELL = (ActionState.DONE, ActionState.CANCELLED)


@click.command(context_settings=CONTEXT)
@click.argument("recall_id", metavar="[RECALL]", type=int, required=False)
@answering
@click.pass_context
def run(context: click.Context, recall_id: int | None, form: str) -> None:
    """Start all actions that are due, or those of RECALL, one after the other.

    Only commands that the database's owner has allowed are started. The others stay owed, and the
    answer says why. What fails is due again after a while: run this from time to time, by cron.
    Several may run at once, and each action is started by one of them.

    Exit code 1 if something was not allowed, has failed, or was interrupted.
    """
    from braid_db.recall.outbox import count_due, run_each

    store, outcomes, interrupted = open_store(), [], False
    due = store.read(lambda tx: count_due(tx, recall_id))
    try:
        with _progress(due) as advance:
            for outcome in run_each(store, settings(), recall_id=recall_id):
                outcomes.append(outcome)
                advance()
    except KeyboardInterrupt:
        interrupted = True
    _say(outcomes, form)
    if interrupted:
        text.note("Interrupted; the action that was running is marked so.")
        context.exit(INTERRUPTED)
    context.exit(0 if all(one.state in _WELL for one in outcomes) else 1)


def _say(outcomes: list[ActionOutcome], form: str) -> None:
    if form == "json":
        as_json.say_json({"action_runs": [answers.outcome_json(one) for one in outcomes]})
        return
    if outcomes:
        tables.say_outcomes(outcomes)
    states = Counter(one.state for one in outcomes)
    counted = [f"{states[one]:,} {tables.STATES[one]}" for one in ActionState if one in states]
    text.note(f"{', '.join(counted)}." if counted else "No action is due.")


@contextmanager
def _progress(due: int) -> Iterator[Callable[[], None]]:
    """Give what counts an action that is over; on a terminal it is shown how far they are."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("actions", total=due)
        yield lambda: progress.advance(task)
