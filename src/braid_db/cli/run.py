"""``braid-db run``: the executions of flows that are recorded."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, after_option, answering, limit_option, open_store
from braid_db.views import RunView

_RUN = ("run", "flow", "started by", "recorded (UTC)", "records")


@click.group(context_settings=CONTEXT)
def run() -> None:
    """Show runs of flows."""


@run.command("list")
@limit_option
@answering
def list_command(limit: int | None, form: str) -> None:
    """List runs, the newest first."""
    from braid_db.records.views import list_runs

    page = open_store().read(lambda tx: list_runs(tx, limit))
    if form == "json":
        as_json.say_json(as_json.runs_json(page))
        return
    text.say_table(_RUN, [_cells(one) for one in page.items])
    text.note_hidden(page, "runs")


@run.command()
@click.argument("run_id", metavar="RUN")
@limit_option
@after_option
@answering
def show(run_id: str, limit: int | None, after: str | None, form: str) -> None:
    """Show RUN and the records that were made in it, the newest first."""
    from braid_db.records.search import Wanted, search
    from braid_db.records.views import get_run

    wanted = Wanted(run_id=run_id)
    one, page = open_store().read(
        lambda tx: (get_run(tx, run_id), search(tx, wanted, after=after, limit=limit))
    )
    if form == "json":
        as_json.say_json({"run": as_json.run_json(one), **as_json.records_json(page)})
        return
    text.say(text.aligned(zip(_RUN, _known(one), strict=True)))
    text.say([""])
    text.say_table(text.SUMMARY, [text.summary(record) for record in page.items])
    text.note_next(page)


def _known(run: RunView) -> tuple[str | None, ...]:
    recorded = text.minute(run.created_at)
    return run.run_id, run.flow_id, run.started_by, recorded, str(run.records)


def _cells(run: RunView) -> list[str]:
    return [text.visible(cell or "") for cell in _known(run)]
