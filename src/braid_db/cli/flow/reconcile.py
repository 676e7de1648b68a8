"""``braid-db flow reconcile``: records what ran in runs, from their logs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, identity_rules, open_store
from braid_db.cli.progress import progress

if TYPE_CHECKING:
    from braid_db.flows.reconciling import Outcome
    from braid_db.flows.reconciling.runs import Record

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("reconcile", context_settings=CONTEXT)
@click.argument("log", metavar="LOGFILE", type=_FILE)
@click.option(
    "--definition",
    type=_FILE,
    help="The flow's definition: it tells what was made of what, and what is private.",
)
@click.option("--run-id", metavar="ID", help="Of which run it is, where it does not say so itself.")
@answering
def reconcile_command(log: Path, definition: Path | None, run_id: str | None, form: str) -> None:
    """Record what ran in a run, from its log.

    LOGFILE holds the log of a run, as the service gives it or 'flow run --log' writes it. What
    ran is recorded with its input, result and times, and linked as an instrumented flow would have
    done; what has a record already is left as it is, so that doing it again changes nothing.
    """
    from braid_db.flows.reconciling import log_in_file, reconcile
    from braid_db.flows.run_input import read_definition

    known = None if definition is None else read_definition(definition)
    if known is None:
        text.note(
            "Without --definition the order of the actions is recorded, and not what was made of "
            "what; a run that was recorded so stays so."
        )
    with progress("Reconciling"):
        outcome = reconcile(log_in_file(log, known, run_id=run_id), _recording())
    _show([outcome], form)


def _recording() -> Record:
    """Return what records a run in the database, which is made where there is none."""
    from braid_db.steps.run_log import complete_flow_run

    store, rules = open_store(create=True), identity_rules()
    return lambda told: complete_flow_run(store, rules, told.run, told.steps)


def _show(outcomes: Sequence[Outcome], form: str) -> None:
    if form == "json":
        as_json.say_json({"runs": [_as_json(one) for one in outcomes]})
    else:
        text.say(_line(one) for one in outcomes if one.error is None)
    for one in outcomes:
        for warning in one.warnings:
            text.note(text.visible(f"{one.run_id}: {warning}"))
        if one.error is not None:
            text.note(text.visible(f"Error: {one.run_id}: {one.error}"))
    if any(one.error for one in outcomes):
        sys.exit(1)


def _as_json(outcome: Outcome) -> dict[str, object]:
    return {
        "run_id": outcome.run_id,
        "records": outcome.records,
        "new": outcome.new,
        "warnings": outcome.warnings,
        "error": None if outcome.error is None else str(outcome.error),
    }


def _line(outcome: Outcome) -> str:
    """Return what came of a run as one line."""
    new = f": {_few(outcome.new)}" if outcome.new else ""
    return text.visible(
        f"Run {outcome.run_id}: {len(outcome.records):,} actions ran, "
        f"{len(outcome.new):,} of them recorded now{new}"
    )


def _few(record_ids: list[int]) -> str:
    more = f" and {len(record_ids) - _SHOWN:,} more" if len(record_ids) > _SHOWN else ""
    return ", ".join(map(str, record_ids[:_SHOWN])) + more


_SHOWN = 20
"""How many records a line names."""
