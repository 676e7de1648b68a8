"""``braid-db statement list``: statements as a report of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import (
    CONTEXT,
    after_option,
    database_option,
    limit_option,
    needed_text_of,
    open_store,
)
from braid_db.model import Kind
from braid_db.views import RecordPage, RecordView

if TYPE_CHECKING:
    from braid_db.recall.views import InvalidInput
    from braid_db.records.search import Wanted
    from braid_db.store import Transaction

_HEADINGS = ("record", "verdict", "measured", "limit", "valid", "recorded (UTC)", "name")


@click.command("list", context_settings=CONTEXT)
@click.option(
    "--run",
    "run_id",
    metavar="RUN",
    callback=needed_text_of,
    help="Only statements made in this run.",
)
@click.option(
    "--where",
    metavar="CONDITION",
    help="Only statements that fit, as in: verdict = 'failed' and measured > 0.5.",
)
@limit_option
@after_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    show_default=True,
    help="How to answer: for people, for programs, or as JUnit XML for what reads test reports.",
)
@database_option
def list_command(
    run_id: str | None, where: str | None, limit: int | None, after: str | None, form: str
) -> None:
    """List statements as a report of tests, the newest first.

    The verdict, what was measured, its limit and unit are tags of these names. A statement with
    the verdict 'passed' or 'failed' is a test. In JUnit XML one that a recall reaches is an error,
    whatever it says, and one without a verdict is skipped.
    """
    from braid_db.records.search import Wanted

    wanted = Wanted(kinds=(Kind.STATEMENT,), run_id=run_id, where=where)
    page, causes = open_store().read(lambda tx: _read(tx, wanted, limit, after))
    if form == "json":
        as_json.say_json(as_json.records_json(page))
    elif form == "junit":
        from braid_db.exchange.junit import junit

        click.echo(junit(page.items, {one["record_id"]: one["cause"] for one in causes}), nl=False)
        text.note_next(page)
    else:
        text.say_table(_HEADINGS, [_cells(one) for one in page.items])
        text.note_next(page)


def _read(
    tx: Transaction, wanted: Wanted, limit: int | None, after: str | None
) -> tuple[RecordPage, list[InvalidInput]]:
    from braid_db.recall.causes import causes_of_views
    from braid_db.records.search import search

    page = search(tx, wanted, limit=limit, after=after)
    return page, causes_of_views(tx, page.items)


def _cells(statement: RecordView) -> tuple[str, ...]:
    told = {key: text.tag_text(value) for key, value in statement.tags.items()}
    unit = f" {told['unit']}" if "unit" in told else ""
    amounts = (f"{told[key]}{unit}" if key in told else "" for key in ("measured", "limit"))
    version = f" v{statement.version}" if statement.versions > 1 else ""
    return (
        f"{statement.record_id}{version}",
        *map(text.visible, (told.get("verdict", ""), *amounts)),
        text.valid(statement.valid),
        text.minute(statement.created_at),
        text.visible(statement.name),
    )
