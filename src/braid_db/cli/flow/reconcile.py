"""``braid-db flow reconcile``: records what ran in runs, from their logs."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.files import READ_FILE
from braid_db.cli.options import CONTEXT, answering, identity_rules, open_store, time_of
from braid_db.cli.progress import progress
from braid_db.errors import BraidError, InvalidArgument

if TYPE_CHECKING:
    from braid_db.flows.reconciling import Outcome
    from braid_db.flows.reconciling.runs import Record


_AGE = re.compile(r"(\d+)([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _since(context: click.Context, option: click.Parameter, told: str | None) -> datetime | None:
    """Return a moment, told as such or by how long it is ago."""
    age = _AGE.fullmatch(told or "")
    if age is None:
        try:
            return time_of(context, option, told)
        except BraidError:
            expected = "a time such as 2026-03-01T12:00Z, or an age such as 90m, 12h, 3d or 2w"
            raise InvalidArgument("--since", f"{told!r}", expected) from None
    try:
        return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
    except OverflowError:
        raise click.BadParameter(f"{told!r} is before all times.") from None


@click.command("reconcile", context_settings=CONTEXT)
@click.argument("run", metavar="[RUN_ID|LOGFILE]", required=False)
@click.option(
    "--definition",
    type=READ_FILE,
    help="For a LOGFILE: the flow's definition, which tells what was made of what, and what is "
    "private.",
)
@click.option(
    "--run-id", metavar="ID", help="For a LOGFILE that does not say of which run it is: the run."
)
@click.option("--flow", "flow_id", type=click.UUID, help="All runs of this flow, in their order.")
@click.option(
    "--since",
    metavar="TIME",
    callback=_since,
    help="Only runs of --flow that began then or later: a time, in UTC where no zone is named, or "
    "an age such as 12h, 3d or 2w.",
)
@answering
def reconcile_command(
    run: str | None,
    definition: Path | None,
    run_id: str | None,
    flow_id: uuid.UUID | None,
    since: datetime | None,
    form: str,
) -> None:
    """Record what ran in a run, from its log, or in all runs of a flow.

    RUN_ID is a run of Globus Flows, of which you need to be no more than a monitor; LOGFILE holds
    the log of one, as the service gives it or 'flow run --log' writes it.

    What ran is recorded with its input, result and times, and linked as an instrumented flow would
    have done; what has a record already is left as it is, so that doing it again changes nothing.

    For a cron job: braid-db flow reconcile --flow FLOW_ID --since 3d. The fault of one run does
    not stop the others; the exit code is then 1. Let the time be longer than your runs go on.
    """
    if (run is None) == (flow_id is None):
        raise click.UsageError("Give a RUN_ID, a LOGFILE, or --flow with a flow's id.")
    if since is not None and flow_id is None:
        raise click.UsageError("--since chooses among the runs of --flow.")
    is_file = run is not None and (Path(run).is_file() or not _is_uuid(run))
    log_file = READ_FILE.convert(run or "", None, None) if is_file else None
    if not is_file and (definition is not None or run_id is not None):
        raise click.UsageError(
            "--definition and --run-id are for a LOGFILE: the service tells both."
        )
    with progress("Reconciling") as show:
        if flow_id is not None:
            outcomes = _all_runs(str(flow_id), since, show)
        else:
            outcomes = [_one_run(str(run), log_file, definition, run_id)]
    _show(outcomes, form)


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _one_run(
    run: str, log_file: Path | None, definition: Path | None, run_id: str | None
) -> Outcome:
    from braid_db.flows.reconciling import log_in_file, log_of_run, reconcile
    from braid_db.flows.run_input import read_definition
    from braid_db.flows.service import FlowsService

    if log_file is None:
        return reconcile(log_of_run(FlowsService(), run), _recording())
    known = None if definition is None else read_definition(definition)
    log = log_in_file(log_file, known, run_id=run_id)
    if known is None:
        text.note(
            "Without --definition the order of the actions is recorded, and not what was made of "
            "what; a run that was recorded so stays so."
        )
    return reconcile(log, _recording())


def _all_runs(flow_id: str, since: datetime | None, show: Callable[[str], None]) -> list[Outcome]:
    from braid_db.flows.reconciling import logs_of_flow, reconcile_all
    from braid_db.flows.service import FlowsService

    logs = logs_of_flow(FlowsService(), flow_id, since)
    if not logs:
        text.note("No runs.")
        return []
    return reconcile_all(logs, _recording(), show)


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
